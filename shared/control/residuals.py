"""What should agree within an observation, and by how much it does not: n observation streams at a time.

Measured joints follow the targets that were applied, velocities are how positions change, the cranks stand
where the head's pose puts them, the gyroscope sees the head turn and the accelerometer sees which way is
down. None of this depends on the task, so no instruction can look like a fault.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.control.kinematics import inverse_matrix
from shared.control.rotations import rpy_to_matrix
from shared.spaces import JOINTS, NUM_JOINTS, TICK_S, slot_range

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

CHANNELS: tuple[str, ...] = (
    *(f"follow {joint}" for joint in JOINTS),
    *(f"move {joint}" for joint in JOINTS),
    *(f"speed {joint}" for joint in JOINTS),
    *(f"linkage {joint}" for joint in JOINTS[1:7]),
    *(f"gyro {axis}" for axis in "xyz"),
    *(f"gravity {axis}" for axis in "xyz"),
)
"""Each a check and what it is about."""
NUM_CHANNELS = len(CHANNELS)
UNITS = ("rad",) * 36 + ("m/s^2",) * 3
SENSED = slot_range("mode").start
"""Slots before this one are what the body measures, and its target."""

LAGS = np.array([(1, 6)] + [(2, 8)] * 6 + [(1, 5)] * 2)
"""(9, 2): the fewest and the most ticks by which a joint of any known body is behind its target."""
WINDOW = 6
"""Ticks over which movements are compared."""
HISTORY = int(LAGS.max()) + WINDOW + 1
"""Ticks that the checks look back on, and of a new stream before they say anything."""
LINKAGE_WINDOW = 3
_GRAVITY = 9.81
_UNREACHABLE_RAD = 1.0
"""Residual of the cranks where no rod could put the head that was measured."""

_POS, _VEL = slot_range("joint_pos"), slot_range("joint_vel")
_HEAD, _RPY = slot_range("head_pos"), slot_range("head_rpy")
_TARGET = slot_range("applied_target")
_ACCEL, _GYRO = slot_range("imu_accel"), slot_range("imu_gyro")
_JOINTS = slice(_POS.start, _VEL.stop)
_RATES = np.r_[_VEL, _GYRO]
_FOLLOW, _MOVE, _SPEED, _LINKAGE = slice(0, 9), slice(9, 18), slice(18, 27), slice(27, 33)
_TURN, _DOWN = slice(33, 36), slice(36, 39)

_NEWEST = HISTORY - 1
_JOINT = np.arange(NUM_JOINTS)
_LAG = np.clip(np.arange(int((LAGS[:, 1] - LAGS[:, 0]).max()) + 1)[:, None] + LAGS[:, 0], None, LAGS[:, 1])
"""(7, 9): every lag of every joint; a joint with fewer of them repeats its last."""
_SLIPS = np.array([(0, WINDOW), (1, WINDOW + 1), (0, WINDOW - 1), (0, WINDOW + 1)])
"""Newest and oldest tick of the same window where what is compared is a tick late, or where the clocks of
body and agent slipped by a tick within it."""


@dataclass(frozen=True)
class Residual:
    """One tick of n streams."""

    value: F64
    """(n, NUM_CHANNELS): the disagreement, in `UNITS`; 0 while warming up and for a sensor that is absent."""
    activity: F64
    """(n, NUM_CHANNELS) rad: how far the targets that bear on the channel moved within `HISTORY`."""
    lost: Bool
    """(n, 2): accelerometer and gyroscope, alive before, read nothing but zeros."""


class Residuals:
    """The memory of n streams; every tick of each must be given, in order.

    Args:
        n: streams.
    """

    def __init__(self, n: int = 1) -> None:
        self._n = n
        self._past = np.zeros((n, HISTORY, SENSED))
        self._steps = np.zeros((n, WINDOW, _RATES.size))
        self._turns = np.tile(np.eye(3), (n, WINDOW + 2, 1, 1))
        self._linkage = np.zeros((n, LINKAGE_WINDOW, 6))
        self._ticks = 0
        self._alive = np.zeros((n, 2), np.bool_)

    @property
    def warm(self) -> bool:
        """Enough was seen to judge."""
        return self._ticks >= HISTORY

    def forget(self) -> None:
        """The stream was interrupted: begin anew. Which sensors the body has stays known."""
        self._ticks = 0

    def update(self, obs: F32) -> Residual:
        """Take one tick.

        Args:
            obs: (n, 512), finite.
        """
        past, turns = self._past, self._turns
        for memory in (past, turns, self._steps, self._linkage):
            memory[:, :-1] = memory[:, 1:]
        past[:, -1] = obs[:, :SENSED]
        # A body that reports a state twice did not go on in between.
        again = (past[:, -1, _JOINTS] == past[:, -2, _JOINTS]).all(axis=1, keepdims=True)
        self._steps[:, -1] = np.where(again, 0.0, TICK_S * past[:, -1, _RATES])
        turns[:, -1] = R = rpy_to_matrix(past[:, -1, _RPY])
        self._linkage[:, -1] = _linkage(past[:, -1], R)
        self._ticks += 1
        value, activity = np.zeros((self._n, NUM_CHANNELS)), np.zeros((self._n, NUM_CHANNELS))
        usable, lost = self._imu()
        if self.warm:
            value[:, _FOLLOW], value[:, _MOVE] = _follow(past)
            told = self._steps.sum(axis=1)
            value[:, _SPEED] = _speed(past, told[:, :NUM_JOINTS])
            value[:, _LINKAGE] = self._linkage.mean(axis=1)
            if usable.any():
                value[:, _TURN] = np.where(usable[:, 1:], _turn(told[:, NUM_JOINTS:], turns), 0.0)
                value[:, _DOWN] = np.where(usable[:, :1], _down(past, turns), 0.0)
            activity = _activity(past)
        return Residual(value, activity, lost)

    def _imu(self) -> tuple[Bool, Bool]:
        """(n, 2) accelerometer and gyroscope: may be compared; were alive and are not."""
        spoke = self._past[:, -WINDOW:, _ACCEL.start : _GYRO.stop] != 0.0
        said = spoke.reshape(self._n, WINDOW, 2, 3).any(axis=3)
        silent = ~said.any(axis=1)
        self._alive |= ~silent
        # Until the window is full of what the sensor says, it is not compared.
        return said.all(axis=1), self._alive & silent


def _follow(past: F64) -> tuple[F64, F64]:
    """Both (n, 9) rad: how far each joint is from all that its target was as long ago as bodies lag; and how
    far it went within the window, less all that its target did. A loaded joint sags, so the first is
    coarse."""
    targets, pos = past[:, :, _TARGET], past[:, :, _POS]
    then = targets[:, _NEWEST - _LAG, _JOINT]
    earlier = targets[:, _NEWEST - WINDOW - _LAG, _JOINT]
    went = pos[:, -1] - pos[:, -1 - WINDOW]
    return _outside(pos[:, -1], then), _outside(went, then - earlier)


def _outside(value: F64, band: F64) -> F64:
    """(n, k): by how much the value is outside what (n, m, k) spans."""
    return np.asarray(value - np.minimum(np.maximum(value, band.min(axis=1)), band.max(axis=1)))


def _speed(past: F64, told: F64) -> F64:
    """(n, 9) rad: how far each joint's velocity told that it went in the window, less how far it did."""
    pos = past[:, :, _POS]
    went = pos[:, _NEWEST - _SLIPS[:, 0]] - pos[:, _NEWEST - _SLIPS[:, 1]]
    return _outside(told, went)


def _linkage(now: F64, R: F64) -> F64:
    """(n, 6) rad: the measured cranks less those that the measured head pose asks for."""
    apart = now[:, _POS][:, 1:7] - inverse_matrix(now[:, _HEAD], R, now[:, 0])
    apart = np.remainder(apart + np.pi, 2.0 * np.pi) - np.pi
    return np.where(np.isfinite(apart), apart, _UNREACHABLE_RAD)


def _turn(told: F64, turns: F64) -> F64:
    """(n, 3) rad: how far the gyroscope told that the head turned in the window, less how far it did."""
    last = turns.shape[1] - 1
    relative = np.swapaxes(turns[:, last - _SLIPS[:, 1]], 2, 3) @ turns[:, last - _SLIPS[:, 0]]
    went = 0.5 * (relative[..., (2, 0, 1), (1, 2, 0)] - relative[..., (1, 2, 0), (2, 0, 1)])
    return _outside(told, went)


def _down(past: F64, turns: F64) -> F64:
    """(n, 3) m/s^2: what the accelerometer says less gravity, over the window, in the head frame."""
    return np.asarray(past[:, -WINDOW:, _ACCEL].mean(axis=1) - _GRAVITY * turns[:, -WINDOW:, 2].mean(axis=1))


def _activity(past: F64) -> F64:
    """(n, NUM_CHANNELS) rad."""
    targets = past[:, :, _TARGET]
    went = targets.max(axis=1) - targets.min(axis=1)
    went = np.concatenate([went, went[:, :7].max(axis=1, keepdims=True)], axis=1)
    return went[:, _OF_CHANNEL]


_HEAD_MOVES = NUM_JOINTS
_OF_CHANNEL = np.array([*([0] + [_HEAD_MOVES] * 6 + [7, 8]) * 3, *[_HEAD_MOVES] * 12])
"""Whose activity counts for each channel: a joint's own, or that of whatever moves the head."""
