"""What `say` says: an answer out of a fixed vocabulary, told by its parameters and what was seen just then.

There is no loudspeaker in it: an answer is text, shown where the robot's people look. The same function gives
the answer to the judge of a simulated episode, to the learner for a robot's record, and to the pages.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.messages import SceneObject
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, NUM_PARAMS, slot_range
from shared.tools import TOOL_INDEX, TOOLS

F32 = NDArray[np.float32]
FloatArray = NDArray[np.floating]

WORDS = ("yes", "no", "left", "right", "", "hello", "done", "I do not know")
"""By `say`'s first parameter; the empty one stands for the name of a thing that is seen, the second
parameter for which."""
NAMES_A_THING = WORDS.index("")
NOTHING = "nothing"
"""The name of what is not there."""

_INDEX = TOOL_INDEX["say"]
_SAY = TOOLS[_INDEX]
_DETECTIONS = slot_range("detections")
_CODE = (DETECTION_FIELDS.index("class_a"), DETECTION_FIELDS.index("class_b"))
_SIZE = DETECTION_FIELDS.index("size")
_SAME_CODE = 1e-3

assert len(WORDS) == 1 + round(_SAY.params[0].high)
assert 1 + round(_SAY.params[1].high) == NUM_DETECTIONS


def spoken(tool: int, params: FloatArray, obs: F32, names: Sequence[SceneObject]) -> str:
    """What a decision says, "" if it is none of `say`.

    Args:
        tool: index into `TOOLS`.
        params: (4,) raw.
        obs: (512,) before the decision.
        names: what there is to be named: the episode's objects.
    """
    return answer(params, obs[_DETECTIONS], names) if tool == _INDEX else ""


def answer(params: FloatArray, detections: F32, names: Sequence[SceneObject]) -> str:
    """What is said.

    Args:
        params: raw parameters of `say`, at least two; clipped to [-1, 1].
        detections: (64,) as they were observed before the decision.
        names: what there is to be named: the episode's objects.

    Returns:
        One of `WORDS`, or an object's name; `NOTHING` where no detection is at the place that was told, or
        where it is of no known object.
    """
    word, place = (p.choice(float(raw)) for p, raw in zip(_SAY.params, params, strict=False))
    if word != NAMES_A_THING:
        return WORDS[word]
    slot = np.asarray(detections).reshape(NUM_DETECTIONS, -1)[place]
    if slot[_SIZE] <= 0.0:
        return NOTHING
    for thing in names:
        if np.abs(slot[list(_CODE)] - thing.code).max() < _SAME_CODE:
            return thing.name
    return NOTHING


def said(word: int, place: int = 0) -> F32:
    """(4,) raw parameters of `say`.

    Args:
        word: index into `WORDS`.
        place: of a detection, from 0; matters where the word is `NAMES_A_THING`.
    """
    params = np.zeros(NUM_PARAMS, np.float32)
    params[:2] = _SAY.params[0].raw(word), _SAY.params[1].raw(place)
    return params
