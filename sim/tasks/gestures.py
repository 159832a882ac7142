"""Recognises gestures in a robot's motion: oscillations of one channel that outdo all others, and bows.

Batched and incremental: the same code reads one robot's trace and many simulated ones. A channel's turning
points are confirmed when it has come back by the channel's threshold (a zigzag filter); three of them within
the window complete a gesture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.control.rotations import matrix_to_rpy
from shared.spaces import TICK_S
from shared.tools import TRACE_TICKS

F64 = NDArray[np.float64]
Int = NDArray[np.int64]

GESTURES = ("none", "nod", "shake", "wobble", "bob", "sway", "wave_antennas", "bow")
"""What can be recognised; an index into this tuple is a gesture's id."""
NONE = 0
BOW = GESTURES.index("bow")
CHANNELS = ("pitch", "head_yaw", "roll", "height", "body_yaw", "right_antenna", "left_antenna")
"""Head pitch and roll in the base frame, head yaw relative to the body [rad]; head height [m]; joints."""
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
_BOW_TICKS = round(CONFIG.bow_s / TICK_S)
_BOW_WINDOW = round(CONFIG.bow_window_s / TICK_S)
MAX_FOLLOW = TRACE_TICKS
"""Ticks that can be followed in one call."""
_MEMORY = max(_WINDOW, _BOW_WINDOW) + MAX_FOLLOW + 1
"""Ticks of history kept: the windows must not be overwritten by the ticks being followed."""
_LONG_AGO = -(10**6)
_BOW_EVERY = 5  # ticks between looks for a bow: it is slow, and the look is the dearest part


def channels(joints: F64, head: F64, R: F64) -> F64:
    """Channel values (n, k, 7) of joint and head traces.

    Args:
        joints: (n, k, 9) rad.
        head: (n, k, 7) head position [m] and quaternion.
        R: (n, k, 3, 3) the quaternions as matrices.
    """
    n, k = joints.shape[:2]
    rpy = matrix_to_rpy(R.reshape(-1, 3, 3)).reshape(n, k, 3)
    yaw = np.remainder(rpy[..., 2] - joints[..., 0] + np.pi, 2.0 * np.pi) - np.pi
    return np.stack(
        [rpy[..., 1], yaw, rpy[..., 0], head[..., 2], joints[..., 0], joints[..., 7], joints[..., 8]], axis=-1
    )


class GestureTracker:
    """Follows n traces; `follow` takes some of them further and tells which gestures they complete."""

    def __init__(self, n: int) -> None:
        c = len(CHANNELS)
        self._tick = np.zeros(n, np.int64)
        self._direction = np.zeros((n, c), np.int64)  # 0 = has not moved by a swing yet
        self._low = np.zeros((n, c))  # extremes since the last turning point
        self._high = np.zeros((n, c))
        self._low_tick = np.zeros((n, c), np.int64)
        self._high_tick = np.zeros((n, c), np.int64)
        self._turns = np.full(
            (n, c, CONFIG.extremes), _LONG_AGO, np.int64
        )  # ticks of the newest turning points
        self._history = np.zeros((n, _MEMORY, c))

    def reset(self, rows: Int) -> None:
        """Forget these traces; their next tick is their first."""
        self._tick[rows] = 0
        self._direction[rows] = 0
        self._low[rows], self._high[rows] = np.inf, -np.inf
        self._turns[rows] = _LONG_AGO

    def follow(self, rows: Int, values: F64, ticks: Int) -> Int:
        """Take the traces `rows` further.

        Args:
            rows: (m,) distinct indices.
            values: (m, k, 7) channel values, one row a tick; k at most `MAX_FOLLOW`.
            ticks: (m,) how many of the k ticks belong to each trace.

        Returns:
            (m, k) id of the gesture that each tick completes, or 0.
        """
        m, k = values.shape[:2]
        order = np.argsort(-ticks, kind="stable")
        rows, values, ticks = rows[order], values[order], ticks[order]
        # Traces are sorted by length, so that those still going on at a tick are always the first ones.
        going = (ticks[:, None] > np.arange(k)).sum(axis=0)
        began = self._tick[rows]
        self._remember(rows, values, ticks, began)
        low, high, direction = self._low[rows], self._high[rows], self._direction[rows]
        low_tick, high_tick = self._low_tick[rows], self._high_tick[rows]
        done = np.zeros((m, k), np.int64)
        for t in range(k):
            c = int(going[t])
            if c == 0:
                break
            now, v = began[:c] + t, values[:c, t]
            lower, higher = v < low[:c], v > high[:c]
            np.copyto(low[:c], v, where=lower)
            np.copyto(high[:c], v, where=higher)
            np.copyto(low_tick[:c], now[:, None], where=lower)
            np.copyto(high_tick[:c], now[:, None], where=higher)
            falls = (high[:c] - v >= _SWING) & (direction[:c] >= 0)  # a maximum is behind us
            rises = (v - low[:c] >= _SWING) & (direction[:c] <= 0)
            turned = falls | rises
            if turned.any():
                # The first movement away from rest is no turning point.
                counts = turned & (direction[:c] != 0)
                at = np.where(falls, high_tick[:c], low_tick[:c])
                if counts.any():
                    done[:c, t] = self._turn(rows[:c], now, counts, at)
                direction[:c] = np.where(falls, -1, np.where(rises, 1, direction[:c]))
                np.copyto(low[:c], v, where=falls)
                np.copyto(high[:c], v, where=rises)
            bows = self._bows(rows[:c], now)
            if bows is not None:
                done[:c, t] = np.where(bows & (done[:c, t] == NONE), BOW, done[:c, t])
        self._low[rows], self._high[rows], self._direction[rows] = low, high, direction
        self._low_tick[rows], self._high_tick[rows] = low_tick, high_tick
        self._tick[rows] = began + ticks
        out = np.empty_like(done)
        out[order] = done
        return out

    def _remember(self, rows: Int, values: F64, ticks: Int, began: Int) -> None:
        k = values.shape[1]
        if k > MAX_FOLLOW:
            raise ValueError(f"{k} ticks at once; at most {MAX_FOLLOW}")
        i, t = np.nonzero(np.arange(k) < ticks[:, None])
        self._history[rows[i], (began[i] + t) % _MEMORY] = values[i, t]

    def _turn(self, rows: Int, now: Int, counts: NDArray[np.bool_], at: Int) -> Int:
        """Note turning points; (m,) ids of the gestures they complete, or 0."""
        i, channel = np.nonzero(counts)
        turns = self._turns[rows[i], channel]
        turns[:, :-1] = turns[:, 1:]
        turns[:, -1] = at[i, channel]
        self._turns[rows[i], channel] = turns
        full = now[i] - turns[:, 0] <= _WINDOW
        completed = np.zeros(len(rows), np.int64)
        for who in np.unique(i[full]):
            row, mine = int(rows[who]), full & (i == who)
            since = int(turns[mine, 0].min())
            spread = np.ptp(self._recent(row, int(now[who]), since), axis=0) / _SWING
            best = int(spread.argmax())
            self._turns[row, channel[mine]] = _LONG_AGO
            if best in channel[mine]:
                self._turns[row] = _LONG_AGO
                completed[who] = CHANNEL_GESTURE[best]
        return completed

    def _recent(self, row: int, now: int, since: int) -> F64:
        """The values of one trace from tick `since` to `now`."""
        return np.asarray(self._history[row, np.arange(max(since, 0), now + 1) % _MEMORY])

    def _bows(self, rows: Int, now: Int) -> NDArray[np.bool_] | None:
        """(m,) whether the head has been held down for a while and is up again; None when nobody looks."""
        due = np.flatnonzero((now % _BOW_EVERY == 0) & (now >= _BOW_TICKS))
        if len(due) == 0:
            return None
        ages = np.minimum(np.arange(_BOW_WINDOW - 1, -1, -1), now[due, None])
        pitch = self._history[rows[due, None], (now[due, None] - ages) % _MEMORY, PITCH]
        held = np.lib.stride_tricks.sliding_window_view(pitch, _BOW_TICKS, axis=1).min(axis=2).max(axis=1)
        found = np.zeros(len(rows), np.bool_)
        found[due] = held - np.maximum(pitch[:, 0], pitch[:, -1]) >= CONFIG.bow_depth
        return found
