"""Whether what a robot did accords with what it was asked, as far as a context's words and angles tell.

A small language model sees that "teapot" and "teapot" are the same word far better when it is told so.
"""

from __future__ import annotations

import re
from typing import Literal

from learner.reward.model import Context

Way = Literal["left", "right", "up", "down"]
OPPOSITE: dict[Way, Way] = {"left": "right", "right": "left", "up": "down", "down": "up"}
TURNED_DEG = 3.0
"""From here on a turn is one."""

_WAYS = re.compile(r"\b(left|right|up|down)\b")
_ARTICLES = r"(?:the|a|an|that|this|my|your|our)"


def names(instruction: str, thing: str) -> bool:
    """Whether an instruction names a thing: by its whole name, or by the noun alone ("the duck" for "rubber
    duck"; but "the blue cube" is not "green cube")."""
    asked, whole = instruction.lower(), re.escape(thing.lower().strip())
    if not whole:
        return False
    noun = whole.split("\\ ")[-1]
    return re.search(rf"\b{whole}\b|\b{_ARTICLES} {noun}\b", asked) is not None


def ways_gone(context: Context) -> set[Way]:
    """Where the head went."""
    gone: set[Way] = set()
    if abs(context.turned_deg) >= TURNED_DEG:
        gone.add("left" if context.turned_deg > 0 else "right")
    if abs(context.raised_deg) >= TURNED_DEG:
        gone.add("up" if context.raised_deg > 0 else "down")
    return gone


def way_asked(instruction: str) -> Way | None:
    """The one way that an instruction names; None if it names none, or several."""
    found = set(_WAYS.findall(instruction.lower()))
    way: Way | None = found.pop() if len(found) == 1 else None
    return way


def accord(context: Context) -> list[str]:
    """What can be said, in words: of the gaze, and of the way."""
    told = []
    if context.gaze_after:
        named = names(context.instruction, context.gaze_after)
        told.append("sees what was asked" if named else "sees another thing than asked")
    way = way_asked(context.instruction)
    gone = ways_gone(context)
    if way in gone:
        told.append("went the way asked")
    elif way is not None and OPPOSITE[way] in gone:
        told.append("went the opposite way")
    return told
