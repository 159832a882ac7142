"""Traces are what a robot would have seen; faults leave alone what comes before them."""

import numpy as np
import pytest

from shared.control.kinematics import forward
from shared.control.rotations import matrix_to_rpy
from shared.spaces import TICK_S, slot_range
from sim.faults import AGE_TICKS, FAULTS, FELT_OF_TEN, SLOTS, felt
from sim.traces import BODIES, Robots

AT = 60
N, TICKS = 6, 220
POS, VEL, RPY = slot_range("joint_pos"), slot_range("joint_vel"), slot_range("head_rpy")


@pytest.fixture(scope="module")
def clean():
    """Observations (6, 220, 512) of the MuJoCo body."""
    robots = Robots(N, 3, BODIES["simulated"])
    yield np.concatenate([robots.trace(TICKS // 2), robots.trace(TICKS // 2)], axis=1)
    robots.close()


def test_traces_are_finite_and_move_without_a_jump(clean):
    assert clean.shape == (N, TICKS, 512)
    assert np.isfinite(clean).all()
    assert np.ptp(clean[..., POS], axis=1).max(axis=1).min() > 0.02
    assert np.abs(np.diff(clean[..., POS], axis=1)).max() < 6.5 * TICK_S * 2


def test_traces_agree_with_kinematics(clean):
    rows = clean[:, 5::20].reshape(-1, 512).astype(np.float64)
    _, R = forward(rows[:, POS])
    np.testing.assert_allclose(matrix_to_rpy(R), rows[:, RPY], atol=0.03)


def test_the_same_seed_gives_the_same_trace():
    twice = []
    for _ in range(2):
        robots = Robots(2, 7, BODIES["robot"])
        twice.append(robots.trace(30))
        robots.close()
    np.testing.assert_array_equal(*twice)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_a_copy_that_differs_from_its_tick_on(clean, name):
    before = clean.copy()
    faulty = FAULTS[name](clean, AT, np.random.default_rng(0))
    np.testing.assert_array_equal(clean, before)
    np.testing.assert_array_equal(faulty[:, :AT], clean[:, :AT])
    assert (faulty[:, AT:] != clean[:, AT:]).any()
    for text in ("tool_match", "instruction", "applied_target"):
        np.testing.assert_array_equal(faulty[..., slot_range(text)], clean[..., slot_range(text)])
    assert not felt(clean, faulty)[:, :AT].any()


def test_a_delay_repeats_what_was_and_a_swap_loses_nothing(clean):
    late = FAULTS["delayed joints"](clean, AT, np.random.default_rng(0))
    joints = SLOTS["joints"]
    assert (late[:, AT, joints] == clean[:, AT - 1, joints]).all()
    for i in range(N):
        ends = [np.array_equal(late[i, -1, joints], clean[i, -1 - d, joints]) for d in range(9, 31)]
        assert any(ends)
    swapped = FAULTS["swapped joints"](clean, AT, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(swapped[..., POS], axis=2), np.sort(clean[..., POS], axis=2))
    np.testing.assert_array_equal(np.sort(swapped[..., VEL], axis=2), np.sort(clean[..., VEL], axis=2))


def test_what_a_healthy_sensor_could_read_is_not_felt(clean):
    slightly = clean.copy()
    slightly[:, AT:, POS] += 0.009
    assert not felt(clean, slightly).any()
    late = clean.copy()
    late[:, AGE_TICKS:] = clean[:, :-AGE_TICKS]
    late[..., slot_range("detections")] = clean[..., slot_range("detections")]
    assert not felt(clean, late).any()


def test_an_error_is_felt_from_its_first_tick_if_it_stays(clean):
    still = np.repeat(clean[:, :1], TICKS, axis=1)
    wrong = still.copy()
    wrong[0, AT:, POS.start] += 0.012
    wrong[1, AT : AT + FELT_OF_TEN - 1, POS.start] += 0.012
    wrong[2, AT : AT + 2 * FELT_OF_TEN : 2, POS.start] += 0.012
    found = felt(still, wrong)
    assert found[0, AT : TICKS - 10].all()
    assert not found[0, :AT].any()
    assert not found[1].any(), "too short"
    assert np.flatnonzero(found[2]).tolist() == [AT], "every other tick is enough, for five of ten"
    assert not found[3:].any()
