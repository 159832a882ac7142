"""What each tool does to the simulated body, measured: where its parameters say, and nowhere else."""

import numpy as np
import pytest

from shared.control.motions import YAW, X, Z, physical_params, pose_of
from shared.control.rotations import matrix_to_rpy, quat_to_matrix
from shared.control.vision import gaze_angle
from shared.spaces import NUM_PARAMS
from shared.tools import TOOL_INDEX, TOOLS
from sim.tasks.gestures import CHANNELS
from sim.vector import EXACT_DOMAIN, VectorEnv
from tests.sim.effects import AXES, NEAR, SWINGS, pose


@pytest.fixture(scope="module")
def env():
    env = VectorEnv(["nod"], 8, seed=3, threads=1, domain=EXACT_DOMAIN, autoreset=False)
    yield env
    env.close()


def played(env, name, params):
    """Pose coordinates (8, 9) before and after, and the whole decision."""
    env.reset(seed=5)
    env.step(np.full(8, TOOL_INDEX["go_home"]), np.zeros((8, NUM_PARAMS)))
    before = settled(env)
    step = env.step(np.full(8, TOOL_INDEX[name]), params)
    return before, settled(env), step


def settled(env):
    """Pose coordinates (8, 9) once the body has come as near to its setpoint as it comes."""
    for _ in range(4):
        env.step(np.full(8, TOOL_INDEX["wait"]), np.zeros((8, NUM_PARAMS)))
    return measured(env)


def measured(env):
    state = env._state
    return pose(state.joint_pos, state.head_pos, state.head_quat)


def drawn(seed=0):
    return np.random.default_rng(seed).uniform(-1.0, 1.0, (8, NUM_PARAMS))


@pytest.mark.parametrize("name", AXES)
def test_it_goes_where_its_parameters_say(env, name):
    params = drawn()
    _, after, _ = played(env, name, params)
    asked = physical_params(np.full(8, TOOL_INDEX[name]), params)
    wanted = np.zeros((8, 9))
    for k, axis in enumerate(AXES[name]):
        wanted[:, axis] = asked[:, k]
    if name == "turn_body":
        wanted[:, YAW] += asked[:, 0]
    for axis, near in NEAR.items():
        np.testing.assert_allclose(after[:, axis], wanted[:, axis], atol=near)


@pytest.mark.parametrize("name", SWINGS)
def test_a_gesture_swings_one_channel_and_comes_back(env, name):
    before, after, step = played(env, name, drawn())
    np.testing.assert_allclose(after[:, :7], before[:, :7], atol=0.04)
    spread = np.array([[np.ptp(one) for one in swings(step, i)] for i in range(8)])
    scale = np.array([0.061, 0.087, 0.061, 0.003, 0.07, 0.2, 0.2])
    assert (spread / scale).argmax(axis=1).tolist() == [CHANNELS.index(SWINGS[name])] * 8


def swings(step, i):
    """The gestures' channels of one decision, (7, ticks)."""
    k = step.n_ticks[i]
    rpy = matrix_to_rpy(quat_to_matrix(step.head[i, :k, 3:]))
    joints = step.joints[i, :k]
    return rpy[:, 1], rpy[:, 2] - joints[:, 0], rpy[:, 0], step.head[i, :k, 2], *joints.T[[0, 7, 8]]


def test_waving_moves_both_antennas_and_nothing_else(env):
    _, _, step = played(env, "wave_antennas", np.full((8, NUM_PARAMS), 0.5))
    for i in range(8):
        *head, right, left = swings(step, i)
        assert np.ptp(right) > 0.4
        assert np.ptp(left) > 0.4
        assert np.corrcoef(right, left)[0, 1] < -0.9
        assert max(np.ptp(one) for one in head) < 0.02


def test_looking_puts_the_point_into_the_middle_of_the_image(env):
    params = 0.3 * drawn(1)
    before, after, _ = played(env, "look", params)
    for i in range(8):
        point = point_at(before[i], params[i, :2])
        R = quat_to_matrix(env._state.head_quat[i, None])[0]
        assert np.rad2deg(gaze_angle(after[i, X : Z + 1], R, point)[0]) < 3.0


def point_at(pose, uv):
    """(1, 3) m: 0.6 m away along the ray through an image point."""
    from shared.control.geometry import NEUTRAL_HEIGHT_M
    from shared.control.rotations import rpy_to_matrix
    from shared.control.vision import CAMERA_OFFSET_M, HALF_TAN_U, HALF_TAN_V

    R = rpy_to_matrix(pose[None, :3])[0]
    ray = np.array([1.0, -uv[0] * HALF_TAN_U, -uv[1] * HALF_TAN_V])
    lens = pose[X : Z + 1] + R @ CAMERA_OFFSET_M + (0.0, 0.0, NEUTRAL_HEIGHT_M)
    return (lens + 0.6 * R @ ray / np.linalg.norm(ray))[None]


def test_tracking_catches_up_and_goes_along_at_the_rate_that_was_asked_for(env):
    params = np.zeros((8, NUM_PARAMS))
    params[:, 2] = np.linspace(-1.0, 1.0, 8)
    before, after, step = played(env, "track", params)
    rate = physical_params(np.full(8, TOOL_INDEX["track"]), params)[:, 2]
    np.testing.assert_allclose(after[:, YAW] - before[:, YAW], -rate, atol=0.05)  # in one second
    yaw = np.stack([matrix_to_rpy(quat_to_matrix(head[:50, 3:]))[:, 2] for head in step.head])
    middle = (yaw[:, 35] - yaw[:, 20]) / 0.3
    np.testing.assert_allclose(middle[[0, 7]] / -rate[[0, 7]], 1.25, atol=0.15)
    params[:, 0] = np.where(rate > 0, 0.8, -0.8)
    _, farther, _ = played(env, "track", params)
    assert (np.abs(farther[:, YAW]) > np.abs(after[:, YAW]) + 0.1).all()


def test_scanning_looks_aside_and_back(env):
    params = np.full((8, NUM_PARAMS), 0.6)
    before, after, step = played(env, "scan", params)
    yaw = np.stack([matrix_to_rpy(quat_to_matrix(head[:50, 3:]))[:, 2] for head in step.head])
    asked = pose_of(step.setpoints[:, 25])[:, YAW]
    assert (np.rad2deg(asked) > 15.0).all()
    np.testing.assert_allclose(yaw.max(axis=1), asked, atol=0.06)
    np.testing.assert_allclose(after[:, YAW], before[:, YAW], atol=0.04)


def test_going_home_is_neutral(env):
    env.reset(seed=9)
    env.step(np.full(8, TOOL_INDEX["go_home"]), np.zeros((8, NUM_PARAMS)))
    np.testing.assert_allclose(measured(env), pose_of(env.emitted), atol=0.06)
    np.testing.assert_allclose(pose_of(env.emitted), 0.0, atol=1e-6)


def test_every_tool_has_its_test():
    others = {"run_made", "look", "wave_antennas", "track", "scan", "go_home"}
    assert {*AXES, *SWINGS, *others} == {tool.name for tool in TOOLS}
