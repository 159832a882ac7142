"""What a decision's motion was like, in a few numbers a person could have an opinion about."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.spaces import TICK_S

F32 = NDArray[np.float32]

MOTION_FIELDS = (
    "body_range_rad",
    "head_range_rad",
    "antenna_range_rad",
    "body_speed_rad_s",
    "head_speed_rad_s",
    "antenna_speed_rad_s",
)
"""Greatest peak-to-peak excursion and greatest speed over the decision, of the body, of the six head
joints and of the antennas; measured on joints, so that robot and simulation mean the same."""

_GROUPS = (slice(0, 1), slice(1, 7), slice(7, 9))


def motion_features(joints: NDArray[np.floating], n_ticks: NDArray[np.integer]) -> F32:
    """(n, 6) float32 from joint traces.

    Args:
        joints: (n, K, 9) rad after each tick; rows past a decision's own end are not read.
        n_ticks: (n,) how many rows belong to each decision; 0 gives zeros.
    """
    n, ticks = joints.shape[:2]
    if ticks == 0:
        return np.zeros((n, len(MOTION_FIELDS)), np.float32)
    inside = (np.arange(ticks) < n_ticks[:, None])[:, :, None]
    high = np.where(inside, joints, -np.inf).max(axis=1)
    low = np.where(inside, joints, np.inf).min(axis=1)
    span = np.where(n_ticks[:, None] > 0, high - low, 0.0)
    step = np.abs(np.diff(joints, axis=1)) / TICK_S
    speed = np.where(inside[:, 1:], step, 0.0).max(axis=1, initial=0.0)
    columns = [part[:, group].max(axis=1) for part in (span, speed) for group in _GROUPS]
    return np.stack(columns, axis=1).astype(np.float32)
