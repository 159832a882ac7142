"""The observation's slots hold what they say, in physical units, and are finite whatever is measured."""

from dataclasses import replace

import numpy as np

from shared.control.body import BodyState
from shared.control.observe import BIG, observe_task
from shared.spaces import OBS_DIM, slot_range
from sim.tasks import TASKS

STATE = BodyState(
    time_s=0.0,
    joint_pos=np.arange(9) * 0.1,
    joint_vel=np.arange(9) * 0.2,
    head_pos=np.array([0.001, 0.002, 0.003]),
    head_quat=np.array([np.cos(0.1), 0.0, 0.0, np.sin(0.1)]),
    imu_accel=np.array([0.0, 0.0, 9.81]),
    imu_gyro=np.zeros(3),
    target=np.arange(9) * 0.3,
)
SPEC = TASKS["look"].reset(np.random.default_rng(0))
DETECTIONS = np.arange(64, dtype=np.float32) / 64


def test_slots():
    obs = observe_task(STATE, SPEC, DETECTIONS, step=3)
    assert obs.shape == (OBS_DIM,)
    assert obs.dtype == np.float32
    np.testing.assert_allclose(obs[slot_range("joint_pos")], STATE.joint_pos, atol=1e-6)
    np.testing.assert_allclose(obs[slot_range("head_rpy")], [0, 0, 0.2], atol=1e-6)
    np.testing.assert_allclose(obs[slot_range("applied_target")], STATE.target, atol=1e-6)
    np.testing.assert_array_equal(obs[slot_range("detections")], DETECTIONS)
    np.testing.assert_array_equal(obs[slot_range("tool_match")], SPEC.tool_match)
    np.testing.assert_array_equal(obs[slot_range("instruction")], SPEC.embedding)
    assert obs[slot_range("episode_progress")] == np.float32(3 / SPEC.max_decisions)
    assert obs[slot_range("last_end_ok")] == 1.0


def test_always_finite():
    broken = replace(STATE, joint_vel=np.array([np.nan, np.inf, -np.inf, 1e30, 0, 0, 0, 0, 0]))
    obs = observe_task(broken, SPEC, DETECTIONS, step=0)
    assert np.isfinite(obs).all()
    assert np.abs(obs).max() <= BIG
    assert obs[slot_range("joint_vel")][0] == 0.0
