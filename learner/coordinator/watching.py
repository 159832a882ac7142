"""Tells what a robot does from its motion alone: gestures, and rests of the gaze on named objects.

The same recognition as the tasks' judges have, for commands that are no task.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from learner.coordinator.tracker import Event
from shared.control.rotations import quat_to_matrix
from shared.control.vision import gaze_angle
from shared.spaces import TICK_S
from sim.tasks.gestures import BOW, CONFIG, GESTURES, MAX_FOLLOW, NONE, GestureTracker, channels
from sim.tasks.judge import DWELL_RAD, DWELL_S

F64 = NDArray[np.float64]
_DWELL_TICKS = round(DWELL_S / TICK_S)
_BOW_TICKS = round(CONFIG.bow_window_s / TICK_S)


class Watch:
    """Follows one robot.

    Args:
        names: of the objects around it.
        points: (k, 3) m, where they are.
    """

    def __init__(self, names: Sequence[str], points: F64) -> None:
        self._names, self._points = tuple(names), points
        self._gestures = GestureTracker(1)
        self._gestures.reset(np.zeros(1, np.int64))
        self._rest = np.zeros(len(self._names), np.int64)
        self._since_bow = _BOW_TICKS

    def follow(self, joints: F64, head: F64) -> list[Event]:
        """What these ticks complete, in order; a gaze that goes on resting rests anew every 0.4 s.

        Args:
            joints: (k, 9) measured [rad].
            head: (k, 7) measured position [m] and quaternion.
        """
        found: list[Event] = []
        for begin in range(0, len(joints), MAX_FOLLOW):
            found += self._some(joints[begin : begin + MAX_FOLLOW], head[begin : begin + MAX_FOLLOW])
        return found

    def _some(self, joints: F64, head: F64) -> list[Event]:
        R = quat_to_matrix(head[:, 3:])
        one = np.zeros(1, np.int64)
        values = channels(joints[None], head[None], R[None])
        done = self._gestures.follow(one, values, np.array([len(joints)]))[0]
        near = gaze_angle(head[:, :3], R, self._points[None]) <= DWELL_RAD
        found: list[Event] = []
        for tick in range(len(joints)):
            self._since_bow += 1
            # One bow is found on several ticks, as long as it lies within the window.
            if done[tick] > NONE and (done[tick] != BOW or self._since_bow > _BOW_TICKS):
                self._since_bow = 0 if done[tick] == BOW else self._since_bow
                found.append(Event("gesture", GESTURES[done[tick]]))
            self._rest = np.where(near[tick], self._rest + 1, 0)
            full = np.flatnonzero((self._rest > 0) & (self._rest % _DWELL_TICKS == 0))
            found += [Event("looked", self._names[k]) for k in full]
        return found
