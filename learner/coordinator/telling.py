"""How a question about what is seen is answered in words: which detection is meant, on which side it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from learner.coordinator.acting import F32, UNSEEN, Call, Gaze, Names, Search, call
from learner.coordinator.goals import Answer, Look, Tell
from shared.answers import NAMES_A_THING, WORDS, said
from shared.control.vision import HALF_TAN_U
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS
from shared.tools import TOOL_INDEX

_U, _SIZE = DETECTION_FIELDS.index("u"), DETECTION_FIELDS.index("size")


@dataclass
class Telling:
    """Works at one answer. The table is seen whole from home."""

    goal: Tell
    names: Names
    looked: int = 0
    """Decisions that began without seeing what is asked about."""
    done: bool = False
    """Whether the newest step was an answer."""

    def step(self, detections: F32, head_yaw: float) -> Call:
        """What to do now: the answer, or a look at the table from home.

        Args:
            detections: (64,) slots as observed.
            head_yaw: [rad] in the base frame.
        """
        params = self._answer(detections, head_yaw)
        if params is None and self.looked >= UNSEEN:
            params = said(WORDS.index("I do not know"))
        self.done = params is not None
        if params is not None:
            return Call(TOOL_INDEX["say"], params)
        self.looked += 1
        return call("go_home" if self.looked == 1 else "wait")

    def _answer(self, detections: F32, head_yaw: float) -> F32 | None:
        if self.goal.what == "side":
            at = self.names.seen(detections).get(self.goal.object)
            if at is None:
                return None
            bearing = head_yaw - math.atan(at[0] * HALF_TAN_U)
            return said(WORDS.index("left" if bearing > 0.0 else "right"))
        slots = detections.reshape(NUM_DETECTIONS, -1)
        there = np.flatnonzero(slots[:, _SIZE] > 0.0)
        if len(there) == 0:
            return None
        aside = slots[there, _U] * (-1.0 if self.goal.what == "rightmost" else 1.0)
        return said(NAMES_A_THING, int(there[aside.argmin()]))


def work_at(goal: Look | Answer | Tell, names: Names) -> Gaze | Search | Telling:
    """Who works at a goal that takes seeing."""
    if isinstance(goal, Look):
        return Gaze(goal)
    return Search(goal) if isinstance(goal, Answer) else Telling(goal, names)
