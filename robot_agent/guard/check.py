"""A second opinion on setpoints: plain differences against the limits, sharing no code with the limiter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.control.limits import LIMITS
from shared.spaces import TICK_S

F64 = NDArray[np.float64]

_SLACK = 1.0 + 1e-6
_SLACK_RAD = 1e-9


class SetpointCheck:
    """Watches the setpoints that are written, from a start at rest at `first`, (9,) rad."""

    def __init__(self, first: F64) -> None:
        self._last = [np.array(first)] * 3

    def __call__(self, setpoint: F64) -> bool:
        """Whether this setpoint, (9,) rad, breaks a limit of position, velocity, acceleration or jerk.

        A joint that starts outside its range may be there as long as it does not go further out.
        """
        a, b, c = self._last
        self._last = [b, c, np.array(setpoint)]
        vel = (setpoint - c) / TICK_S
        acc = (setpoint - 2.0 * c + b) / TICK_S**2
        jerk = (setpoint - 3.0 * c + 3.0 * b - a) / TICK_S**3
        # Third differences of numbers around 1 rad carry rounding of 1e-16 / dt^3.
        return bool(
            _outside(setpoint, c).any()
            or (np.abs(vel) > LIMITS.vel * _SLACK).any()
            or (np.abs(acc) > LIMITS.acc * _SLACK).any()
            or (np.abs(jerk) > LIMITS.jerk * _SLACK).any()
        )


def proposal_violations(rows: F64, start: F64) -> int:
    """Ticks of a plan (n, 9) rad that leave a joint's range or exceed its speed, coming from `start` (9,)."""
    before = np.concatenate([start[None], rows[:-1]])
    too_fast = np.abs(rows - before) / TICK_S > LIMITS.vel * _SLACK
    return int((_outside(rows, before) | too_fast).any(axis=1).sum())


def _outside(pos: F64, before: F64) -> NDArray[np.bool_]:
    above = (pos > LIMITS.high + _SLACK_RAD) & (pos > before + _SLACK_RAD)
    below = (pos < LIMITS.low - _SLACK_RAD) & (pos < before - _SLACK_RAD)
    return above | below
