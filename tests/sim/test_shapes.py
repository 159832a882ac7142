"""The guard's shapes against the MJCF they were made from: never a distance that is not there."""

import numpy as np
import pytest
from scipy.optimize import nnls

from shared.control import pose_set
from shared.control.clearance import FREE_ANTENNA_RAD, antenna_clearance, head_clearance, turned_about
from shared.control.geometry import NEUTRAL_HEIGHT_M
from shared.control.rotations import matrix_to_rpy, rpy_to_matrix
from sim.shapes import convex_parts, sample_poses

UP = np.array([0.0, 0.0, NEUTRAL_HEIGHT_M])


@pytest.fixture(scope="module")
def poses():
    pose, cranks = sample_poses(np.random.default_rng(77), 6000)
    return pose, np.concatenate([np.zeros((6000, 1)), cranks, np.zeros((6000, 2))], axis=1)


def apart(a, b):
    """Distance [m] between two convex hulls, 0 where they overlap: the nearest mixtures of their corners."""
    heavy = 100.0
    rows = np.zeros((5, len(a) + len(b)))
    rows[:3, : len(a)], rows[:3, len(a) :] = a.T, -b.T
    rows[3, : len(a)] = rows[4, len(a) :] = heavy
    return float(nnls(rows, np.array([0, 0, 0, heavy, heavy]))[1])


def test_the_head_is_never_closer_to_the_trunks_meshes_than_it_is_said_to_be(poses):
    trunk, head, _, _, _ = convex_parts()
    pose = poses[0][:150]
    R = rpy_to_matrix(pose[:, :3])
    said = head_clearance(pose[:, 3:], R)
    true = np.array(
        [min(apart(part, head @ R[i].T + pose[i, 3:] + UP) for part in trunk) for i in range(150)]
    )
    near = true < 0.015
    assert near.sum() > 50
    assert (said <= true + 3e-4).all()  # corners that are nearest by less than 0.2 mm may be left out
    assert np.median(true[near] - said[near]) < 0.0015


def test_no_pose_of_the_set_lets_the_head_touch_the_trunk(poses):
    trunk, head, _, _, _ = convex_parts()
    inside = np.flatnonzero((pose_set.excess(poses[1]) <= 0).all(axis=1))
    tight = inside[np.argsort(head_clearance(poses[0][inside, 3:], rpy_to_matrix(poses[0][inside, :3])))[:40]]
    for pose in poses[0][tight]:
        moved = head @ rpy_to_matrix(pose[None, :3])[0].T + pose[3:] + UP
        assert min(apart(part, moved) for part in trunk) >= pose_set.MARGIN_M - 3e-4


def test_forward_kinematics_find_every_pose_up_to_the_reach_and_never_another_one(poses):
    pose, joints = poses
    pos, R, proven = pose_set.head_pose(joints)
    assert proven.all()
    assert np.abs(pos - pose[:, 3:]).max() < 1e-7
    assert np.abs(matrix_to_rpy(R) - pose[:, :3]).max() < 1e-6


def test_an_antenna_that_is_not_folded_is_clear_of_the_trunk_in_every_pose(poses):
    inside = (pose_set.excess(poses[1]) <= 0).all(axis=1)
    pose = poses[0][inside]
    for angle in np.linspace(-FREE_ANTENNA_RAD, FREE_ANTENNA_RAD, 15):
        said = antenna_clearance(pose[:, 3:], rpy_to_matrix(pose[:, :3]), np.full((len(pose), 2), angle))
        assert said.min() > 0.005


def test_a_folded_antenna_is_never_closer_than_it_is_said_to_be(poses):
    trunk, _, boxes, pivots, axes = convex_parts()
    rng = np.random.default_rng(5)
    for pose in poses[0][:60]:
        angles = rng.uniform(-np.pi, np.pi, (1, 2))
        R = rpy_to_matrix(pose[None, :3])
        said = antenna_clearance(pose[None, 3:], R, angles)[0]
        for side in range(2):
            local = turned_about(axes[side], angles[:, side], boxes[side] - pivots[side])[0] + pivots[side]
            moved = local @ R[0].T + pose[3:] + UP
            assert said[side] <= min(apart(part, moved) for part in trunk) + 1e-4
