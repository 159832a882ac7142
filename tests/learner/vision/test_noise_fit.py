"""The fit finds again what errors were made with."""

import numpy as np
import pytest

from learner.vision.evaluate import Look, figures, targets
from learner.vision.matching import match
from learner.vision.noise_fit import fit
from shared.control.vision import causes
from shared.errors import ConfigError
from shared.sight.detections import DETECTION
from sim.truths import MAX_TRUTHS, TRUTH


def looks(n, miss=0.2, dim_more=3.0, spread=0.004, false=0.5, seed=0):
    """Frames of four things; missed more often in dim light; some false alarms of other names."""
    rng = np.random.default_rng(seed)
    out = []
    for i in range(n):
        light = 0.1 if i % 2 else 0.6
        truth = np.zeros(MAX_TRUTHS, TRUTH)
        truth["name"] = -1
        seen = []
        for k in range(4):
            u, v, size = -0.8 + 0.5 * k, float(rng.uniform(-0.5, 0.5)), float(rng.uniform(0.03, 0.08))
            truth[k] = (k, True, u, v, size, (u - 0.1, v - 0.1, u + 0.1, v + 0.1))
            _, dim, _ = causes(*(np.array([x]) for x in (u, v, size)), light)
            odds = np.log(miss / (1 - miss)) + dim_more * dim[0]
            if rng.random() >= 1.0 / (1.0 + np.exp(-odds)):
                off = rng.normal(0.0, [spread, 2.0 * spread])
                grown = size * (1.0 + 0.1 * rng.normal())
                box = (u - 0.1, v - 0.1, u + 0.1, v + 0.1)
                seen.append((k, u + off[0], v + off[1], grown, 0.8 - 0.3 * dim[0], box))
        if rng.random() < false:
            seen.append((9, 0.0, 0.9, 0.05, 0.4, (0, 0, 0.1, 0.1)))
        found = np.array(sorted(seen, key=lambda s: -s[4]), DETECTION)
        there = truth[truth["name"] >= 0]
        out.append(
            Look(np.zeros((4, 4, 3), np.uint8), light < 0.2, light, found, there, match(found, truth, 18))
        )
    return out


def test_the_fit_finds_the_numbers_again():
    found = fit(looks(1500), threshold=0.3)
    assert found.miss[0] == pytest.approx(np.log(0.25), abs=0.15)
    assert found.miss[2] == pytest.approx(3.0, abs=0.4)
    assert np.exp(found.centre[0]) == pytest.approx(0.004, rel=0.1)
    assert found.v_over_u == pytest.approx(2.0, rel=0.1)
    assert np.exp(found.size[0]) == pytest.approx(0.1, rel=0.1)
    assert found.tail < 0.01
    assert found.confidence[0] == pytest.approx(0.8, abs=0.01)
    assert found.confidence[2] == pytest.approx(-0.3, abs=0.02)
    assert found.confidence_spread < 0.01
    assert found.false_alarm == pytest.approx(0.5 / 18, abs=0.004)
    assert found.least_confidence == 0.3


def test_too_little_to_say_anything():
    with pytest.raises(ConfigError, match="at least"):
        fit(looks(3), 0.3)


def test_a_detector_that_misses_nothing_still_gets_finite_odds():
    found = fit(looks(200, miss=1e-9), 0.3)
    assert np.isfinite(found.miss).all()
    assert found.miss[0] < -3.0


def test_figures_by_hand():
    some = looks(120, dim_more=0.0)
    found = figures(some, 18)
    wanted = sum(int(one.match.found.sum()) for one in some)
    assert found["all"]["n"] == 480
    assert found["all"]["recall"]["value"] == pytest.approx(wanted / 480)
    assert found["all"]["false_alarms_per_frame"] == pytest.approx(0.5, abs=0.15)
    assert found["bright"]["frames"] == found["dim"]["frames"] == 60
    assert sum(row["n"] for row in found["by_size"]) == 480
    assert found["by_name"]["rubber duck"]["n"] == 120
    assert found["unknown_things"] is None
    rows = targets(found, {"frame_ms": {"p50": 20.0}})
    assert [row["met"] for row in rows] == [True, False, False, False]


def test_unknown_things_are_counted_by_what_they_were_taken_for():
    some = looks(100, miss=0.5, dim_more=0.0)
    strangers = []
    for one in some:
        truth = one.truth.copy()
        truth["name"][truth["name"] == 3] = 17
        full = np.zeros(MAX_TRUTHS, TRUTH)
        full["name"] = -1
        full[: len(truth)] = truth
        matched = match(one.match.seen, full, 13)
        strangers.append(Look(one.frame, one.dim, one.brightness, one.all_seen, truth, matched))
    found = figures(strangers, 13)
    told = found["unknown_things"]
    assert told["n"] == 100
    assert set(told["told"]["pencil"]) == {"nothing", "red ball"}
    assert told["taken_for_something"] == pytest.approx(0.5, abs=0.15)
    assert found["all"]["n"] == 300
