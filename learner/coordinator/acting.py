"""How a goal is worked at: from what the camera reports to one of the robot's own tools. No learning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.coordinator.goals import Answer, Look, Use
from shared.control.vision import HALF_TAN_U, HALF_TAN_V
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, NUM_PARAMS, TICK_S
from shared.tools import TOOL_INDEX, TOOLS
from sim import phrases

F32 = NDArray[np.float32]
Place = tuple[float, float]
"""u right and v down in the image, in [-1, 1]."""

CENTRED_RAD = math.radians(3.0)
"""An object this near to the image's middle is looked at."""
RESTED = 2
"""So many decisions in a row that see it there: the gaze has rested on it for at least 0.4 s."""
FOLLOWED = 20
"""Likewise for something that is followed: 8 s."""
UNSEEN = 2
"""What was not seen so often, and then not from home either, is not there."""
SLOWLY_DEG_S = 40.0
"""Fastest turn of a slow look."""
_PEAK = 1.875 / (TOOLS[TOOL_INDEX["look"]].ticks * TICK_S)
"""Peak speed of a minimum-jerk look, per radian [1/s]."""
_SLOWLY_TAN = math.tan(math.radians(SLOWLY_DEG_S) / _PEAK)
_SAME_CODE = 0.01
_FIELD = {name: k for k, name in enumerate(DETECTION_FIELDS)}
_USUAL: dict[str, dict[str, float]] = {
    "turn_head": {"yaw": 15.0},
    "pitch_head": {"pitch": -10.0},
    "roll_head": {"roll": 10.0},
    "move_head": {"z": 8.0},
    "turn_body": {"yaw": 20.0},
    "scan": {"yaw": 30.0},
}
"""Arguments of tools whose middle would be no motion at all."""
_SWEEP = (20.0, 20.0, -20.0, -20.0, -20.0, -20.0, 20.0, 20.0)
"""Turns of the body [deg] in search of what is not seen from home."""


@dataclass(frozen=True)
class Call:
    """One decision."""

    tool: int
    params: F32
    """(4,) raw."""


@dataclass(frozen=True)
class Names:
    """Which class code of a detection stands for which name: what a detector knows."""

    names: tuple[str, ...]
    codes: NDArray[np.float64]
    """(k, 2)."""

    @classmethod
    def of(cls, names: Sequence[str]) -> Names:
        """Of objects whose embeddings are stored (`sim.phrases`)."""
        codes = [phrases.class_code(phrases.embedding(name)) for name in names]
        return cls(tuple(names), np.array(codes).reshape(-1, 2))

    def seen(self, detections: F32) -> dict[str, Place]:
        """Where each named object is in the image.

        Args:
            detections: (64,) slots as observed.
        """
        found: dict[str, Place] = {}
        for slot in detections.reshape(NUM_DETECTIONS, -1):
            if slot[_FIELD["size"]] <= 0.0 or not self.names:
                continue
            off = np.abs(self.codes - slot[[_FIELD["class_a"], _FIELD["class_b"]]]).max(axis=1)
            best = int(off.argmin())
            if off[best] < _SAME_CODE:
                found.setdefault(self.names[best], (float(slot[_FIELD["u"]]), float(slot[_FIELD["v"]])))
        return found


def call(tool: str, args: Mapping[str, float] | None = None) -> Call:
    """A tool with arguments in its units; what is left out is at its usual value."""
    given = {**_USUAL.get(tool, {}), **(args or {})}
    params = np.zeros(NUM_PARAMS, np.float32)
    for k, param in enumerate(TOOLS[TOOL_INDEX[tool]].params):
        if param.name in given:
            params[k] = param.raw(given[param.name])
    return Call(TOOL_INDEX[tool], params)


def use(goal: Use) -> Call:
    """One of the robot's own tools."""
    return call(goal.tool, goal.args)


@dataclass
class Gaze:
    """Works at one look: turns until the object is in the middle of the image, and stays on it."""

    goal: Look
    rested: int = 0
    """Decisions in a row that began with the object in the middle."""
    lost: int = 0
    """Decisions in a row that began without seeing it."""

    def step(self, seen: Mapping[str, Place]) -> Call:
        """What to do now."""
        at = seen.get(self.goal.object)
        if at is None:
            self.lost, self.rested = self.lost + 1, 0
            return _search(self.lost)
        u, v = at
        off = math.hypot(u * HALF_TAN_U, v * HALF_TAN_V)
        self.lost, self.rested = 0, self.rested + 1 if off < math.tan(CENTRED_RAD) else 0
        share = min(1.0, _SLOWLY_TAN / max(off, 1e-9)) if self.goal.slowly else 1.0
        return call("look", {"u": share * u, "v": share * v})

    @property
    def done(self) -> bool:
        """Whether the gaze has rested on it, as far as the robot itself can tell."""
        return self.rested >= (FOLLOWED if self.goal.follow else RESTED)


@dataclass
class Search:
    """Works at one question: whether an object is there. The table is seen whole from home."""

    goal: Answer
    looked: int = 0
    """Decisions that began without seeing it."""
    done: bool = False
    """Whether the newest step was an answer."""

    def step(self, seen: Mapping[str, Place]) -> Call:
        """What to do now: an answer, or a look at the table from home."""
        self.done = self.goal.object in seen or self.looked >= UNSEEN
        if self.done:
            return call("nod" if self.goal.object in seen else "shake")
        self.looked += 1
        return call("go_home" if self.looked == 1 else "wait")


def _search(lost: int) -> Call:
    """A detector may miss a thing once; else home shows the table, and then the body turns."""
    if lost == 1:
        return call("wait")
    if lost <= 3:
        return call("go_home")
    return call("turn_body", {"yaw": _SWEEP[(lost - 4) % len(_SWEEP)]})
