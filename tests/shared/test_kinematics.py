"""Head kinematics against the SDK's, as inverses of each other, and the pose envelope by sampling."""

import numpy as np
import pytest

from shared.control import kinematics
from shared.control.kinematics import POSE_LIMITS, clamp_pose, forward, inverse, rpy_to_matrix
from tests.shared.limit_checker import DEG, HIGH, LOW


def poses(rng, n, tilt_deg=25.0, turn_deg=45.0):
    rpy = rng.uniform(-tilt_deg, tilt_deg, (n, 3)) * DEG
    rpy[:, 2] = rng.uniform(-170, 170, n) * DEG
    pos = rng.uniform([-0.012, -0.012, -0.02], [0.012, 0.012, 0.008], (n, 3))
    return pos, rpy, rpy[:, 2] - rng.uniform(-turn_deg, turn_deg, n) * DEG


def matrix(pos, R):
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = R, pos
    return T


@pytest.fixture(scope="module")
def sdk():
    analytical = pytest.importorskip("reachy_mini.kinematics.analytical_kinematics")
    return analytical.AnalyticalKinematics(automatic_body_yaw=False)


def test_inverse_agrees_with_the_sdk_over_thousands_of_poses(sdk):
    pos, rpy, yaw = poses(np.random.default_rng(1), 4000, tilt_deg=40.0, turn_deg=65.0)
    ours = inverse(pos, rpy, yaw)
    R = rpy_to_matrix(rpy)
    theirs = np.array([sdk.ik(matrix(pos[i], R[i]), yaw[i])[1:] for i in range(len(pos))])
    assert (np.isnan(ours) == np.isnan(theirs)).all()
    assert 50 < np.isnan(ours).any(axis=1).sum() < 1000  # both kinds of pose were tried
    difference = np.remainder(ours - theirs + np.pi, 2 * np.pi) - np.pi
    assert np.nanmax(np.abs(difference)) < 1e-6


def test_forward_agrees_with_the_sdk(sdk):
    pos, rpy, yaw = poses(np.random.default_rng(2), 300, tilt_deg=12.0, turn_deg=20.0)
    joints = np.concatenate([yaw[:, None], inverse(pos, rpy, yaw), np.zeros((300, 2))], axis=1)
    found_pos, found_R = forward(joints)
    for i in range(300):
        # The SDK's solver goes on from its last pose, as seen from the body; start it at the neutral one.
        sdk.kin.reset_forward_kinematics(matrix([0, 0, sdk.head_z_offset], np.eye(3)).tolist())
        theirs = sdk.fk(joints[i, :7], no_iterations=20)
        assert np.abs(theirs[:3, 3] - found_pos[i]).max() < 1e-5
        assert np.abs(theirs[:3, :3] - found_R[i]).max() < 1e-3


def test_forward_is_the_inverse_of_inverse():
    pos, rpy, yaw = poses(np.random.default_rng(3), 5000)
    cranks = inverse(pos, rpy, yaw)
    ok = ((cranks > LOW[1:7]) & (cranks < HIGH[1:7])).all(axis=1)
    assert ok.sum() > 3000
    joints = np.concatenate([yaw[:, None], cranks, np.zeros((5000, 2))], axis=1)[ok]
    found_pos, found_R = forward(joints)
    assert np.abs(found_pos - pos[ok]).max() < 1e-9
    assert np.abs(found_R - rpy_to_matrix(rpy[ok])).max() < 1e-8


def test_forward_tracks_from_the_last_pose_in_three_steps():
    t = np.linspace(0, 2 * np.pi, 200)
    rpy = np.stack([0.1 * np.sin(t), 0.3 * np.sin(2 * t), 0.4 * np.sin(t)], axis=1)
    pos = np.stack([0.004 * np.cos(t), np.zeros(200), -0.004 + 0.004 * np.sin(t)], axis=1)
    cranks = inverse(pos, rpy, np.zeros(200))
    guess = None
    for k in range(200):
        joints = np.concatenate([[0.0], cranks[k], [0.0, 0.0]])[None]
        guess = forward(joints, guess, iterations=8 if guess is None else 3)
        assert np.abs(guess[0][0] - pos[k]).max() < 1e-8


def test_forward_ends_and_stays_finite_for_joints_that_no_pose_satisfies():
    joints = np.random.default_rng(4).uniform(-np.pi, np.pi, (500, 9))
    pos, R = forward(joints)
    assert np.isfinite(pos).all()
    assert np.abs(R @ np.transpose(R, (0, 2, 1)) - np.eye(3)).max() < 1e-9


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_give_nan_for_that_row_only(bad):
    joints = np.zeros((3, 9))
    joints[:, 1:7] = inverse(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(1))
    joints[1, 3] = bad
    pos, R = forward(joints)
    assert np.isnan(pos[1]).all()
    assert np.isnan(R[1]).all()
    assert np.abs(pos[[0, 2]]).max() < 1e-12
    head = np.zeros((3, 3))
    head[1, 0] = bad
    with np.errstate(invalid="ignore"):
        cranks = inverse(head, np.zeros((3, 3)), np.zeros(3))
    assert np.isnan(cranks[1]).all()
    assert np.isfinite(cranks[[0, 2]]).all()


def test_neutral_pose_and_signs():
    zero = np.zeros((1, 3))
    cranks = inverse(zero, zero, np.zeros(1))[0]
    assert np.abs(np.abs(cranks) - 0.62654).max() < 1e-4
    down = rpy_to_matrix(np.array([[0.0, 0.3, 0.0]]))[0] @ [1.0, 0.0, 0.0]
    assert down[2] < 0  # positive pitch looks down
    left = rpy_to_matrix(np.array([[0.0, 0.0, 0.3]]))[0] @ [1.0, 0.0, 0.0]
    assert left[1] > 0  # positive yaw looks left


def test_rotation_conversions_round_trip():
    rng = np.random.default_rng(5)
    quat = rng.standard_normal((2000, 4))
    quat[:4] = np.eye(4)  # half turns, where the textbook formula divides by zero
    quat /= np.linalg.norm(quat, axis=1, keepdims=True)
    R = kinematics.quat_to_matrix(quat)
    assert np.abs(R @ np.transpose(R, (0, 2, 1)) - np.eye(3)).max() < 1e-12
    assert np.abs(np.linalg.det(R) - 1).max() < 1e-12
    back = kinematics.matrix_to_quat(R)
    assert (back[:, 0] >= 0).all()
    assert np.abs(np.abs((back * quat).sum(axis=1)) - 1).max() < 1e-12
    rpy = rng.uniform(-1.4, 1.4, (2000, 3))
    assert np.abs(kinematics.matrix_to_rpy(rpy_to_matrix(rpy)) - rpy).max() < 1e-9


def surface(rng, n):
    """Poses all over the envelope's surface, single axes and edges included; body yaw anywhere."""
    u = rng.standard_normal((n, 6)) * (rng.random((n, 6)) < rng.uniform(0.3, 1.0, (n, 1))) + 1e-9
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    lim = POSE_LIMITS
    yaw = rng.uniform(-157, 157, n) * DEG
    rpy = u[:, :3] * [lim.roll_rad, lim.pitch_rad, lim.yaw_rad]
    rpy[:, 2] += yaw
    x, y = u[:, 3] * lim.forward_m, u[:, 4] * lim.sideways_m
    z = np.where(u[:, 5] < 0, u[:, 5] * lim.down_m, u[:, 5] * lim.up_m)
    c, s = np.cos(yaw), np.sin(yaw)
    return np.stack([c * x - s * y, s * x + c * y, z], axis=1), rpy, yaw


def test_the_envelope_is_always_reachable_with_the_servo_margin():
    pos, rpy, yaw = surface(np.random.default_rng(6), 300_000)
    assert np.abs(POSE_LIMITS.norm(pos, rpy, yaw) - 1).max() < 1e-9
    cranks = inverse(pos, rpy, yaw)
    room = np.minimum(cranks - LOW[1:7], HIGH[1:7] - cranks)  # these limits hold the 3 degrees already
    assert room.min() > 0.5 * DEG


def test_the_envelope_holds_what_the_tasks_need():
    need = [
        [3, 22, 25, 3, 3, 2],
        [-3, 20.5, -28, -3, 3, -8],
        [0, -20, 25, 5, 0, -5],
        [0, 36 * 0.99, 0, 0, 0, 0],
    ]
    v = np.array(need, float)
    assert (POSE_LIMITS.norm(v[:, 3:] * 1e-3, v[:, :3] * DEG, np.zeros(4)) < 1).all()


def test_clamped_poses_are_inside_and_reachable_whatever_was_asked():
    rng = np.random.default_rng(7)
    n = 200_000
    size = 10.0 ** rng.uniform(-3, 3, (n, 1))
    pos, rpy = rng.standard_normal((n, 3)) * size * 0.02, rng.standard_normal((n, 3)) * size
    yaw = rng.uniform(-np.pi, np.pi, n)
    out_pos, out_rpy, changed = clamp_pose(pos, rpy, yaw)
    norm = POSE_LIMITS.norm(pos, rpy, yaw)
    assert (changed == (norm > 1)).all() or (np.abs(norm[changed != (norm > 1)] - 1) < 1e-9).all()
    assert POSE_LIMITS.norm(out_pos, out_rpy, yaw).max() < 1 + 1e-9
    assert (out_pos[~changed] == pos[~changed]).all()
    assert (out_rpy[~changed] == rpy[~changed]).all()
    cranks = inverse(out_pos, out_rpy, yaw)
    assert ((cranks > LOW[1:7]) & (cranks < HIGH[1:7])).all()


def test_clamping_keeps_the_gaze_and_gives_up_the_rest_first():
    pos, rpy, changed = clamp_pose(np.array([[0.02, 0.0, 0.02]]), np.array([[0.4, 0.35, 0.4]]), np.zeros(1))
    assert changed[0]
    assert np.allclose(rpy[0, 1:], [0.35, 0.4], atol=1e-12)
    assert abs(rpy[0, 0]) < 0.4
    assert pos[0, 2] < 0.02


def test_clamping_rows_that_are_not_finite_counts_as_changed_and_touches_no_other_row():
    pos = np.array([[0.0, 0, 0], [np.nan, 0, 0], [1e308, 0, 0]])
    rpy = np.array([[0.1, 0, 0], [0, 0, 0], [0, 0, np.inf]])
    out_pos, out_rpy, changed = clamp_pose(pos, rpy, np.zeros(3))
    assert changed.tolist() == [False, True, True]
    assert np.isnan(out_pos[1, 0])
    assert np.isinf(out_rpy[2, 2])
    assert (out_rpy[0] == rpy[0]).all()
