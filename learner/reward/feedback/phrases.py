"""Which part of an episode words speak of: "the nod was great", "the first time", "at the end", "all of it".

Plain patterns, English first; whatever they do not find is left to the delay density. A wrong guess here
would blame the wrong decision, so they only speak up where the words leave little doubt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from learner.reward.encoding import clean
from shared.tools import TOOL_INDEX

Part = Literal["", "first", "second", "third", "last", "before_last", "all"]

SYNONYMS: dict[str, str] = {
    "look": r"look(?:ing|ed)?(?! around| like| as if)|gaze|glance",
    "turn_head": r"head turn|turn of (?:the|your) head",
    "pitch_head": r"head tip|chin",
    "roll_head": r"(?:head )?tilt(?:ing|ed)?",
    "move_head": r"head lift|stretch(?:ing|ed)?|slid(?:e|ing)|shift(?:ing)?|lean(?:s|ing|ed)?",
    "track": r"track(?:ing|ed)?|pursuit",
    "turn_body": r"spin(?:ning)?|body turn|turning of the body",
    "nod": r"nod(?:s|ding|ded)?",
    "shake": r"(?:head ?)?shak(?:e|es|ing)|shook",
    "wobble": r"wobbl(?:e|es|ing|ed)",
    "bob": r"bob(?:s|bing|bed)?|bounc(?:e|es|ing|ed)",
    "sway": r"sway(?:s|ing|ed)?|danc(?:e|es|ing|ed)",
    "wave_antennas": r"wav(?:e|es|ing|ed)",
    "set_antennas": r"antenna pose|antenna move",
    "run_made": r"trick|routine|(?:new|learned|learnt|taught) (?:move|motion)",
    "scan": r"scan(?:s|ning|ned)?|look(?:ing)? around|looked around",
    "take_photo": r"photo(?:graph)?|snapshot",
    "say": r"answer(?:s|ing|ed)?|reply",
    "go_home": r"return to rest|reset|going home",
    "wait": r"paus(?:e|es|ing)|wait(?:ing|ed)?|stillness",
}
"""Tool -> how people call it."""
_TOOLS = {TOOL_INDEX[name]: re.compile(rf"\b(?:{words})\b") for name, words in SYNONYMS.items()}

_ABSENT = re.compile(r"\b(?:not|no|never|without|instead of|rather than|should have|supposed to|meant to)\b")
"""What follows did not happen, in the same clause: "that was not a nod", "you should have looked"."""
_CLAUSE = re.compile(r"[,.;:!?]|\bbut\b|\band\b|\bthough\b|\byet\b")

_PARTS: tuple[tuple[Part, re.Pattern[str]], ...] = (
    (
        "all",
        re.compile(
            r"\b(?:overall|all in all|the whole (?:thing|time|episode)|all of (?:it|that|them))\b|"
            r"\b(?:every|each) time\b"
        ),
    ),
    (
        "before_last",
        re.compile(r"\b(?:the (?:one|time) before(?: that| last)?|last but one|before the last)\b"),
    ),
    (
        "first",
        re.compile(
            r"\b(?:at first|the first|your first|first time|at the (?:start|beginning)|to begin with)\b"
        ),
    ),
    ("second", re.compile(r"\b(?:the|your) second\b|\bsecond time\b")),
    ("third", re.compile(r"\b(?:the|your) third\b|\bthird time\b")),
    ("last", re.compile(r"\b(?:at the end|in the end|the last|your last|last time|the final|the ending)\b")),
)


@dataclass(frozen=True)
class Mention:
    """What words speak of."""

    tools: frozenset[int]
    """Tools that they name as something that happened; empty: none."""
    part: Part
    """Which of several; "": they do not say."""
    several: bool = False
    """They speak of more than one: "the nods were"."""


def mention(text: str) -> Mention:
    """Read a text; any text at all."""
    plain = clean(text).lower().replace("\u2019", "'").replace("n't", " not")
    found: set[int] = set()
    several = False
    for clause in _CLAUSE.split(plain):
        absent = _ABSENT.search(clause)
        for tool, pattern in _TOOLS.items():
            for match in pattern.finditer(clause):
                if absent is None or match.start() < absent.start():
                    found.add(tool)
                    several |= match.group().endswith("s") and not match.group().endswith("ss")
    # "looked around" is a scan, not also a look.
    if TOOL_INDEX["scan"] in found and not re.search(r"\blook(?:ing|ed)?(?! around)\b", plain):
        found.discard(TOOL_INDEX["look"])
    part: Part = next((part for part, pattern in _PARTS if pattern.search(plain)), "")
    return Mention(frozenset(found), part, several)


def pick(said: Mention, tools: Sequence[int]) -> list[int]:
    """Which decisions of an episode are meant: indices into `tools`; empty: the words do not tell.

    Args:
        said: what the words speak of.
        tools: tool of each decision of the episode so far, oldest first.
    """
    if not said.tools and not said.part:
        return []
    candidates = [i for i, tool in enumerate(tools) if not said.tools or tool in said.tools]
    if not candidates:
        return []
    if said.part == "all" or (said.several and not said.part):
        return candidates
    place = {"first": 0, "second": 1, "third": 2, "before_last": -2}.get(said.part, -1)
    inside = -len(candidates) <= place < len(candidates)
    return [candidates[place]] if inside else []
