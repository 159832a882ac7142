"""Motions in words that one of the robot's own tools makes as it is; anything else is for the tool maker."""

from __future__ import annotations

import re

from learner.coordinator import phrases
from learner.coordinator.goals import Use
from learner.tooling.primitives import piece
from learner.tooling.words import Wish, Wishes, read
from shared.tools import TOOL_INDEX, TOOLS
from sim.made import made_tools

_GESTURES = {
    "nod": "nod",
    "shake": "shake",
    "wobble": "wobble",
    "bob": "bob",
    "sway": "sway",
    "antennas_wave": "wave_antennas",
}
"""Kinds of wish that are gestures of the robot's own."""
_BY_WORDS = (
    ("wait", r"\bwait|\bstay still|\b(?:keep|hold|be|stand) still|\bpause\b|\bdo nothing\b"),
    (
        "take_photo",
        r"\b(?:take|make|shoot|snap) (?:a|an|another|the) (?:quick )?(?:photo\w*|picture|snapshot|selfie)\b",
    ),
    ("scan", r"\blook (?:all )?around\b|\bscan|\bpan\b|\bsurvey"),
    (
        "go_home",
        r"\bgo (?:back )?home\b|\bto neutral\b|"
        r"\b(?:neutral|rest(?:ing)?|home|start(?:ing)?) (?:position|pose)\b",
    ),
    ("wave_antennas", r"\bsay (?:hello|hi)\b|\bwave (?:hello|hi|goodbye|to|at)\b"),
    ("nod", r"\b(?:say|tell me|give (?:me|us) an?|show me an?) yes\b"),
    ("shake", r"\b(?:say|tell me|give (?:me|us) an?|show me an?) no\b"),
)
_WAIT_S = TOOLS[TOOL_INDEX["wait"]].ticks * 0.02
_TURNS: dict[tuple[str, str], tuple[str, str, float]] = {
    ("look", "left"): ("turn_head", "yaw", 1.0),
    ("look", "right"): ("turn_head", "yaw", -1.0),
    ("look", "down"): ("pitch_head", "pitch", 1.0),
    ("look", "up"): ("pitch_head", "pitch", -1.0),
    ("tilt", "right"): ("roll_head", "roll", 1.0),
    ("tilt", "left"): ("roll_head", "roll", -1.0),
    ("turn_body", "left"): ("turn_body", "yaw", 1.0),
    ("turn_body", "right"): ("turn_body", "yaw", -1.0),
    ("slide", "forward"): ("move_head", "x", 1.0),
    ("slide", "back"): ("move_head", "x", -1.0),
    ("tall", ""): ("move_head", "z", 1.0),
}
"""Kind and side of a wish -> tool, its parameter, and the sign."""


def plain(text: str) -> bool:
    """Whether a motion is asked for as it usually is: not slowly, not widely, not in so many seconds."""
    wish = _single(text)
    return "slowly" not in text and (
        wish is None or (wish.size == 1.0 and wish.tempo == 1.0 and wish.seconds is None)
    )


def own_tool(text: str) -> Use | None:
    """The robot's own tool for these words, if there is one."""
    if "slowly" in text:
        return None
    for tool, pattern in _BY_WORDS:
        if re.search(pattern, text):
            return Use(tool, times=_waits(text) if tool == "wait" else phrases.times_in(text)[0])
    if re.search(r"\b(?:lean in|come (?:a little |a bit )?closer)\b", text):
        return Use("move_head", {"x": TOOLS[TOOL_INDEX["move_head"]].params[0].high})
    wish = _single(text)
    return None if wish is None or wish.seconds is not None else _for(wish)


def nearest(request: str) -> Use | None:
    """The robot's own gesture that comes nearest to one that it cannot make as asked for: at the end of its
    range of tempo and size."""
    wish = _single(request)
    if wish is None or wish.kind not in _GESTURES:
        return None
    tool = _GESTURES[wish.kind]
    amplitude, cycles = TOOLS[TOOL_INDEX[tool]].params
    args = {}
    if wish.tempo != 1.0:
        args["cycles"] = cycles.low if wish.tempo > 1.0 else cycles.high
    if wish.size != 1.0:
        args["amplitude"] = amplitude.low if wish.size < 1.0 else amplitude.high
    return Use(tool, args, wish.count or 1)


def taught(request: str) -> Use | None:
    """The made tool that ships and is just what is asked for, as a choice of `run_made`."""
    wish = _single(request)
    if wish is None or not plain(request) or wish.count not in (None, 1):
        return None
    name = piece(wish).name
    places = [place for place, program in enumerate(made_tools()) if program.name == name]
    return Use("run_made", {"place": float(places[0])}) if places else None


def _for(wish: Wish) -> Use | None:
    usual = wish.size == 1.0 and wish.tempo == 1.0
    if wish.kind in _GESTURES:
        exact = usual and not wish.side and wish.amount is None
        return Use(_GESTURES[wish.kind], times=wish.count or 1) if exact else None
    found = _TURNS.get((wish.kind, wish.side))
    if found is None or not usual or wish.count is not None:
        return None
    tool, name, sign = found
    most = next(p for p in TOOLS[TOOL_INDEX[tool]].params if p.name == name).high
    amount = most if wish.amount is None else wish.amount
    return Use(tool, {name: sign * amount}) if amount <= most else None


def _single(text: str) -> Wish | None:
    reading = read(text)
    if not isinstance(reading, Wishes) or len(reading.groups) != 1 or len(reading.groups[0]) != 1:
        return None
    return reading.groups[0][0]


def _waits(text: str) -> int:
    found = phrases.SECONDS.search(text)
    if found is None:
        return 1
    seconds = 1 if found["n"] in ("a", "an") else phrases.number(found["n"])
    return max(round(seconds / _WAIT_S), 1)
