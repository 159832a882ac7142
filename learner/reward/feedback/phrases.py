"""Which part of an episode words speak of: "the nod was great", "the first time", "at the end", "all of it".

Plain patterns, all languages at once; whatever they do not find is left to the delay density. A wrong guess
here would blame the wrong decision, so they only speak up where the words leave little doubt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from learner.reward.encoding import clean
from learner.reward.feedback.phrase_words import ENGLISH, LANGUAGES, Part
from shared.tools import TOOL_INDEX


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b")


_TOOLS = {TOOL_INDEX[name]: _any([words.tools[name] for words in LANGUAGES]) for name in ENGLISH.tools}
_ABSENT = _any([words.absent for words in LANGUAGES])
_CLAUSE = re.compile(rf"[,.;:!?]|{_any([words.between for words in LANGUAGES]).pattern}")
_PARTS: dict[Part, re.Pattern[str]] = {
    part: _any([words.parts[part] for words in LANGUAGES]) for part in ENGLISH.parts
}
"""In this order: the first that is found counts."""


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
    part: Part = next((part for part, pattern in _PARTS.items() if pattern.search(plain)), "")
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
