"""The table of promises."""

import pytest

from learner.reward.evaluate.targets import TARGETS, Target, bounds, miss, verdicts, within


@pytest.mark.parametrize(
    ("target", "value", "kept", "off", "told"),
    [
        (Target("a", "", (), "measured", low=0.85, strict=True), 0.85, False, 0.0, "> 0.85"),
        (Target("a", "", (), "measured", low=0.85, strict=True), 0.851, True, 0.0, "> 0.85"),
        (Target("a", "", (), "measured", low=0.82), 0.82, True, 0.0, "≥ 0.82"),
        (Target("a", "", (), "measured", low=0.82), 0.80, False, 0.02, "≥ 0.82"),
        (Target("a", "", (), "measured", high=0.1, strict=True), 0.1, False, 0.0, "< 0.1"),
        (Target("a", "", (), "measured", high=10.0, unit="ms"), 12.5, False, 2.5, "≤ 10 ms"),
        (Target("a", "", (), "measured", low=0.87, high=0.93), 0.95, False, 0.02, "0.87 to 0.93"),
        (Target("a", "", (), "measured", low=0.87, high=0.93), 0.93, True, 0.0, "0.87 to 0.93"),
    ],
)
def test_bounds(target, value, kept, off, told):
    assert within(target, value) == kept
    assert miss(target, value) == pytest.approx(off)
    assert bounds(target) == told


def part(r, low, high):
    return {"pools": {"human": {"figures": {"pearson": {"value": r, "low": low, "high": high}}}}}


def by_name(models, default):
    return {row["name"]: row for row in verdicts(models, default)}


def test_verdicts_say_by_how_much_and_how_sure():
    rows = by_name({"ours": part(0.8, 0.79, 0.83), "big": part(0.88, 0.87, 0.89)}, "ours")
    assert rows["default-r"]["status"] == "missed"
    assert rows["default-r"]["missed_by"] == pytest.approx(0.02)
    assert not rows["default-r"]["certain"], "the interval reaches the target"
    assert rows["best-r"]["status"] == "met"
    assert rows["best-r"]["model"] == "big"
    assert rows["best-r"]["certain"]


def test_the_default_alone_must_keep_its_targets():
    rows = by_name({"ours": part(0.8, 0.79, 0.81), "big": part(0.9, 0.89, 0.91)}, "ours")
    assert (rows["default-r"]["status"], rows["default-r"]["model"]) == ("missed", "ours")
    assert rows["default-r"]["certain"]


def test_a_figure_without_an_interval_is_never_certain():
    rows = by_name({"ours": {"cost": {"single_ms": {"p95": 4.0}, "batch_per_s_on_all_cores": 200.0}}}, "ours")
    assert rows["latency"]["status"] == "met"
    assert not rows["latency"]["certain"]
    assert rows["throughput"]["missed_by"] == pytest.approx(100.0)
    assert rows["memory"]["status"] == "not measured"


def test_an_interval_over_both_bounds_leaves_doubt():
    coverage = {"value": 0.85, "low": 0.7, "high": 0.96}
    rows = by_name({"ours": {"pools": {"robot": {"figures": {"coverage": coverage}}}}}, "ours")
    assert rows["coverage-robot"]["missed_by"] == pytest.approx(0.02)
    assert not rows["coverage-robot"]["certain"]


def test_every_target_has_a_bound_and_a_name_of_its_own():
    assert all(t.low is not None or t.high is not None for t in TARGETS)
    assert len({t.name for t in TARGETS}) == len(TARGETS)
