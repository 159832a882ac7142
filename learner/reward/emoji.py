"""Emoji in words, because the small language models know the words and not the signs."""

from __future__ import annotations

import re
import unicodedata

SPOKEN = {
    "👍": "thumbs up, good",
    "👎": "thumbs down, bad",
    "👏": "applause, great",
    "🙌": "hooray",
    "👌": "ok, perfect",
    "❤": "love",
    "🔥": "amazing",
    "💯": "perfect",
    "🎉": "hooray",
    "✅": "right",
    "✔": "right",
    "❌": "wrong",
    "❎": "wrong",
    "🚫": "no",
    "🛑": "stop",
    "✋": "stop",
    "⛔": "stop",
    "💩": "crap",
    "🤮": "disgusting",
    "🙄": "annoyed",
    "😐": "so-so",
    "😕": "confused, not good",
    "🤷": "don't know",
    "⭐": "star",
    "🥇": "first place",
    "🐢": "slow",
    "🐌": "slow",
    "⚡": "fast",
}
"""Where Unicode's own name ("sign of the horns") says less than people mean."""

_FACE_NOISE = re.compile(r"\b(?:face with|face|sign|symbol|heavy|white|black|with)\b")
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f", "\u20e3"}


def spell(text: str) -> str:
    """The text with each emoji replaced by words; a run of the same one is said once."""
    if text.isascii():
        return text
    out: list[str] = []
    last = ""
    for sign in text:
        if sign in _JOINERS or 0x1F3FB <= ord(sign) <= 0x1F3FF:  # joiners, colours of skin
            continue
        if not _is_emoji(sign):
            out.append(sign)
            last = "" if not sign.isspace() else last
            continue
        if sign != last:
            out.append(f" {_say(sign)} ")
        last = sign
    return " ".join("".join(out).split())


def _is_emoji(sign: str) -> bool:
    return sign in SPOKEN or (ord(sign) >= 0x2600 and unicodedata.category(sign) == "So")


def _say(sign: str) -> str:
    if sign in SPOKEN:
        return SPOKEN[sign]
    return " ".join(_FACE_NOISE.sub(" ", unicodedata.name(sign, "").lower()).split())
