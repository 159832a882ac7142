"""Recognises gestures in a robot's motion: oscillations of one channel that outdo all others, and bows.

Batched and incremental: the same code reads one robot's trace and many simulated ones. A channel's turning
points are confirmed when it has come back by the channel's threshold (a zigzag filter); three of them within
the window complete a gesture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.control.kinematics import matrix_to_rpy, quat_to_matrix
from shared.spaces import TICK_S

F64 = NDArray[np.float64]
Int = NDArray[np.int64]

GESTURES = ("none", "nod", "shake", "wobble", "bob", "sway", "wave_antennas", "bow")
"""What can be recognised; an index into this tuple is a gesture's id."""
NONE = 0
BOW = GESTURES.index("bow")
CHANNELS = ("pitch", "head_yaw", "roll", "height", "body_yaw", "right_antenna", "left_antenna")
"""Head pitch and roll in the base frame, head yaw relative to the body, all rad; head height [m]; joints [rad]."""
CHANNEL_GESTURE = np.array([1, 2, 3, 4, 5, 6, 6], np.int64)
PITCH = 0


@dataclass(frozen=True)
class Config:
    """What counts as a gesture."""

    swing: tuple[float, ...] = (0.061, 0.087, 0.061, 0.003, 0.07, 0.2, 0.2)
    """Least swing per channel, peak to peak: 3.5 deg, 5, 3.5, 3 mm, 4 deg, 11 deg, 11 deg."""
    extremes: int = 3
    """Alternating turning points that complete a gesture..."""
    window_s: float = 1.5
    """... all within this time."""
    bow_depth: float = 0.061
    """A bow: the head is held at least this much lower [rad] (3.5 deg)..."""
    bow_s: float = 0.5
    """... for this long, and is up again..."""
    bow_window_s: float = 1.6
    """... all within this time."""


CONFIG = Config()
_SWING = np.array(CONFIG.swing)
_WINDOW = round(CONFIG.window_s / TICK_S)
_MEMORY = 2 * _WINDOW
"""Ticks of history kept for comparing channels."""
_BOW_TICKS = round(CONFIG.bow_s / TICK_S)
_BOW_WINDOW = round(CONFIG.bow_window_s / TICK_S)
_BOW_EVERY = 5  # ticks between looks for a bow: it is slow, and the look is the dearest part


def channels(joints: F64, head: F64) -> F64:
    """Joint and head traces (n, k, 9) and (n, k, 7) -> channel values (n, k, 7)."""
    n, k = joints.shape[:2]
    rpy = matrix_to_rpy(quat_to_matrix(head[..., 3:].reshape(-1, 4))).reshape(n, k, 3)
    yaw = np.remainder(rpy[..., 2] - joints[..., 0] + np.pi, 2.0 * np.pi) - np.pi
    return np.stack(
        [rpy[..., 1], yaw, rpy[..., 0], head[..., 2], joints[..., 0], joints[..., 7], joints[..., 8]], axis=-1
    )


class GestureTracker:
    """Follows n traces; `advance` takes one tick of some of them and tells which gestures it completes."""

    def __init__(self, n: int) -> None:
        c = len(CHANNELS)
        self._tick = np.zeros(n, np.int64)
        self._direction = np.zeros((n, c), np.int64)  # 0 = has not moved by a swing yet
        self._low = np.zeros((n, c))  # running extreme on either side
        self._high = np.zeros((n, c))
        self._low_tick = np.zeros((n, c), np.int64)
        self._high_tick = np.zeros((n, c), np.int64)
        self._turns = np.full(
            (n, c, CONFIG.extremes), -(10**6), np.int64
        )  # ticks of the newest turning points
        self._history = np.zeros((n, _MEMORY, c))

    def reset(self, rows: Int) -> None:
        """Forget these traces; their next tick is their first."""
        self._tick[rows] = 0

    def advance(self, rows: Int, values: F64) -> Int:
        """One tick of the traces `rows`.

        Args:
            rows: (m,) distinct indices.
            values: (m, 7) channel values.

        Returns:
            (m,) id of the gesture that this tick completes, or 0.
        """
        tick = self._tick[rows]
        fresh = tick == 0
        if fresh.any():
            self._begin(rows[fresh], values[fresh])
        self._history[rows, tick % _MEMORY] = values
        self._tick[rows] = tick + 1

        low, high, direction = self._low[rows], self._high[rows], self._direction[rows]
        now = tick[:, None]
        self._low_tick[rows] = low_tick = np.where(values < low, now, self._low_tick[rows])
        self._high_tick[rows] = high_tick = np.where(values > high, now, self._high_tick[rows])
        low, high = np.minimum(low, values), np.maximum(high, values)
        falls = (high - values >= _SWING) & (direction >= 0)  # a maximum is behind us
        rises = (values - low >= _SWING) & (direction <= 0)
        turned = falls | rises
        self._low[rows], self._high[rows] = low, high
        completed = np.where(self._bows(rows), BOW, NONE)
        if not turned.any():
            return completed
        self._direction[rows] = np.where(falls, -1, np.where(rises, 1, direction))
        self._low[rows] = np.where(falls, values, low)
        self._high[rows] = np.where(rises, values, high)
        self._low_tick[rows] = np.where(falls, now, low_tick)
        self._high_tick[rows] = np.where(rises, now, high_tick)
        # The first movement away from rest confirms no turning point.
        counts = turned & (direction != 0)
        at = np.where(falls, high_tick, low_tick)
        for i in np.flatnonzero(counts.any(axis=1)):
            completed[i] = self._turn(int(rows[i]), counts[i], at[i]) or completed[i]
        return completed

    def _begin(self, rows: Int, values: F64) -> None:
        self._direction[rows] = 0
        self._low[rows] = self._high[rows] = values
        self._low_tick[rows] = self._high_tick[rows] = 0
        self._turns[rows] = -(10**6)

    def _turn(self, row: int, counts: NDArray[np.bool_], at: Int) -> int:
        """Note turning points of one trace; the gesture they complete, or 0."""
        turns, now = self._turns[row], int(self._tick[row])
        turns[counts] = np.concatenate([turns[counts, 1:], at[counts, None]], axis=1)
        full = counts & (now - turns[:, 0] <= _WINDOW)
        if full.any():
            since = int(turns[full, 0].min())
            spread = np.ptp(self._recent(row, now - since), axis=0) / _SWING
            best = int(spread.argmax())
            turns[full] = -(10**6)
            if full[best]:
                self._turns[row] = -(10**6)
                return int(CHANNEL_GESTURE[best])
        return NONE

    def _recent(self, row: int, ticks: int) -> F64:
        """The newest `ticks` values of one trace, oldest first, at most what is remembered."""
        now = int(self._tick[row])
        ticks = min(max(ticks, 1), now, _MEMORY)
        return self._history[row, np.arange(now - ticks, now) % _MEMORY]

    def _bows(self, rows: Int) -> NDArray[np.bool_]:
        """(m,) whether the head has been held down for a while and is up again, over the bow window."""
        found = np.zeros(len(rows), np.bool_)
        now = self._tick[rows]
        due = np.flatnonzero((now % _BOW_EVERY == 0) & (now > _BOW_TICKS))
        if len(due) == 0:
            return found
        ages = np.minimum(np.arange(_BOW_WINDOW, 0, -1), now[due, None])
        pitch = self._history[rows[due, None], (now[due, None] - ages) % _MEMORY, PITCH]
        held = np.lib.stride_tricks.sliding_window_view(pitch, _BOW_TICKS, axis=1).min(axis=2).max(axis=1)
        found[due] = held - np.maximum(pitch[:, 0], pitch[:, -1]) >= CONFIG.bow_depth
        return found
