"""Where the head may be asked to go: a set of poses that the servos always reach, as seen from the body.

The set is an ellipsoid around the neutral pose, because the axes share the servos' travel: a head that
looks far down has little height left. Its half-axes are as large as these samples allow: over 800,000 poses
on its surface, then searched downhill, the closest that any crank comes to its servo's end is 4.2 degrees
(3 are asked for).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.control.geometry import F64

_DEG = np.pi / 180.0


@dataclass(frozen=True)
class PoseLimits:
    """Half-axes of the ellipsoid of allowed head poses, in the frame that turns with the body."""

    roll_rad: float = 30.0 * _DEG
    pitch_rad: float = 36.0 * _DEG
    yaw_rad: float = 45.0 * _DEG
    """Head yaw minus body yaw."""
    forward_m: float = 0.015
    sideways_m: float = 0.015
    up_m: float = 0.011
    down_m: float = 0.018

    def norm(self, head_pos: F64, head_rpy: F64, body_yaw: F64) -> F64:
        """(n,) how far out a pose is: 0 neutral, 1 on the surface, above 1 outside."""
        gaze, rest = self.normalised(head_pos, head_rpy, body_yaw)
        return np.asarray(np.sqrt((gaze * gaze).sum(axis=1) + (rest * rest).sum(axis=1)))

    def normalised(self, head_pos: F64, head_rpy: F64, body_yaw: F64) -> tuple[F64, F64]:
        """Gaze (n, 2): pitch, yaw; rest (n, 4): roll, x, y, z; each over its half-axis, seen from the
        body."""
        c, s = np.cos(body_yaw), np.sin(body_yaw)
        x, y, z = head_pos.T
        height = np.where(z < 0.0, self.down_m, self.up_m)
        yaw = np.remainder(head_rpy[:, 2] - body_yaw + np.pi, 2.0 * np.pi) - np.pi
        gaze = np.stack([head_rpy[:, 1] / self.pitch_rad, yaw / self.yaw_rad], axis=1)
        rest = np.stack(
            [
                head_rpy[:, 0] / self.roll_rad,
                (c * x + s * y) / self.forward_m,
                (c * y - s * x) / self.sideways_m,
                z / height,
            ],
            axis=1,
        )
        return gaze, rest


POSE_LIMITS = PoseLimits()

_FAR = 1e6


def clamp_pose(
    head_pos: F64, head_rpy: F64, body_yaw: F64, limits: PoseLimits = POSE_LIMITS
) -> tuple[F64, F64, NDArray[np.bool_]]:
    """The nearest allowed pose that keeps the gaze: pitch and yaw are given up last.

    Pitch and yaw are drawn in to the surface if they alone lie outside; then roll and position share what
    room is left. Poses inside come out bit-identical.

    Args:
        head_pos: (n, 3) m in the base frame.
        head_rpy: (n, 3) rad in the base frame.
        body_yaw: (n,) rad, not changed here.

    Returns:
        Position (n, 3), roll-pitch-yaw (n, 3), and (n,) whether the row was changed. A row that is not
        finite stays as it is and counts as changed; `inverse` then gives NaN.
    """
    finite = np.isfinite(head_pos).all(axis=1) & np.isfinite(head_rpy).all(axis=1) & np.isfinite(body_yaw)
    near_pos = np.clip(np.where(finite[:, None], head_pos, 0.0), -_FAR, _FAR)
    near_rpy = np.clip(np.where(finite[:, None], head_rpy, 0.0), -_FAR, _FAR)
    yaw = np.clip(np.where(finite, body_yaw, 0.0), -_FAR, _FAR)
    gaze, rest = limits.normalised(near_pos, near_rpy, yaw)
    gaze_norm = np.sqrt((gaze * gaze).sum(axis=1))
    rest_norm = np.sqrt((rest * rest).sum(axis=1))
    outside = gaze_norm * gaze_norm + rest_norm * rest_norm > 1.0
    if finite.all() and not outside.any():
        return head_pos, head_rpy, outside
    gaze_scale = 1.0 / np.maximum(gaze_norm, 1.0)
    room = np.sqrt(np.maximum(0.0, 1.0 - np.minimum(gaze_norm, 1.0) ** 2))
    rest_scale = np.minimum(1.0, room / np.maximum(rest_norm, 1e-12))
    gaze = gaze * gaze_scale[:, None]
    drawn_pos = near_pos * rest_scale[:, None]
    drawn_rpy = np.stack(
        [near_rpy[:, 0] * rest_scale, gaze[:, 0] * limits.pitch_rad, yaw + gaze[:, 1] * limits.yaw_rad],
        axis=1,
    )
    change = (outside & finite)[:, None]
    return (
        np.where(change, drawn_pos, head_pos),
        np.where(change, drawn_rpy, head_rpy),
        outside | ~finite,
    )
