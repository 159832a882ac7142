"""The shipped calibration notices faults and lets clean time pass; the figures are `bench ood`'s."""

import numpy as np
import pytest

from learner.bench_ood import OTHER_STARTS, SEED, bench_ood, clean_figures, fault_figures
from learner.rl import ood
from shared.control.ood import OodDetector, pack_ood, unpack_ood
from shared.spaces import slot_range
from sim.traces import BODIES, Robots


def test_faults_are_noticed_within_ten_ticks():
    """Every kind a few times; the bench plays more of them."""
    figures = fault_figures(ood.stats(), 16, ["robot"])
    assert figures["all"] >= 0.95, figures["within_10_ticks"]


@pytest.mark.slow
def test_faults_are_noticed_on_every_body():
    figures = fault_figures(ood.stats(), 256)
    assert figures["all"] >= 0.95, figures["within_10_ticks"]


def test_clean_time_passes():
    figures = clean_figures(ood.stats(), 0.0, ["simulated"])
    assert figures["false_alarms"] == 0, figures


def test_a_new_instruction_is_no_fault():
    """Text that no training ever saw, changed on every tick, does not change a score."""
    robots = Robots(2, SEED, BODIES["training"], "held_out", OTHER_STARTS)
    obs = robots.trace(120)
    robots.close()
    other, rng = obs.copy(), np.random.default_rng(0)
    for name in ("instruction", "tool_match", "episode_progress", "last_end_ok"):
        part = other[..., slot_range(name)]
        part[:] = rng.normal(0.0, 5.0, part.shape)
    seen = other[..., slot_range("detections")].reshape(2, 120, 8, 8)
    seen[..., 4] = 7.0
    seen[..., 6:] = rng.normal(size=(2, 120, 8, 2))
    other[..., slot_range("detections")] = seen.reshape(2, 120, 64)
    one, two = OodDetector(ood.stats(), 2), OodDetector(ood.stats(), 2)
    for tick in range(120):
        np.testing.assert_array_equal(one.scores(obs[:, tick]), two.scores(other[:, tick]))


def test_calibration_covers_what_it_saw(monkeypatch):
    monkeypatch.setattr(ood, "_STREAMS", 4)
    monkeypatch.setattr(ood, "_TICKS", 150)
    lines = []
    found = ood.calibrate(hours=0.0, say=lines.append)
    assert [line.split(":")[0] for line in lines] == list(BODIES)
    assert unpack_ood(pack_ood(found)).hours[0] == pytest.approx(4 * 4 * 150 / 180000)
    robots = Robots(4, 0, BODIES["simulated"])
    obs = robots.trace(150)
    robots.close()
    detector = OodDetector(found, 4)
    assert max(detector.scores(obs[:, tick]).max() for tick in range(150)) < 1.0


def test_the_shipped_calibration_is_of_hours():
    assert ood.stats().hours[0] >= 1.0
    assert len(b"".join(pack_ood(ood.stats()).values())) < 4096


@pytest.mark.slow
def test_the_bench():
    figures = bench_ood(quick=True)
    assert figures["clean"]["false_alarms_per_h"] <= 1.0
    assert figures["faults"]["all"] >= 0.95
