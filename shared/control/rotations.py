"""Rotation conversions, batched: roll-pitch-yaw, matrices, quaternions (w x y z)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def rpy_to_matrix(rpy: F64) -> F64:
    """(n, 3) rad -> (n, 3, 3): R = Rz(yaw) Ry(pitch) Rx(roll). Positive pitch looks down, positive yaw
    left."""
    c, s = np.cos(rpy), np.sin(rpy)
    cr, cp, cy = c[:, 0], c[:, 1], c[:, 2]
    sr, sp, sy = s[:, 0], s[:, 1], s[:, 2]
    R = np.empty((len(rpy), 3, 3))
    R[:, 0, 0] = cy * cp
    R[:, 0, 1] = cy * sp * sr - sy * cr
    R[:, 0, 2] = cy * sp * cr + sy * sr
    R[:, 1, 0] = sy * cp
    R[:, 1, 1] = sy * sp * sr + cy * cr
    R[:, 1, 2] = sy * sp * cr - cy * sr
    R[:, 2, 0] = -sp
    R[:, 2, 1] = cp * sr
    R[:, 2, 2] = cp * cr
    return R


def matrix_to_rpy(R: F64) -> F64:
    """(n, 3, 3) -> (n, 3) rad; the inverse of `rpy_to_matrix` for |pitch| < pi/2."""
    roll = np.arctan2(R[:, 2, 1], R[:, 2, 2])
    pitch = -np.arcsin(np.clip(R[:, 2, 0], -1.0, 1.0))
    yaw = np.arctan2(R[:, 1, 0], R[:, 0, 0])
    return np.stack([roll, pitch, yaw], axis=1)


def quat_to_matrix(quat: F64) -> F64:
    """(n, 4) w x y z of any non-zero length -> (n, 3, 3)."""
    w, x, y, z = (quat / np.linalg.norm(quat, axis=1, keepdims=True)).T
    R = np.empty((len(quat), 3, 3))
    R[:, 0, 0] = 1.0 - 2.0 * (y * y + z * z)
    R[:, 0, 1] = 2.0 * (x * y - w * z)
    R[:, 0, 2] = 2.0 * (x * z + w * y)
    R[:, 1, 0] = 2.0 * (x * y + w * z)
    R[:, 1, 1] = 1.0 - 2.0 * (x * x + z * z)
    R[:, 1, 2] = 2.0 * (y * z - w * x)
    R[:, 2, 0] = 2.0 * (x * z - w * y)
    R[:, 2, 1] = 2.0 * (y * z + w * x)
    R[:, 2, 2] = 1.0 - 2.0 * (x * x + y * y)
    return R


def matrix_to_quat(R: F64) -> F64:
    """(n, 3, 3) -> (n, 4) w x y z, unit, w >= 0. Shepperd's method: divide by the largest component."""
    m00, m11, m22 = R[:, 0, 0], R[:, 1, 1], R[:, 2, 2]
    # Row k of `outer` is 4 q_k q; the row with the largest diagonal is the best conditioned.
    outer = np.empty((len(R), 4, 4))
    outer[:, 0, 0] = 1.0 + m00 + m11 + m22
    outer[:, 1, 1] = 1.0 + m00 - m11 - m22
    outer[:, 2, 2] = 1.0 - m00 + m11 - m22
    outer[:, 3, 3] = 1.0 - m00 - m11 + m22
    outer[:, 0, 1] = outer[:, 1, 0] = R[:, 2, 1] - R[:, 1, 2]
    outer[:, 0, 2] = outer[:, 2, 0] = R[:, 0, 2] - R[:, 2, 0]
    outer[:, 0, 3] = outer[:, 3, 0] = R[:, 1, 0] - R[:, 0, 1]
    outer[:, 1, 2] = outer[:, 2, 1] = R[:, 1, 0] + R[:, 0, 1]
    outer[:, 1, 3] = outer[:, 3, 1] = R[:, 0, 2] + R[:, 2, 0]
    outer[:, 2, 3] = outer[:, 3, 2] = R[:, 2, 1] + R[:, 1, 2]
    best = np.argmax(np.einsum("nii->ni", outer), axis=1)
    quat = outer[np.arange(len(R)), best]
    quat = quat / np.linalg.norm(quat, axis=1, keepdims=True)
    return np.asarray(np.where(quat[:, :1] < 0.0, -quat, quat))
