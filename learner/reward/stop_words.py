"""Words that mean "halt now", found by keyword: no model has a say in it, and nobody waits for one.

A miss is worse than a false alarm, so a short text with a stop word in it counts, unless a phrase says the
opposite or means something else ("don't stop", "nonstop", "stop by the duck").
"""

from __future__ import annotations

import re
import unicodedata

MAX_WORDS = 8
"""A longer text talks about stopping ("it came to a stop where ..."), unless it begins or ends with one."""

_SIGNS = ("🛑", "✋", "⛔", "🚫")
_WORDS = (
    # English
    r"(?:e[- ]?|emergency )?stop(?: it| that| now| moving| please)*",
    r"halt",
    r"freeze",
    r"abort",
    r"emergency",
    r"whoa+",
    r"cut it out",
    r"hold it(?: right there)?",
    r"(?:hold|stand|keep|stay) still",
    r"do(?: not|n'?t) move",
    r"enough(?= (?:stop|now|already))",
    # Spanish
    r"para(?:te|lo)?(?= (?:ya|ahora|robot|por favor)|$)",
    r"alto",
    r"deten(?:te|lo|ganlo|gase)",
    r"basta",
    r"no te muevas",
    # French
    r"arr?ete(?:z|s)?(?: toi| vous| ca| tout)?",
    r"stoppe(?:z)?",
    r"ne bouge(?:z)? (?:pas|plus)",
    # German
    r"stopp?",
    r"anhalten",
    r"halt(?:e|et)?(?: an| ein)?",
    r"hor auf",
    r"aufhoren",
    r"stehen ?bleiben",
    r"bleib stehen",
    r"nicht bewegen",
    r"notaus|notstopp?|not aus",
)
_NOT_A_STOP = re.compile(
    r"\b(?:"
    r"(?:do(?: not|n'?t)|never|please don'?t|no need to|without|didn'?t|did not|won'?t|would not|wouldn'?t"
    r"|cannot|can'?t|couldn'?t|non|no|nunca|ne|nicht|kein(?:en)?|pas de|n') ?(?:ever |you |te |lo |t'? ?)?"
    r"(?:e[- ]?|emergency )?(?:stop\w*|halt\w*|freez\w*|abort\w*|arrete\w*|detengas|pares|anhalten|aufhoren)"
    r"|non-?stop|one[- ]stop|full stop|alto (?:el|la|nivel|y claro)|mas alto|muy alto|tan alto|demasiado alto"
    r"|(?:stop|halt) (?:by|at(?! once)|in front|near|next to|over|off|on|when|once|after|before|until|sign"
    r"|light|button|motion)"
    r"|(?:the|a|this|that|each|every|good|nice|clean|smooth|abrupt|sudden|hard|first|last|short|long|bus|pit|your"
    r"|its|der|ein|den|jeder|le|un|el) (?:full )?(?:stopp?|halt|freeze)"
    r"|(?:you|it|he|she|robot) (?:\w+ )?(?:stopped|stops|halted|froze)"
    r"|emergency (?:exit|light|services|room)"
    r"|das ist halt|ist halt|war halt"
    r")\b"
)
_SCOLD = re.compile(r"\bstop (?:(?!moving)\w+ing|being)\b")
_STOP = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b")


def is_stop(text: str) -> bool:
    """Whether these words ask the robot to halt at once."""
    if any(sign in text for sign in _SIGNS):
        return True
    plain = _plain(text)
    rest = _NOT_A_STOP.sub(" # ", plain)
    found = list(_STOP.finditer(rest))
    if not found:
        return False
    if len(plain.split()) <= MAX_WORDS:
        return True
    return not rest[: found[0].start()].strip(" #") or not rest[found[-1].end() :].strip(" #")


def scolds(text: str) -> bool:
    """Whether a stop word only opens a complaint: "stop twitching" halts the robot and is criticism too."""
    return _SCOLD.search(_plain(text)) is not None


def _plain(text: str) -> str:
    """Lower case, without accents and punctuation; apostrophes and hyphens stay; "stoooop" is "stop"."""
    letters = unicodedata.normalize("NFKD", text.lower().replace("’", "'"))
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    letters = re.sub(r"([a-z])\1{2,}", r"\1", letters)
    return " ".join(re.sub(r"[^\w'-]+", " ", letters).split())
