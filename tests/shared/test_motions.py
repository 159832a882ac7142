"""Tool calls become setpoints that start where the robot is, stay in the envelope, and pass the limiter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.control import motions
from shared.control.envelope import POSE_LIMITS
from shared.control.limits import LIMITS, LimiterState, limit_many
from shared.control.motions import PITCH, ROLL, TICKS, YAW, joints_of, plan, pose_of
from shared.control.rotations import rpy_to_matrix
from shared.control.vision import CAMERA_OFFSET_M, EXACT, detect, gaze_angle, project, scenes
from shared.messages import SceneObject
from shared.spaces import NUM_TOOLS, TICK_S
from shared.tools import MAX_TICKS, TOOL_INDEX, TOOLS


def poses(n, seed=0):
    rng = np.random.default_rng(seed)
    pose = np.zeros((n, 9))
    pose[:, ROLL] = rng.uniform(-0.07, 0.07, n)
    pose[:, PITCH] = rng.uniform(-0.1, 0.35, n)
    pose[:, YAW] = rng.uniform(-0.5, 0.5, n)
    pose[:, motions.BODY] = pose[:, YAW] + rng.uniform(-0.35, 0.35, n)
    pose[:, 7:] = rng.uniform(-0.3, 0.3, (n, 2))
    return pose


def test_pose_and_joints_are_inverse():
    pose = poses(50)
    np.testing.assert_allclose(pose_of(joints_of(pose)), pose, atol=1e-9)


@pytest.mark.parametrize("tool", range(NUM_TOOLS), ids=[t.name for t in TOOLS])
def test_every_tool_passes_the_limiter(tool):
    n = 120
    start = joints_of(poses(n, tool))
    params = np.random.default_rng(tool).uniform(-1, 1, (n, 4))
    setpoints = plan(np.full(n, tool), params, start)
    assert setpoints.shape == (n, MAX_TICKS, 9)
    assert (setpoints[:, TICKS[tool] :] == setpoints[:, TICKS[tool] - 1 : TICKS[tool]]).all()
    _, emitted, changed = limit_many(LimiterState.at(start), setpoints, LIMITS)
    assert changed.mean() <= 0.002
    assert np.abs(emitted[:, -1] - setpoints[:, -1]).max() < np.deg2rad(0.1)


@pytest.mark.parametrize("tool", range(NUM_TOOLS), ids=[t.name for t in TOOLS])
def test_paths_stay_inside_the_envelope(tool):
    n = 60
    start = joints_of(poses(n, 100 + tool))
    setpoints = plan(np.full(n, tool), np.random.default_rng(tool).uniform(-1, 1, (n, 4)), start)
    pose = pose_of(setpoints[:, ::4].reshape(-1, 9))
    assert POSE_LIMITS.norm(pose[:, 3:6], pose[:, :3], pose[:, 6]).max() <= 1.0 + 1e-6


def test_planning_one_is_planning_many():
    n = 40
    rng = np.random.default_rng(3)
    tool, params, start = rng.integers(NUM_TOOLS, size=n), rng.uniform(-1, 1, (n, 4)), joints_of(poses(n))
    many = plan(tool, params, start)
    for i in range(n):
        np.testing.assert_allclose(
            plan(tool[i : i + 1], params[i : i + 1], start[i : i + 1])[0], many[i], atol=1e-9
        )


def test_parameters_beyond_their_range_are_clipped():
    start = joints_of(poses(1))
    tool = np.array([TOOL_INDEX["turn_head"]])
    far, end = (plan(tool, np.array([[x, 0, 0, 0]]), start) for x in (7.0, 1.0))
    np.testing.assert_array_equal(far, end)


def test_gestures_come_back():
    for tool in TOOLS:
        if tool.gesture:
            start = joints_of(poses(20))
            setpoints = plan(np.full(20, TOOL_INDEX[tool.name]), np.zeros((20, 4)), start)
            np.testing.assert_allclose(setpoints[:, -1], start, atol=1e-8)
            assert np.abs(setpoints - start[:, None]).max() > 0.03


def test_wait_repeats_the_start_bit_for_bit():
    start = joints_of(poses(3))
    assert (plan(np.zeros(3, int), np.zeros((3, 4)), start) == start[:, None]).all()


@given(
    yaw=st.floats(-0.5, 0.5),
    pitch=st.floats(0.0, 0.35),
    distance=st.floats(0.5, 0.75),
    seed=st.integers(0, 50),
)
@settings(max_examples=40, deadline=None)
def test_look_turns_the_camera_to_what_it_sees(yaw, pitch, distance, seed):
    pose = poses(1, seed)
    pose[0, PITCH] *= 0.4
    pose[0, YAW] = np.clip(pose[0, YAW], -0.35, 0.35)
    pose[0, motions.BODY] = 0.3 * pose[0, YAW]
    R = rpy_to_matrix(pose[:, :3])
    point = np.array([[[distance * np.cos(yaw), distance * np.sin(yaw), 0.2295 - distance * np.tan(pitch)]]])
    u, v, _ = project(np.zeros((1, 3)), R, point)
    if abs(u[0, 0]) > 1 or abs(v[0, 0]) > 1:
        return
    setpoints = plan(np.array([TOOL_INDEX["look"]]), np.array([[u[0, 0], v[0, 0], 0, 0]]), joints_of(pose))
    end = pose_of(setpoints[:, -1])
    off = gaze_angle(end[:, 3:6], rpy_to_matrix(end[:, :3]), point)
    assert np.rad2deg(off.max()) < 1.5
    assert abs(end[0, ROLL]) < 1e-6


def test_a_start_out_of_reach_gives_finite_setpoints():
    start = np.full((2, 9), 1.2)
    start[1] = np.nan
    for tool in range(NUM_TOOLS):
        setpoints = plan(np.full(1, tool), np.full((1, 4), 0.7), start[:1])
        assert np.isfinite(setpoints).all()


def test_detections_are_sorted_and_vanish_outside_the_image():
    def thing(name, at, match):
        return SceneObject(name, at, 0.08, match, (0.5, -0.5))

    scene = scenes(
        [[thing("a", (0.6, 0.1, 0.1), 0.1), thing("b", (0.6, -0.1, 0.1), 0.6), thing("c", (-1, 0, 0), 0.9)]]
    )
    slots = detect(scene, np.zeros((1, 3)), np.eye(3)[None], np.random.default_rng(0), EXACT).reshape(8, 8)
    assert (slots[2:] == 0).all()  # the one behind the robot is not seen
    assert slots[0, 4] > slots[1, 4]
    assert slots[0, 0] > 0 > slots[1, 0]  # right is positive
    assert slots[0, 1] > 0  # below the axis


def test_camera_offset_matches_the_model():
    mujoco = pytest.importorskip("mujoco")
    from sim.model import robot_spec

    model = robot_spec().compile()
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)
    camera, site = model.camera("eye_camera").id, model.site("head").id
    np.testing.assert_allclose(data.cam_xpos[camera] - data.site_xpos[site], CAMERA_OFFSET_M, atol=2e-4)
    np.testing.assert_allclose(
        -data.cam_xmat[camera].reshape(3, 3)[:, 2], data.site_xmat[site].reshape(3, 3)[:, 0], atol=1e-3
    )
    assert float(model.cam_fovy[camera]) == 80.0


def test_ticks_of_the_clock():
    assert max(TICKS) * TICK_S == pytest.approx(1.2)
