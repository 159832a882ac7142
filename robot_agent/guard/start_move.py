"""A gentle scripted motion to an episode's start pose, in joint space, so that it works from any pose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.control.limits import LIMITS
from shared.spaces import TICK_S

F64 = NDArray[np.float64]

EFFORT = 0.4
"""Fraction of every joint's speed limit, and of its acceleration limit, that the motion may use."""
_PEAK_SPEED = 1.875
_PEAK_ACCELERATION = 5.774
"""Of a minimum-jerk motion over unit distance and unit time (Flash & Hogan 1985)."""


def start_move(start: F64, target: F64, effort: float = EFFORT) -> F64:
    """Minimum-jerk setpoints from `start` to `target`, both (9,) rad: (n, 9), the last row is the target."""
    distance = np.abs(target - start)
    by_speed = _PEAK_SPEED * distance / (effort * LIMITS.vel)
    by_acceleration = np.sqrt(_PEAK_ACCELERATION * distance / (effort * LIMITS.acc))
    ticks = int(np.ceil(max(by_speed.max(), by_acceleration.max()) / TICK_S)) + 1
    s = (np.arange(1, ticks + 1) / ticks)[:, None]
    rows: F64 = start + (target - start) * (s**3 * (10.0 - 15.0 * s + 6.0 * s * s))
    return rows
