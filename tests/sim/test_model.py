"""The stripped model is the same robot: poses agree with the kinematics, motion with the reference."""

import mujoco
import numpy as np
import pytest

from shared.control.geometry import NEUTRAL_HEIGHT_M
from shared.control.motions import joints_of
from shared.control.rotations import rpy_to_matrix
from sim.bench import TRACES, trace_errors
from sim.model import MJCF_JOINTS, STOCK, Physics, Poser, build, joint_addresses


@pytest.fixture(scope="module")
def model():
    return build()


def test_joint_order(model):
    assert tuple(model.actuator(i).name for i in range(model.nu)) == MJCF_JOINTS
    qpos, qvel = joint_addresses(model)
    assert len(qpos) == len(qvel) == 9


def test_poser_closes_the_loops_where_kinematics_says(model):
    poser, data = Poser(model), mujoco.MjData(model)
    rng = np.random.default_rng(0)
    for _ in range(20):
        pose = np.zeros((1, 9))
        pose[0, :3] = rng.uniform(-0.3, 0.3, 3)
        pose[0, 3:6] = rng.uniform(-0.004, 0.004, 3)
        pose[0, 6] = pose[0, 2] + rng.uniform(-0.3, 0.3)
        R = rpy_to_matrix(pose[:, :3])[0]
        data.qpos[:] = poser.qpos(joints_of(pose)[0], pose[0, 3:6], R)
        mujoco.mj_kinematics(model, data)
        site = model.site("head").id
        np.testing.assert_allclose(data.site_xpos[site] - (0, 0, NEUTRAL_HEIGHT_M), pose[0, 3:6], atol=1e-6)
        np.testing.assert_allclose(data.site_xmat[site].reshape(3, 3), R, atol=1e-9)
        for i in range(1, 6):
            gap = data.site(f"closing_{i}_1").xpos - data.site(f"closing_{i}_2").xpos
            assert np.linalg.norm(gap) < 1e-5


def test_a_placed_robot_stays_put(model):
    data = mujoco.MjData(model)
    joints = joints_of(np.array([[0.0, 0.2, 0.1, 0, 0, 0, 0.1, 0, 0]]))[0]
    data.qpos[:] = Poser(model).qpos(joints, np.zeros(3), rpy_to_matrix(np.array([[0.0, 0.2, 0.1]]))[0])
    data.ctrl[:] = joints
    mujoco.mj_step(model, data, 200)
    mujoco.mj_kinematics(model, data)
    site = model.site("head").id
    assert np.linalg.norm(data.site_xpos[site] - (0, 0, NEUTRAL_HEIGHT_M)) < 3e-4
    assert np.isfinite(data.qpos).all()


def test_error_to_the_reference_is_small():
    errors = trace_errors()
    assert len(errors) == len(TRACES) >= 5
    assert max(e["error_mm"] for e in errors.values()) <= 0.15
    assert max(e["error_deg"] for e in errors.values()) <= 0.25


def test_settings():
    assert Physics().substeps == 4
    assert STOCK.substeps == 10
    assert build().ngeom == 8  # seven of the trunk, one of the head
