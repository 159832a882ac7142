import numpy as np
import pytest

from learner.rl.mirror import JOINT_ORDER, JOINT_SIGN, mirror_obs, mirror_params
from shared.control.kinematics import inverse
from shared.control.motions import plan
from shared.spaces import OBS_DIM
from shared.tools import MAX_TICKS, TOOLS


def test_twice_in_the_mirror_is_the_original():
    rng = np.random.default_rng(0)
    obs = rng.normal(size=(4, OBS_DIM)).astype(np.float32)
    np.testing.assert_array_equal(mirror_obs(mirror_obs(obs)), obs)
    tool, params = np.arange(20), rng.normal(size=(20, 4)).astype(np.float32)
    np.testing.assert_array_equal(mirror_params(tool, mirror_params(tool, params)), params)


def test_the_mirrored_pose_has_the_mirrored_joints():
    rng = np.random.default_rng(1)
    pos = rng.uniform(-0.004, 0.004, (50, 3))
    rpy = rng.uniform(-0.2, 0.2, (50, 3))
    body = rng.uniform(-0.3, 0.3, 50)
    joints = np.concatenate([body[:, None], inverse(pos, rpy, body), np.zeros((50, 2))], axis=1)
    mirrored = np.concatenate(
        [-body[:, None], inverse(pos * [1, -1, 1], rpy * [-1, 1, -1], -body), np.zeros((50, 2))], axis=1
    )
    np.testing.assert_allclose(mirrored, joints[:, JOINT_ORDER] * JOINT_SIGN, atol=2e-3)


# These begin on a side of their own; in the mirror they begin on the other one.
ONE_SIDED = ("shake", "wobble", "sway", "wave_antennas")


@pytest.mark.parametrize("tool", [t.name for t in TOOLS if t.name not in ONE_SIDED])
def test_the_mirrored_call_makes_the_mirrored_motion(tool):
    index = np.full(8, next(i for i, t in enumerate(TOOLS) if t.name == tool))
    rng = np.random.default_rng(2)
    params = rng.uniform(-0.8, 0.8, (8, 4)).astype(np.float32)
    rpy, body = rng.uniform(-0.08, 0.08, (8, 3)), rng.uniform(-0.1, 0.1, 8)
    antennas = rng.uniform(-0.3, 0.3, (8, 2))
    start = np.concatenate([body[:, None], inverse(np.zeros((8, 3)), rpy, body), antennas], axis=1)
    motion = plan(index, params, start)
    image = plan(index, mirror_params(index, params), start[:, JOINT_ORDER] * JOINT_SIGN)
    assert motion.shape == (8, MAX_TICKS, 9)
    np.testing.assert_allclose(image, motion[:, :, JOINT_ORDER] * JOINT_SIGN, atol=5e-3)
