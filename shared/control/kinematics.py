"""Head pose <-> joints of the six-crank head platform, batched; never loops without bound.

Conventions: head position [m] and orientation are those of the head's frame in the robot's base frame;
position (0, 0, 0) with identity orientation is the neutral pose (the SDK's convention). The body turns the
platform's base about z by `body_yaw`; the head pose does not turn with it.
"""

from __future__ import annotations

import numpy as np

from shared.control.envelope import POSE_LIMITS, PoseLimits, clamp_pose
from shared.control.geometry import (
    CRANK_LENGTH_M,
    ELBOW_SIGN,
    F64,
    MOTOR_FROM_BODY,
    NEUTRAL_HEIGHT_M,
    ROD_END,
    ROD_LENGTH_M,
)
from shared.control.rotations import matrix_to_quat, matrix_to_rpy, quat_to_matrix, rpy_to_matrix

__all__ = [
    "NEUTRAL",
    "POSE_LIMITS",
    "PoseLimits",
    "clamp_pose",
    "forward",
    "inverse",
    "inverse_matrix",
    "matrix_to_quat",
    "matrix_to_rpy",
    "quat_to_matrix",
    "rpy_to_matrix",
]

FORWARD_ITERATIONS = 8
"""Newton steps from the neutral pose: enough for every reachable pose; 3 are enough from the last tick's
pose."""

_MOTOR_R = MOTOR_FROM_BODY[:, :, :3]
# The motor's frame is body-fixed: crank plane = motor x, y. Points to body frame: R^T (p - t).
_BODY_FROM_MOTOR = np.transpose(_MOTOR_R, (0, 2, 1))
MOTOR_ORIGIN = -np.einsum("kij,kj->ki", _BODY_FROM_MOTOR, MOTOR_FROM_BODY[:, :, 3])
CRANK_X = CRANK_LENGTH_M * _BODY_FROM_MOTOR[:, :, 0]
CRANK_Y = CRANK_LENGTH_M * _BODY_FROM_MOTOR[:, :, 1]
_MX, _MY, _MZ = (MOTOR_FROM_BODY[:, axis, :3].T for axis in range(3))
_TX, _TY, _TZ = (MOTOR_FROM_BODY[:, axis, 3] for axis in range(3))
_REACH = CRANK_LENGTH_M**2 - ROD_LENGTH_M**2
_ROD_END_T = np.ascontiguousarray(ROD_END.T)
_PLATFORM = np.array([0.0, 0.0, NEUTRAL_HEIGHT_M])
# Rotation unknowns become metres at the platform's radius, so that Newton's system is well scaled.
_TURN_SCALE_M = 0.03
_MAX_STEP_M = 0.02
_DAMPING = 1e-10


def inverse(head_pos: F64, head_rpy: F64, body_yaw: F64) -> F64:
    """Crank angles that put the head there.

    Args:
        head_pos: (n, 3) m; zeros at the neutral pose.
        head_rpy: (n, 3) rad, roll pitch yaw in the base frame (see `rpy_to_matrix`).
        body_yaw: (n,) rad.

    Returns:
        (n, 6) rad in [-pi, pi]; NaN where a rod cannot reach. Servo limits are not checked here.
    """
    return inverse_matrix(head_pos, rpy_to_matrix(head_rpy), body_yaw)


def inverse_matrix(head_pos: F64, R: F64, body_yaw: F64) -> F64:
    """`inverse` with the orientation as matrices (n, 3, 3). A pose that is not finite gives NaN."""
    points = R @ _ROD_END_T + head_pos[:, :, None]
    c, s = np.cos(body_yaw)[:, None], np.sin(body_yaw)[:, None]
    world_x, world_y, z = points[:, 0], points[:, 1], points[:, 2] + NEUTRAL_HEIGHT_M
    x, y = c * world_x + s * world_y, c * world_y - s * world_x
    mx = x * _MX[0] + y * _MX[1] + z * _MX[2] + _TX
    my = x * _MY[0] + y * _MY[1] + z * _MY[2] + _TY
    mz = x * _MZ[0] + y * _MZ[1] + z * _MZ[2] + _TZ
    in_plane = mx * mx + my * my
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        # Law of cosines in the crank's plane.
        cosine = (in_plane + mz * mz + _REACH) / (2.0 * CRANK_LENGTH_M * np.sqrt(in_plane))
        angle = np.arctan2(my, mx) + ELBOW_SIGN * np.arccos(cosine)
    return np.asarray(np.remainder(angle + np.pi, 2.0 * np.pi) - np.pi)


def forward(
    joints: F64, guess: tuple[F64, F64] | None = None, iterations: int = FORWARD_ITERATIONS
) -> tuple[F64, F64]:
    """Head pose that goes with the joints, by a bounded number of damped Newton steps.

    Args:
        joints: (n, 9) rad in `JOINTS` order. guess: head positions (n, 3) m and orientations (n, 3, 3) to
        start from; the neutral pose, turned with the
            body, if absent.
        iterations: number of steps; each costs one batched 6x6 solve.

    Returns:
        Head positions (n, 3) m and orientations (n, 3, 3). Rows whose joints are not finite are NaN; for
        joints that no pose satisfies, the closest pose found.
    """
    bad = np.logical_not(np.isfinite(joints[:, :7]).all(axis=1))
    if bad.any():
        joints = np.where(bad[:, None], 0.0, joints)
    n = len(joints)
    turn = _about_z(joints[:, 0])
    crank = joints[:, 1:7, None]
    tip = MOTOR_ORIGIN + np.cos(crank) * CRANK_X + np.sin(crank) * CRANK_Y
    if guess is None:
        position, R = np.zeros((n, 3)), np.tile(np.eye(3), (n, 1, 1))
    else:
        back = np.transpose(turn, (0, 2, 1))
        position = np.einsum("nij,nj->ni", back, guess[0])
        R = back @ guess[1]
    position = position + _PLATFORM
    jacobian = np.empty((n, 6, 6))
    for _ in range(iterations):
        arm = np.transpose(R @ _ROD_END_T, (0, 2, 1))
        rod = arm + position[:, None, :] - tip
        residual = np.einsum("nki,nki->nk", rod, rod) - ROD_LENGTH_M**2
        jacobian[:, :, :3] = 2.0 * rod
        jacobian[:, :, 3:] = (2.0 / _TURN_SCALE_M) * _cross(arm, rod)
        transposed = np.transpose(jacobian, (0, 2, 1))
        normal = transposed @ jacobian + _DAMPING * np.eye(6)
        step = -np.linalg.solve(normal, transposed @ residual[:, :, None])[:, :, 0]
        length = np.abs(step).max(axis=1, keepdims=True)
        step *= np.minimum(1.0, _MAX_STEP_M / np.maximum(length, 1e-300))
        position = position + step[:, :3]
        R = _turned(step[:, 3:] / _TURN_SCALE_M) @ R
    position = position - _PLATFORM
    position = np.einsum("nij,nj->ni", turn, position)
    R = turn @ R
    if bad.any():
        position[bad] = np.nan
        R[bad] = np.nan
    return position, R


def _about_z(angle: F64) -> F64:
    turn = np.zeros((len(angle), 3, 3))
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(angle)
    turn[:, 1, 0] = np.sin(angle)
    turn[:, 0, 1] = -turn[:, 1, 0]
    turn[:, 2, 2] = 1.0
    return turn


def _cross(a: F64, b: F64) -> F64:
    """np.cross over the last axis, without its overhead."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape))
    out[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    out[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    out[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return out


def _turned(vector: F64) -> F64:
    """Rotation vectors (n, 3) -> matrices, through the unit quaternion (exact rotations, any small
    vector)."""
    angle = np.linalg.norm(vector, axis=1, keepdims=True)
    sinc = 0.5 * np.sinc(angle / (2.0 * np.pi))
    return quat_to_matrix(np.concatenate([np.cos(0.5 * angle), sinc * vector], axis=1))


NEUTRAL: F64 = np.concatenate(
    [np.zeros(1), inverse(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(1))[0], np.zeros(2)]
)
"""(9,) rad: joints of the neutral pose with straight antennas."""
