"""A robot body in memory: no physics, no process; joints follow their targets with a first-order lag."""

from __future__ import annotations

import numpy as np

from shared.control import kinematics
from shared.control.body import F64, BodyState
from shared.errors import BodyError
from shared.spaces import NUM_JOINTS, TICK_S

GRAVITY_M_S2 = 9.81
_TRACKING_ITERATIONS = 3


class StillBody:
    """A `Body` whose clock advances by one tick a `read`. Starts at `start`, at rest.

    Args:
        start: (9,) rad; the neutral pose if absent.
        lag_s: time constant with which joints follow; 0 = at once.
    """

    def __init__(self, start: F64 | None = None, lag_s: float = 0.03) -> None:
        self._target = kinematics.NEUTRAL.copy() if start is None else np.array(start, np.float64)
        self._joints = self._target.copy()
        self._share = 1.0 if lag_s <= 0.0 else 1.0 - float(np.exp(-TICK_S / lag_s))
        self._head = kinematics.forward(self._joints[None])
        self._ticks = 0
        self._closed = False
        self.relaxed = False
        """Motors are off: targets have no effect until the next `write`."""

    def read(self) -> BodyState:
        """The state one tick later.

        Raises:
            BodyError: the body was closed.
        """
        self._open()
        before = self._joints
        self._ticks += 1
        if not self.relaxed:
            self._joints = before + self._share * (self._target - before)
        self._head = kinematics.forward(self._joints[None], self._head, _TRACKING_ITERATIONS)
        position, R = self._head
        return BodyState(
            time_s=self._ticks * TICK_S,
            joint_pos=self._joints.copy(),
            joint_vel=(self._joints - before) / TICK_S,
            head_pos=position[0],
            head_quat=kinematics.matrix_to_quat(R)[0],
            imu_accel=R[0].T @ np.array([0.0, 0.0, GRAVITY_M_S2]),
            imu_gyro=np.zeros(3),
            target=self._target.copy(),
        )

    def write(self, target: F64) -> None:
        """Set the joint target, (9,) rad.

        Raises:
            BodyError: wrong shape, not finite, or the body was closed.
        """
        self._open()
        target = np.array(target, np.float64)
        if target.shape != (NUM_JOINTS,) or not np.isfinite(target).all():
            raise BodyError(f"a joint target is {NUM_JOINTS} finite numbers, got {target!r}")
        self._target = target
        self.relaxed = False

    def hold(self) -> None:
        """Keep the last target with motors on."""
        self._open()
        self.relaxed = False

    def relax(self) -> None:
        """Motors off; the joints stay where they are."""
        self._open()
        self.relaxed = True

    def faults(self) -> tuple[str, ...]:
        """Nothing ever breaks in memory."""
        return ()

    def close(self) -> None:
        """Let go of the body without moving it."""
        self._closed = True

    def _open(self) -> None:
        if self._closed:
            raise BodyError("the body is closed")
