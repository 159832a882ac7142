"""The shipped calibration notices faults and lets clean time pass; the figures are `bench ood`'s."""

import numpy as np
import pytest

from learner import bench_ood as bench
from learner.bench_ood import LOOK_SEED, OTHER_STARTS, bench_ood, clean_figures, fault_figures
from learner.evaluation import wilson
from learner.rl import ood
from shared.control.ood import OodDetector, pack_ood, unpack_ood
from shared.spaces import slot_range
from sim.faults import FAULTS
from sim.traces import BODIES, Robots


def test_faults_are_noticed_within_ten_ticks():
    """Every kind a few times; the bench plays more of them."""
    figures = fault_figures(ood.stats(), 16, ["robot"])
    assert set(figures["kinds"]) == set(FAULTS)
    assert figures["together"]["noticed"] >= 0.95, figures["kinds"]
    assert figures["together"]["injected"] == 16 * len(FAULTS)


def test_shares_count_what_was_noticed_in_time_of_the_felt_and_of_all():
    """Of four streams two have a joint that jumps by 0.5 rad at once, one after 40 ticks, one is healthy."""
    robots = Robots(4, LOOK_SEED, BODIES["robot"])
    clean = robots.trace(bench._LENGTH)
    robots.close()
    faulty, first = clean.copy(), slot_range("joint_pos").start
    for stream, begin in ((0, 0), (1, 0), (2, 40)):
        faulty[stream, bench._AT + begin :, first] += 0.5
    detector, waits = OodDetector(ood.stats(), 4), []
    for tick in range(bench._AT):
        detector.scores(clean[:, tick])
    counts = bench.judge(detector, clean, faulty, waits)
    assert dict(zip(bench._COUNTED, counts.tolist(), strict=True)) == {
        "noticed": 3,
        "felt": 3,
        "at once": 2,
        "ever": 3,
        "injected": 4,
    }
    assert len(waits) == 3
    assert max(waits) <= bench.WITHIN_TICKS
    shares = bench._shares(counts)
    assert shares["noticed"] == 1.0
    assert shares["of_all_within_4_s"] == 0.75
    assert shares["of_all_at_once_95"] == pytest.approx(wilson(2, 4), abs=1e-4)


@pytest.mark.slow
def test_faults_are_noticed_on_every_body():
    figures = fault_figures(ood.stats(), 256)
    assert figures["together"]["noticed"] >= 0.95, figures["kinds"]


def test_clean_time_passes(monkeypatch):
    monkeypatch.setattr(bench, "_STREAMS", 16)
    monkeypatch.setattr(bench, "_TICKS", 500)
    figures = clean_figures(ood.stats(), 0.0, ["simulated"])
    assert figures["false_alarms"] == 0, figures


def test_a_new_instruction_is_no_fault():
    """Text that no training ever saw, changed on every tick, does not change a score."""
    robots = Robots(2, LOOK_SEED, BODIES["training"], "held_out", OTHER_STARTS)
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
    assert figures["faults"]["together"]["noticed"] >= 0.95
