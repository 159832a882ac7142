"""A second opinion on setpoints: plain differences and its own head pose, sharing no code with the limiter.

The limits are written out again on purpose: a slip in the limiter's own table must not hide itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.control.clearance import antenna_clearance, head_clearance
from shared.control.kinematics import forward, inverse_matrix, matrix_to_rpy

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

KINDS = ("position", "velocity", "acceleration", "jerk", "cone", "clearance")
"""What a setpoint can break, in the order of `SetpointCheck.broken`."""

_TICK_S = 0.02
_LOW: F64 = np.deg2rad([-157.0, -45.0, -77.0, -45.0, -77.0, -67.0, -77.0, -176.0, -176.0])
_HIGH: F64 = np.deg2rad([157.0, 77.0, 67.0, 77.0, 45.0, 77.0, 45.0, 176.0, 176.0])
_VEL: F64 = np.array([2.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 6.0, 6.0])
_ACC: F64 = np.array([20.0, 60.0, 60.0, 60.0, 60.0, 60.0, 60.0, 100.0, 100.0])
_JERK: F64 = np.array([500.0, 1500.0, 1500.0, 1500.0, 1500.0, 1500.0, 1500.0, 3000.0, 3000.0])
_CONE: F64 = np.deg2rad([30.0, 40.0, 45.0])
_MARGIN_M = 0.002

_SLACK = 1.0 + 1e-6
_SLACK_RAD = 1e-9
_SLACK_M = 1e-9
_TRACKING_STEPS = (1, 3, 8)
"""Newton steps from the last pose, at first from neutral; the later lots only where those before fail."""
_SAME_RAD = 1e-6


class SetpointCheck:
    """Watches the setpoints that are written, from a start at rest at `first`, (9,) or (n, 9) rad.

    Pose limits count from the first setpoint on that keeps all of them: a robot may be asleep when it starts.
    """

    def __init__(self, first: F64) -> None:
        first = np.array(first, ndmin=2)
        self._last = [first] * 3
        self._pose: tuple[F64, F64] | None = None
        self._judged: tuple[F64, Bool] | None = None
        self._was_inside: Bool = np.asarray(~self._pose_broken(first).any(axis=1))

    def __call__(self, setpoint: F64) -> bool:
        """Whether this setpoint, (9,) rad, breaks any limit."""
        return bool(self.broken(setpoint).any())

    def broken(self, setpoint: F64) -> Bool:
        """Which of `KINDS` the next setpoints, (9,) or (n, 9) rad, break: (n, 6).

        A joint that starts outside its range may be there as long as it does not go further out.
        """
        now = np.array(setpoint, ndmin=2)
        a, b, c = self._last
        self._last = [b, c, now]
        # Third differences of numbers around 1 rad carry rounding of 1e-16 / dt^3.
        motion = [
            _outside(now, c),
            np.abs(now - c) / _TICK_S > _VEL * _SLACK,
            np.abs(now - 2.0 * c + b) / _TICK_S**2 > _ACC * _SLACK,
            np.abs(now - 3.0 * c + 3.0 * b - a) / _TICK_S**3 > _JERK * _SLACK,
        ]
        pose = self._pose_broken(now)
        inside = ~pose.any(axis=1)
        pose &= self._was_inside[:, None]
        self._was_inside |= inside
        return np.concatenate([np.stack([kind.any(axis=1) for kind in motion], axis=1), pose], axis=1)

    def _pose_broken(self, joints: F64) -> Bool:
        """Cone and clearance, (n, 2). Follows the head from setpoint to setpoint, as it moves."""
        if self._judged is not None and np.array_equal(joints, self._judged[0]):
            return self._judged[1].copy()
        still = joints.copy()
        still[:, 0] = 0.0
        for steps in _TRACKING_STEPS:
            self._pose = pos, R = forward(still, self._pose, steps)
            off = np.abs(inverse_matrix(pos, R, np.zeros(len(pos))) - still[:, 1:7]).max(axis=1)
            unknown = ~(off <= _SAME_RAD)
            if not unknown.any():
                break
        cone = (np.abs(matrix_to_rpy(R)) > _CONE * _SLACK).any(axis=1)
        near = head_clearance(pos, R) < _MARGIN_M - _SLACK_M
        near |= (antenna_clearance(pos, R, joints[:, 7:]) < _MARGIN_M - _SLACK_M).any(axis=1)
        verdict = np.stack([cone | unknown, near | unknown], axis=1)
        self._judged = joints, verdict
        return verdict.copy()


def proposal_violations(rows: F64, start: F64) -> int:
    """Ticks of a plan (n, 9) rad that leave a joint's range or exceed its speed, coming from `start` (9,)."""
    before = np.concatenate([start[None], rows[:-1]])
    too_fast = np.abs(rows - before) / _TICK_S > _VEL * _SLACK
    return int((_outside(rows, before) | too_fast).any(axis=1).sum())


def _outside(pos: F64, before: F64) -> Bool:
    above = (pos > _HIGH + _SLACK_RAD) & (pos > before + _SLACK_RAD)
    below = (pos < _LOW - _SLACK_RAD) & (pos < before - _SLACK_RAD)
    return above | below
