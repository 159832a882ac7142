"""The set of poses that no setpoint may leave: head cone, reach, distance between head, antennas and trunk.

All of it is judged from the nine joints, by forward kinematics that start from a fitted guess, take a fixed
number of steps and count only when the inverse kinematics give the same cranks back.

Everything is seen from the body, which turns about the vertical: roll and pitch are the same in the base
frame, and the head's yaw is its yaw against the body.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.control.clearance import FREE_ANTENNA_RAD, antenna_clearance, head_clearance, shapes
from shared.control.envelope import POSE_LIMITS
from shared.control.geometry import F64, NEUTRAL_HEIGHT_M, ROD_END, ROD_LENGTH_M
from shared.control.kinematics import (
    CRANK_X,
    CRANK_Y,
    MOTOR_ORIGIN,
    NEUTRAL,
    inverse_matrix,
    matrix_to_rpy,
    rpy_to_matrix,
)

Bool = NDArray[np.bool_]

POSE_CAPS: F64 = np.deg2rad([30.0, 40.0, 45.0])
"""|roll|, |pitch|, |head yaw - body yaw| [rad]: the tighter of what was asked for (30, 45, 45) and what the
robot's makers document (40, 40, 65)."""
REACH = 1.4
"""Largest norm of a pose in `POSE_LIMITS`' half-axes: keeps away from where the platform can fold."""
MARGIN_M = 0.002
"""Least distance of head and antennas from the trunk."""
GUESS_NORM = 1.5
"""The first guess of the forward kinematics is fitted up to this norm."""

HAIR = 1e-6
"""Judged a hair inside, so that rounding while braking never shows outside."""
_SAME_RAD = 1e-8
_SCALE_M = 0.01
_STEPS = 3
_FAR = 1.5
"""No angle [rad] or step that makes sense is larger; keeps hopeless solutions finite."""
_ORIGIN = np.ascontiguousarray(MOTOR_ORIGIN.T)
_CRANK_X = np.ascontiguousarray(CRANK_X.T)
_CRANK_Y = np.ascontiguousarray(CRANK_Y.T)
_ROD_END = np.ascontiguousarray(ROD_END.T)
_PLATFORM = np.array([0.0, 0.0, NEUTRAL_HEIGHT_M])
_I2 = np.triu_indices(6)
_I3 = tuple(np.array([(i, j, k) for i in range(6) for j in range(i, 6) for k in range(j, 6)]).T)
_PAIR = {(i, j): p for p, (i, j) in enumerate(zip(*_I2, strict=True))}
_PAIR_OF_I3 = np.array([_PAIR[(i, j)] for i, j in zip(_I3[0], _I3[1], strict=True)])


def cubic(cranks: F64) -> F64:
    """(n, 6) rad -> (n, 84): all products of up to three crank angles, counted from neutral."""
    x = cranks - NEUTRAL[1:7]
    pairs = x[:, _I2[0]] * x[:, _I2[1]]
    return np.concatenate([np.ones((len(x), 1)), x, pairs, pairs[:, _PAIR_OF_I3] * x[:, _I3[2]]], axis=1)


def head_pose(joints: F64) -> tuple[F64, F64, Bool]:
    """Head position (n, 3) m and orientation (n, 3, 3) as seen from the body, and whether they are proven.

    Newton's method on the rods' lengths from the fitted guess, always the same number of steps. Proven means
    that the inverse kinematics of the found pose give the cranks back.
    """
    cranks = joints[:, 1:7]
    guess = cubic(cranks) @ shapes().guess
    guess = np.minimum(np.maximum(guess, -_FAR), _FAR)
    pos, R = guess[:, 3:] + _PLATFORM, rpy_to_matrix(guess[:, :3])
    angle = cranks[:, None, :]
    tip = _ORIGIN + np.cos(angle) * _CRANK_X + np.sin(angle) * _CRANK_Y
    system = np.empty((len(pos), 6, 6))
    for _ in range(_STEPS):
        arm = (R.reshape(-1, 3) @ _ROD_END).reshape(-1, 3, 6)
        rod = arm + (pos[:, :, None] - tip)
        system[:, :3] = rod
        system[:, 3] = arm[:, 1] * rod[:, 2] - arm[:, 2] * rod[:, 1]
        system[:, 4] = arm[:, 2] * rod[:, 0] - arm[:, 0] * rod[:, 2]
        system[:, 5] = arm[:, 0] * rod[:, 1] - arm[:, 1] * rod[:, 0]
        too_long = 0.5 * ((rod * rod).sum(axis=1) - ROD_LENGTH_M**2)
        step = _solved(system, too_long)
        pos = pos - step[:, :3]
        R = _turned(-step[:, 3:]) @ R
    pos -= _PLATFORM
    again = inverse_matrix(pos, R, np.zeros(len(pos)))
    with np.errstate(invalid="ignore"):
        return pos, R, np.asarray((np.abs(again - cranks) <= _SAME_RAD).all(axis=1))


def _solved(system: F64, right: F64) -> F64:
    """Solution (n, 6) of the transposed systems (n, 6, 6), held to steps that make sense; 0 if one is
    singular."""
    try:
        step = np.linalg.solve(system.transpose(0, 2, 1), right[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:  # one is exactly singular: no pose gets proven this tick
        return np.zeros_like(right)
    return np.asarray(np.minimum(np.maximum(step, -_FAR), _FAR))


def _turned(vector: F64) -> F64:
    """Rotations (n, 3, 3) by small rotation vectors, after Cayley: exactly orthogonal, right to second
    order."""
    x, y, z = (0.5 * vector).T
    xx, yy, zz = x * x, y * y, z * z
    scale = 2.0 / (1.0 + xx + yy + zz)
    xy, xz, yz = x * y, x * z, y * z
    out = np.empty((len(vector), 3, 3))
    out[:, 0, 0] = 1.0 - scale * (yy + zz)
    out[:, 1, 1] = 1.0 - scale * (xx + zz)
    out[:, 2, 2] = 1.0 - scale * (xx + yy)
    out[:, 0, 1], out[:, 1, 0] = scale * (xy - z), scale * (xy + z)
    out[:, 0, 2], out[:, 2, 0] = scale * (xz + y), scale * (xz - y)
    out[:, 1, 2], out[:, 2, 1] = scale * (yz - x), scale * (yz + x)
    return out


def excess(joints: F64) -> F64:
    """By how much joints (n, 9) rad exceed each pose limit: (n, 7), at most 0 inside; infinity where the head
    pose cannot be proven.

    Columns: roll, pitch, yaw and reach relative to their limits; head, right and left antenna too near the
    trunk, in centimetres.
    """
    pos, R, proven = head_pose(joints)
    rpy = matrix_to_rpy(R)
    over = np.empty((len(joints), 7))
    over[:, :3] = np.abs(rpy) / POSE_CAPS - 1.0
    over[:, 3] = POSE_LIMITS.norm(pos, rpy, np.zeros(len(pos))) / REACH - 1.0
    over[:, 4] = (MARGIN_M - head_clearance(pos, R)) / _SCALE_M
    over[:, 5:] = -1.0
    folded = np.flatnonzero((np.abs(joints[:, 7:]) > FREE_ANTENNA_RAD).any(axis=1))
    if len(folded):
        apart = antenna_clearance(pos[folded], R[folded], joints[folded, 7:])
        over[folded, 5:] = (MARGIN_M - apart) / _SCALE_M
    over += HAIR
    over[~proven] = np.inf
    return over
