"""An independent judge of setpoints: sees emitted setpoints and the limits' figures, not the limiter."""

from __future__ import annotations

import numpy as np

DT_S = 0.02
DEG = np.pi / 180.0

# Written out again on purpose: a slip in the limiter's own table must not hide itself.
LOW = np.array([-157, -45, -77, -45, -77, -67, -77, -176, -176]) * DEG
HIGH = np.array([157, 77, 67, 77, 45, 77, 45, 176, 176]) * DEG
VEL = np.array([2, 4, 4, 4, 4, 4, 4, 6, 6], float)
ACC = np.array([20, 60, 60, 60, 60, 60, 60, 100, 100], float)
JERK = np.array([500, 1500, 1500, 1500, 1500, 1500, 1500, 3000, 3000], float)


def worst(start: np.ndarray, emitted: np.ndarray, factor: float = 1.0) -> dict[str, float]:
    """Largest use of each limit, 1 = at the limit, for setpoints (n, T, 9) emitted from rest at start (n, 9).

    `position` is how far [rad] a setpoint lies outside, negative inside; a start outside widens
    the range to itself.
    """
    still = np.repeat(start[:, None], 3, axis=1)
    p = np.concatenate([still, emitted], axis=1)
    v = np.diff(p, axis=1) / DT_S
    a = np.diff(v, axis=1) / DT_S
    j = np.diff(a, axis=1) / DT_S
    low, high = np.minimum(LOW, start)[:, None], np.maximum(HIGH, start)[:, None]
    return {
        "position": float(np.maximum(low - emitted, emitted - high).max()),
        "velocity": float((np.abs(v) / VEL).max()) / factor,
        "acceleration": float((np.abs(a) / ACC).max()) / factor,
        "jerk": float((np.abs(j) / JERK).max()) / factor,
    }


def assert_inside(start: np.ndarray, emitted: np.ndarray, factor: float = 1.0) -> None:
    """Not one setpoint outside any limit."""
    assert np.isfinite(emitted).all()
    found = worst(start, emitted, factor)
    assert found["position"] <= 0.0, found
    assert max(found["velocity"], found["acceleration"], found["jerk"]) <= 1.0, found
