"""How far along its way a smooth motion is: 0 at the start, 1 at the end, at rest at both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

RAMP = 0.2
"""Share of the time in which an even tempo rises, and falls."""


def min_jerk(phase: F64) -> F64:
    """0 -> 1 with zero speed and acceleration at both ends."""
    return np.asarray(phase**3 * (10.0 + phase * (6.0 * phase - 15.0)))


def even(phase: F64) -> F64:
    """0 -> 1 at an even rate, but for a smooth rise from rest and a fall to rest, each `RAMP` long."""

    def ramp(s: F64) -> F64:  # integral of min_jerk from 0 to s
        s = np.clip(s, 0.0, 1.0)
        return np.asarray(RAMP * s**4 * (2.5 + s * (s - 3.0)))

    flat = np.clip(phase, RAMP, 1.0 - RAMP) - RAMP
    fall = RAMP * 0.5 - ramp((1.0 - phase) / RAMP)
    total = 1.0 - RAMP
    return np.asarray((ramp(phase / RAMP) + flat + fall) / total)
