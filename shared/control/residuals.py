"""What should agree within an observation, and by how much it does not: n observation streams at a time.

Measured joints follow the targets that were applied, velocities are how positions change, the cranks stand
where the head's pose puts them, the gyroscope sees the head turn and the accelerometer sees which way is
down. None of this depends on the task, so no instruction can look like a fault.
"""

from __future__ import annotations

import functools
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
    *(f"still {joint}" for joint in JOINTS),
    "stuck body",
)
"""Each a check and what it is about."""
NUM_CHANNELS = len(CHANNELS)
UNITS = ("rad",) * 36 + ("m/s^2",) * 3 + ("rad",) * 10
SENSED = slot_range("mode").start
"""Slots before this one are what the body measures, and its target."""

LAGS = np.array([(1, 6)] + [(2, 8)] * 6 + [(1, 5)] * 2)
"""(9, 2): the fewest and the most ticks by which a joint of any known body is behind its target."""
WINDOW = 6
"""Ticks over which movements are compared."""
HISTORY = int(LAGS.max()) + WINDOW + 1
"""Ticks that the checks look back on, and of a new stream before they say anything."""
LINKAGE_WINDOW = 3
STILL_TICKS = 3
"""A body may report the same state for so many ticks more than the first."""
SMOOTHING = 0.5
"""Share of the newest difference in velocities that a body derives from its positions."""
_GRAVITY = 9.81
_UNREACHABLE_RAD = 1.0
"""Residual of the cranks where no rod could put the head that was measured."""

_POS, _VEL = slot_range("joint_pos"), slot_range("joint_vel")
_HEAD, _RPY = slot_range("head_pos"), slot_range("head_rpy")
_TARGET = slot_range("applied_target")
_ACCEL, _GYRO = slot_range("imu_accel"), slot_range("imu_gyro")
_JOINTS = slice(_POS.start, _VEL.stop)
_RATES = np.r_[_VEL, _GYRO]
_IS_TARGET = np.isin(np.arange(SENSED), np.r_[_TARGET])
_FOLLOW, _MOVE, _SPEED, _LINKAGE = slice(0, 9), slice(9, 18), slice(18, 27), slice(27, 33)
_TURN, _DOWN, _STILL = slice(33, 36), slice(36, 39), slice(39, 49)

_STEPS, _SMOOTH, _APART = slice(0, 12), slice(12, 21), slice(21, 27)
"""What is remembered of each tick besides the observation: how far velocities and gyroscope say that it went,
the joints' smoothed positions, and how far cranks and head pose disagree."""
_NEWEST = HISTORY - 1
_JOINT = np.arange(NUM_JOINTS)
_LAG = np.clip(np.arange(int((LAGS[:, 1] - LAGS[:, 0]).max()) + 1)[:, None] + LAGS[:, 0], None, LAGS[:, 1])
"""(7, 9): every lag of every joint; a joint with fewer of them repeats its last."""


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
        self._memory = np.zeros((n, WINDOW + 1, 27))
        self._turns = np.tile(np.eye(3), (n, WINDOW + 2, 1, 1))
        self._same = np.zeros((n, 2 * NUM_JOINTS), np.int64)
        self._since = np.zeros((n, len(_LAG), 2 * NUM_JOINTS))
        self._ticks = 0
        self._alive = np.zeros((n, 2), np.bool_)

    @property
    def warm(self) -> bool:
        """Enough was seen to judge."""
        return self._ticks >= HISTORY

    def forget(self) -> None:
        """The stream was interrupted: begin anew. Which sensors the body has stays known."""
        self._ticks = 0
        self._same[:] = 0

    def update(self, obs: F32) -> Residual:
        """Take one tick.

        Args:
            obs: (n, 512), finite.
        """
        past, turns = self._past, self._turns
        for memory in (past, turns, self._memory):
            memory[:, :-1] = memory[:, 1:]
        past[:, -1] = obs[:, :SENSED]
        pos = past[:, -1, _POS]
        self._memory[:, -1, _SMOOTH] += SMOOTHING * (pos - self._memory[:, -1, _SMOOTH])
        # What reports a state twice did not go on in between.
        again = past[:, -1] == past[:, -2]
        steps = np.concatenate([past[:, -1, _VEL], past[:, -1, _GYRO]], axis=1) * TICK_S
        steps[again[:, _JOINTS].all(axis=1), :NUM_JOINTS] = 0.0
        steps[again[:, _POS].all(axis=1), NUM_JOINTS:] = 0.0
        self._memory[:, -1, _STEPS] = steps
        turns[:, -1] = R = rpy_to_matrix(past[:, -1, _RPY])
        self._memory[:, -1, _APART] = _linkage(past, R)
        self._ticks += 1
        value, activity = np.zeros((self._n, NUM_CHANNELS)), np.zeros((self._n, NUM_CHANNELS))
        usable, lost = self._imu()
        if self.warm:
            value[:, _FOLLOW], value[:, _MOVE], value[:, _STILL] = self._follow(again)
            told = self._told()
            value[:, _SPEED] = self._speed(told[:, :, :NUM_JOINTS])
            value[:, _LINKAGE] = self._memory[:, -LINKAGE_WINDOW:, _APART].sum(axis=1) / LINKAGE_WINDOW
            if usable.any():
                value[:, _TURN] = np.where(usable[:, 1:], _turn(told[:, :, NUM_JOINTS:], turns), 0.0)
                value[:, _DOWN] = np.where(usable[:, :1], _down(past, turns), 0.0)
            activity = _activity(past)
        return Residual(value, activity, lost)

    def _follow(self, again: Bool) -> tuple[F64, F64, F64]:
        """(n, 9) rad each: how far a joint is from all that its target was as long ago as bodies lag; how far
        it went within the window, less all that its target did; and `_still`. A loaded joint sags, so the
        first is coarse."""
        targets, pos = self._past[:, :, _TARGET], self._past[:, :, _POS]
        then = targets[:, _NEWEST - _LAG, _JOINT]
        earlier = targets[:, _NEWEST - WINDOW - _LAG, _JOINT]
        went = pos[:, -1] - pos[:, -1 - WINDOW]
        return _outside(pos[:, -1], then), _outside(went, then - earlier), self._still(then, again)

    def _still(self, then: F64, again: Bool) -> F64:
        """(n, 10) rad: how far each joint's target went while the joint read the same to the last bit, and
        how far any target went while all of the body did."""
        same = np.empty(self._same.shape, np.bool_)
        same[:, :NUM_JOINTS] = again[:, _POS]
        same[:, NUM_JOINTS:] = (again | _IS_TARGET).all(axis=1, keepdims=True)
        same &= self._ticks > HISTORY
        then = np.concatenate([then, then], axis=2)
        self._same = np.where(same, self._same + 1, 0)
        self._since = np.where(same[:, None], self._since, then)
        went = np.abs(then - self._since).min(axis=1)
        went[self._same <= STILL_TICKS] = 0.0
        went[:, NUM_JOINTS] = went[:, NUM_JOINTS:].max(axis=1)
        return np.asarray(went[:, : NUM_JOINTS + 1])

    def _told(self) -> F64:
        """(2, n, 12) rad: the least and the most that velocities and gyroscope may mean by what they told in
        the window: of each tick at its end or in its middle, and one tick that was passed over."""
        steps = self._memory[:, :, _STEPS]
        ends = steps[:, 1:].sum(axis=1)
        rates = self._past[:, -1 - WINDOW :: WINDOW, _RATES]
        middles = ends + 0.5 * TICK_S * (rates[:, 0] - rates[:, 1])
        least = np.minimum(ends, middles) + np.minimum(steps.min(axis=1), 0.0)
        most = np.maximum(ends, middles) + np.maximum(steps.max(axis=1), 0.0)
        return np.array([least, most])

    def _speed(self, told: F64) -> F64:
        """(n, 9) rad: how far each joint's velocity told that it went in the window, less how far it did."""
        pos, smooth = self._past[:, :, _POS], self._memory[:, :, _SMOOTH]
        lately = pos[:, -2:] - pos[:, -2 - WINDOW : -WINDOW]
        return _apart(told, lately[:, 0], lately[:, 1], smooth[:, -1] - smooth[:, 0])

    def _imu(self) -> tuple[Bool, Bool]:
        """(n, 2) accelerometer and gyroscope: may be compared; were alive and are not."""
        spoke = self._past[:, -WINDOW:, _ACCEL.start : _GYRO.stop] != 0.0
        said = spoke.reshape(self._n, WINDOW, 2, 3).any(axis=3)
        silent = ~said.any(axis=1)
        self._alive |= ~silent
        # Until the window is full of what the sensor says, it is not compared.
        return said.all(axis=1), self._alive & silent


def _outside(value: F64, band: F64) -> F64:
    """(n, k): by how much the value is outside what (n, m, k) spans."""
    return np.asarray(value - np.minimum(np.maximum(value, band.min(axis=1)), band.max(axis=1)))


def _apart(told: F64, *went: F64) -> F64:
    """(n, k): by how much what was told, (2, n, k) least and most, is above all that went, each (n, k); below
    0 if it is below."""
    above = np.maximum(told[0] - functools.reduce(np.maximum, went), 0.0)
    return np.asarray(above - np.maximum(functools.reduce(np.minimum, went) - told[1], 0.0))


def _linkage(past: F64, R: F64) -> F64:
    """(n, 6) rad: the measured cranks less those that the measured head pose asks for; the pose may be a tick
    older than the cranks."""
    now = past[:, -1]
    asked = inverse_matrix(now[:, _HEAD], R, now[:, 0])
    apart = past[:, -2:, _POS][..., 1:7] - asked[:, None]
    apart = np.remainder(apart + np.pi, 2.0 * np.pi) - np.pi
    low, high = np.minimum(apart[:, 0], apart[:, 1]), np.maximum(apart[:, 0], apart[:, 1])
    apart = np.maximum(low, 0.0) + np.minimum(high, 0.0)
    return np.where(np.isfinite(apart), apart, _UNREACHABLE_RAD)


def _turn(told: F64, turns: F64) -> F64:
    """(n, 3) rad: how far the gyroscope told that the head turned in the window, less how far it did."""
    relative = np.swapaxes(turns[:, :2], 2, 3) @ turns[:, -2:]
    went = 0.5 * (relative[..., (2, 0, 1), (1, 2, 0)] - relative[..., (1, 2, 0), (2, 0, 1)])
    return _apart(told, went[:, 0], went[:, 1])


def _down(past: F64, turns: F64) -> F64:
    """(n, 3) m/s^2: what the accelerometer says less gravity, over the window, in the head frame."""
    up = past[:, -WINDOW:, _ACCEL] - _GRAVITY * turns[:, -WINDOW:, 2]
    return np.asarray(up.sum(axis=1) / WINDOW)


def _activity(past: F64) -> F64:
    """(n, NUM_CHANNELS) rad."""
    targets = past[:, :, _TARGET]
    went = targets.max(axis=1) - targets.min(axis=1)
    went = np.concatenate([went, went[:, :7].max(axis=1, keepdims=True)], axis=1)
    return went[:, _OF_CHANNEL]


_HEAD_MOVES = NUM_JOINTS
_BY_JOINT = [0] + [_HEAD_MOVES] * 6 + [7, 8]
_OF_CHANNEL = np.array([*_BY_JOINT * 3, *[_HEAD_MOVES] * 12, *_BY_JOINT, _HEAD_MOVES])
"""Whose activity counts for each channel: a joint's own, or that of whatever moves the head."""
