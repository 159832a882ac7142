"""Words -> wishes: what kind of motion is asked for, how far, how often, how fast, and in what order.

A small grammar of the field's own words, not a language model: what it does not know, it says. Left and right
are the robot's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

COUNT_WORDS = {
    "once": 1, "twice": 2, "thrice": 3, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "couple": 2, "few": 3,
    "several": 3,
}  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """One motion that is asked for."""

    kind: str
    """A key of `learner.tooling.primitives.PRIMITIVES`."""
    side: str = ""
    """left, right, up, down, forward, back, or "" where it does not matter."""
    amount: float | None = None
    """Degrees or millimetres, if somebody said so."""
    count: int | None = None
    seconds: float | None = None
    size: float = 1.0
    """Relative to the kind's usual size."""
    tempo: float = 1.0
    """Relative to the kind's usual duration: 2 is half as fast."""


@dataclass(frozen=True)
class Change:
    """What shall be different about the last made tool."""

    tempo: float = 1.0
    size: float = 1.0
    more: int = 0
    """Rounds more, or fewer."""
    mirror: bool = False

    @property
    def none(self) -> bool:
        """Whether nothing changes."""
        return self == Change()


@dataclass(frozen=True)
class Wishes:
    """Several motions: groups one after the other, the motions of a group at once."""

    groups: tuple[tuple[Wish, ...], ...]


Reading = Wishes | Change | None
"""None: not understood."""

_THEN = re.compile(
    r"\s*(?:,|\band\b|;|\.)*\s*\b(?:then|after that|after which|afterwards?|next|finally|followed by|"
    r"finish(?:ing)? (?:by|with|off)|end(?:ing)? (?:by|with)|and last(?:ly)?)\b\s*,?\s*"
)
_WHILE = re.compile(
    r"\s*,?\s*(?:and |but )?\b(?:while|whilst|at the same time as|at the same time|together with|"
    r"simultaneously(?: with)?|"
    r"as you|along with|during)\b\s*"
)
_AND = re.compile(r"\s*,?\s+and\s+")
_IMPOSSIBLE = re.compile(
    r"\b(?:arms?|hands?|legs?|fingers?|wheels?|feet|walk\w*|fly\w*|driv\w*|jump\w*|flip\w*|backflip|"
    r"pick\w*|grab\w*|sing\w*|"
    r"song|joke|poem|coffee|beer|bring|fetch|open|close|wash|cook|write|tell|say hello to|swim|smile|"
    r"mouth|tongue|hair)\b"
)

_MOODS: tuple[tuple[str, str], ...] = (
    ("surprised", r"surpris|astonish|amaz|shock|startl|stunn|flabbergast|\bwow\b|taken aback"),
    ("sleepy", r"sleep|asleep|tired|drows|doz|yawn|nap\b|exhaust|weary"),
    (
        "sad",
        r"\bsad|gloom|unhapp|depress|miser|sorrow|disappoint|\bcry|melanchol|heartbr|deject|\bglum|"
        r"\bblue\b|mourn",
    ),
    ("happy", r"happ|\bjoy|cheer|\bglad|delight|excit|celebrat|\bfun\b|thrill|pleased|elat"),
    ("curious", r"curio|interested|inquisit|wonder|puzzl|confus|intrigu|baffl"),
    ("proud", r"\bproud|\bpride|confident|triumph|majestic|dignif"),
    ("shy", r"\bshy|bashful|embarrass|timid|coy\b|ashamed|sheepish"),
)
_LEFT, _RIGHT = re.compile(r"\bleft"), re.compile(r"\bright(?!\s+(?:now|away))")
_UP = re.compile(r"\b(?:up|upwards?|ceiling|sky|above|overhead|skywards?|high|higher)\b")
_DOWN = re.compile(r"\b(?:down|downwards?|floor|ground|table|feet|below|low|lower|bottom)\b")
_FORWARD = re.compile(r"\b(?:forwards?|ahead|closer|towards? me|in front|in closer|nearer)\b")
_BACK = re.compile(r"\b(?:back|backwards?|away|rearwards?)\b")
_GAZE = re.compile(r"\b(?:gaze|eyes?|chin|nose|sight|view|stare|look\w*|glanc\w*|peer\w*|peek\w*)\b")
_HEAD = re.compile(r"\b(?:head|neck|face|skull)\b")
_BODY = re.compile(r"\b(?:body|torso|base|trunk|waist|hips?)\b")
_ANTENNA = re.compile(r"\bantenn|\bfeeler")
_TURN = re.compile(
    r"\b(?:turn|rotat|twist|swivel|spin|pivot|swing|look|fac|point|aim|gaz|glanc|peer|peek|stare)\w*"
)
_TILT = re.compile(
    r"\b(?:tilt\w*|tip(?! of)(?:s|ping|ped)?|cock(?:s|ing|ed)?|inclin\w*|lean\w*|roll\w*|cant(?:s|ed|ing)?)\b"
)
_SWAY = re.compile(
    r"\b(?:sway\w*|swing\w*|rock\w*|danc\w*|side to side|left and right|right and left|back and forth)\b"
)


def read(request: str) -> Reading:
    """What a request asks for."""
    text = _plain(request)
    if not text or _IMPOSSIBLE.search(text):
        return None
    groups = [_group(part) for part in _THEN.split(text) if part.strip()]
    if groups and all(groups):
        return Wishes(tuple(group for group in groups if group))
    change = _change(text)
    return None if change.none else change


def _plain(request: str) -> str:
    text = request.lower().replace("’", "'").replace("°", " degrees")
    text = re.sub(r"[^a-z0-9.,' -]", " ", text).replace("-", " ")
    text = re.sub(
        r"^\s*(?:please|could you|can you|would you|now|first|hey|ok|robot|reachy|,|\s)*", " ", text
    )
    return re.sub(r"\s+", " ", text).strip(" .,")


def _group(text: str) -> tuple[Wish, ...] | None:
    """Motions that are made at once; None if a part is not understood."""
    parts = [p for p in _WHILE.split(text) if p.strip()]
    if len(parts) == 1 and _WHILE.search(text):
        parts = [p for p in _AND.split(parts[0]) if p.strip()]
    found = [wish for part in parts if (wish := _wish(part)) is not None]
    return tuple(found) if found and len(found) == len(parts) else None


def _wish(text: str) -> Wish | None:
    kind = _kind(text)
    if kind is None:
        return None
    return replace(
        kind,
        amount=_amount(text),
        count=_count(text),
        seconds=_seconds(text),
        size=_size(text, 1.0),
        tempo=_tempo(text, 1.0),
    )


def _side(text: str) -> str:
    left, right = _LEFT.search(text), _RIGHT.search(text)
    if left and right:
        return ""
    return "left" if left else "right" if right else ""


def _kind(text: str) -> Wish | None:
    side = _side(text)
    if _ANTENNA.search(text):
        return _antennas(text, side)
    for kind, pattern in (
        (
            "eight",
            r"figure (?:of )?(?:8|eight)|infinity|lemniscate|\ban eight\b|\b8 with|(?:draw|"
            r"trace) (?:an? )?(?:8|eight)\b",
        ),
        ("square", r"\bsquare|\bbox\b|rectang"),
        (
            "circle",
            r"circ(?:le|ling|ular|umference)|\brings?\b|\bloops?\b|\borbit|\bgo(?:es|ing)? round|"
            r"\bround and round|around once",
        ),
    ):
        if re.search(pattern, text):
            return Wish(kind, side)
    for mood, pattern in _MOODS:
        if re.search(pattern, text):
            return Wish(mood, side)
    if re.search(r"\bnod|\byes\b|\bagree|affirm|approv|consent", text) and "disagree" not in text:
        return Wish("nod")
    if re.search(r"\bshak|\bno\b|refus|disagree|\bden(?:y|ies|ial)|declin|\bwag\b|\bwags|\bwagging", text):
        return Wish("shake")
    if _BODY.search(text):
        if _SWAY.search(text) and not side:
            return Wish("sway")
        return Wish("turn_body", side) if side and _TURN.search(text) else None
    if re.search(r"\bdanc", text):
        return Wish("sway")
    if re.search(r"\bbow(?:s|ing|ed)?\b|\bcurts", text):
        return Wish("bow")
    if re.search(
        r"wobbl|\brock|\bsway|waggl|ear to ear|side to side|shoulder to shoulder|metronom|tick tock", text
    ):
        return Wish("wobble")
    if re.search(r"\bbob|bounc|\bhop|jiggl|up and down", text):
        return Wish("bob")
    return _pose(text, side)


def _antennas(text: str, side: str) -> Wish | None:
    lively = re.search(r"wav|wigg|flap|twitch|shak|flutter|move|jiggl|swing|wobbl|flick|waggl|twirl", text)
    if not lively:
        if re.search(r"droop|hang|sag|limp|fold|sink", text) or _DOWN.search(text):
            return Wish("antennas_down", side)
        if re.search(r"rais|straight|upright|lift|perk|erect", text) or _UP.search(text):
            return Wish("antennas_up", side)
        if re.search(r"spread|apart|outwards?|\bopen", text):
            return Wish("antennas_apart", side)
        return None
    return Wish("antennas_wave", side)


def _pose(text: str, side: str) -> Wish | None:
    up, down = bool(_UP.search(text)), bool(_DOWN.search(text))
    tilt, head = bool(_TILT.search(text)), bool(_HEAD.search(text))
    if re.search(r"diagonal|slant|askew|\bat an angle|obliqu|crooked|\baslant", text):
        return Wish("diagonal", side)
    gaze = bool(_GAZE.search(text))
    lift = bool(re.search(r"\b(?:rais|ris|lift|stretch|grow|perk|heighten)\w*|\btall|\bhigher\b", text))
    drop = bool(re.search(r"\b(?:lower|duck|sink|crouch|shrink|drop|squat|hunch)\w*", text))
    if side and (up or down) and (tilt or gaze or _TURN.search(text)):
        return Wish("diagonal", side if down else f"{side} up")
    if tilt and not re.search(r"\bin closer|\bforwards?|\bback|\bup\b|\bdown\b", text):
        return Wish("tilt", side)
    if lift and not gaze and not re.search(r"\barm|\bhand", text) and (head or up or "tall" in text):
        return Wish("tall")
    if lift and gaze:
        return Wish("look", "up")
    if drop and not gaze:
        return Wish("duck")
    if drop and gaze:
        return Wish("look", "down")
    if _FORWARD.search(text) and (head or re.search(r"\blean|\bmov|\bpush|\bslid|\bcome", text)):
        return Wish("slide", "forward")
    if _BACK.search(text) and (head or re.search(r"\blean|\bmov|\bpull|\bslid|\bretreat", text)):
        return Wish("slide", "back")
    asked = head or gaze or tilt or _TURN.search(text) or re.search(r"\bbend|\bpitch|\bdip", text)
    if not asked:
        return None
    if up or down:
        return Wish("look", "up" if up else "down")
    return Wish("look", side or "left") if side or _amount(text) is not None else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None if text not in COUNT_WORDS else float(COUNT_WORDS[text])


_NUM = r"(\d+(?:\.\d+)?|" + "|".join(COUNT_WORDS) + r")"


def _amount(text: str) -> float | None:
    found = re.search(rf"{_NUM} ?(?:degrees?|deg|mm|millimet\w+|cm|centimet\w+)\b", text)
    if found is None:
        return None
    value = _number(found.group(1))
    return None if value is None else value * (10.0 if re.search(r"\d ?(?:cm|centi)", found.group()) else 1.0)


def _seconds(text: str) -> float | None:
    found = re.search(rf"\b(?:in|within|over|for|during) (?:about )?{_NUM} ?(?:s|secs?|seconds?)\b", text)
    return None if found is None else _number(found.group(1))


def _count(text: str) -> int | None:
    found = re.search(
        rf"\b{_NUM} ?(?:times?|x|rounds?|turns?|nods?|shakes?|circles?|loops?|bounces?|waves?|laps?)\b", text
    )
    found = found or re.search(r"\b(once|twice|thrice)\b", text)
    found = found or re.search(r"\b(couple|few|several)\b", text)
    value = None if found is None else _number(found.group(1))
    return None if value is None else int(value)


def _tempo(text: str, usual: float) -> float:
    """Longer is slower."""
    if re.search(r"\bhalf (?:the |your |that |as )?(?:speed|fast|tempo)|\btwice as slow", text):
        return 2.0
    if re.search(r"\b(?:twice|double) (?:the |as |that )?(?:speed|fast|quick|tempo)", text):
        return 0.55
    if re.search(
        r"\bless (?:quick|fast|hast|hurried)|\bslow|\bgentl|\bcalm|\bleisur|\blazi|\brelax|"
        r"\btake your time|\bunhurried",
        text,
    ):
        return 1.5
    if re.search(r"\bless slow|\bfast|\bquick|\bspeed|\bhurr|\bbrisk|\brapid|\bswift|\blively|\bsnapp", text):
        return 0.7
    return usual


def _size(text: str, usual: float) -> float:
    if re.search(r"\b(?:twice|double) (?:as |the )?(?:far|big|large|wide|size|much|high)", text):
        return 1.8
    if re.search(r"\bhalf (?:as |the )?(?:far|big|large|wide|size|much)", text):
        return 0.55
    if re.search(
        r"\bsmall|\blittle\b|\btiny|\bslight|\bsubtl|\bless\b(?! (?:quick|fast|slow))|\bnarrow|"
        r"\bminiatur|\bshort",
        text,
    ):
        return 0.65
    if re.search(
        r"\bbig|\blarge|\bwide|\bhuge|\bfurther|\bfarther|\bmore (?:pronounced|strongly)|\benorm|"
        r"\bexaggerat|\bbroad",
        text,
    ):
        return 1.4
    return usual


def _change(text: str) -> Change:
    """What a sentence without a motion of its own says about the last one."""
    more = 0
    if re.search(
        r"\b(?:one|1) (?:time |round )?(?:more|extra|additional)|\bonce more|\bone more time|"
        r"\banother (?:time|one|round)",
        text,
    ):
        more = 1
    elif re.search(r"\b(?:one|1) (?:time )?(?:less|fewer)|\bonce less", text):
        more = -1
    elif found := re.search(rf"\b{_NUM} (?:times |rounds )?more\b", text):
        more = int(_number(found.group(1)) or 0)
    mirror = bool(
        re.search(
            r"\bother (?:way|side|direction)|\bopposite|\bmirror|\brevers|\bcounter|\binvert|"
            r"\banti ?clock|\bchange direction",
            text,
        )
    )
    tempo, size = _tempo(text, 1.0), _size(text, 1.0)
    return Change(tempo, 1.0 if more else size, more, mirror)
