"""What all tests share: the `--slow` option and hypothesis without deadlines (timings are for benches)."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("coach", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("coach")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="also run the tests that take minutes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="minutes long; runs with --slow")
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(skip)
