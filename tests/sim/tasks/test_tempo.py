"""A gesture's tempo is read from its turning points, and the error tells how far off it is."""

import numpy as np
import pytest

from sim.tasks import ALL_TASKS
from sim.tasks.judge import Judge
from sim.tasks.tempo import FAST_HZ, SLOW_HZ, TOLERANCE, tempo_hz
from tests.sim.test_tasks import trace

TASK = ALL_TASKS["tempo"]


def swing(hz, axis=1, amplitude=0.15, ticks=75):
    pose = np.zeros((ticks, 9))
    pose[:, axis] = amplitude * np.sin(2 * np.pi * hz * 0.02 * np.arange(ticks))
    return trace(pose)


def spec_that_says(words):
    rng = np.random.default_rng(0)
    while True:
        spec = TASK.reset(rng)
        if spec.instruction == words:
            return spec


@pytest.mark.parametrize("hz", [1.0, 1.25, 2.0, 2.5])
def test_the_tempo_of_a_sine(hz):
    values = np.sin(2 * np.pi * hz * 0.02 * np.arange(150))
    assert tempo_hz(values, 0.5) == pytest.approx(hz, rel=0.03)


@pytest.mark.parametrize(
    "values", [np.zeros(0), np.zeros(50), np.linspace(0, 1, 50), np.sin(np.arange(50) / 12)]
)
def test_less_than_three_turning_points_have_none(values):
    assert tempo_hz(values, 0.5) == 0.0


@pytest.mark.parametrize(
    ("words", "axis", "hz"),
    [("nod slowly", 1, SLOW_HZ), ("nod fast", 1, FAST_HZ), ("shake your head quickly", 2, FAST_HZ)],
)
def test_at_the_wanted_tempo_it_succeeds_and_else_by_how_much_it_fails(words, axis, hz):
    spec = spec_that_says(words)
    right = Judge(spec).step(*swing(hz, axis))
    assert right.success
    assert right.info["measure"] <= TOLERANCE
    for other in (0.7 * hz, 1.4 * hz):
        wrong = Judge(spec).step(*swing(other, axis))
        assert (wrong.terminated, wrong.success) == (True, False)
        assert wrong.info["measure"] == pytest.approx(abs(other - hz) / hz, abs=0.08)


def test_the_nearer_the_less_it_costs():
    spec = spec_that_says("nod fast")
    costs = [Judge(spec).step(*swing(FAST_HZ * share)).reward for share in (0.6, 0.8, 0.88, 1.0)]
    assert costs == sorted(costs)
    assert costs[0] < costs[2] < 0 < costs[3]


def test_another_gesture_fails_whatever_its_tempo():
    verdict = Judge(spec_that_says("nod slowly")).step(*swing(SLOW_HZ, axis=2))
    assert verdict.info["event"] == "shake"
    assert np.isnan(verdict.info["measure"])


def test_a_gesture_over_several_decisions_has_the_same_tempo():
    spec = spec_that_says("nod fast")
    joints, head = swing(FAST_HZ)
    whole, parts = Judge(spec).step(joints, head), Judge(spec)
    found = [parts.step(joints[i : i + 10], head[i : i + 10]) for i in range(0, 70, 10)]
    end = next(verdict for verdict in found if verdict.terminated)
    assert end.info["measure"] == whole.info["measure"]
