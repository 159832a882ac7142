"""Names of tasks as they are typed: apart by spaces or by commas."""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import ConfigError


def task_names(typed: Sequence[str]) -> tuple[str, ...]:
    """The names, in their order, repeats kept.

    Raises:
        UnknownTask: there is no such task; names the nearest and all.
        ConfigError: no name at all.
    """
    from sim.tasks import task_named

    names = tuple(name for part in typed for name in part.replace(",", " ").split())
    if not names:
        raise ConfigError("no task named; `reachy-coach tasks list` shows what there is")
    for name in names:
        task_named(name)
    return names
