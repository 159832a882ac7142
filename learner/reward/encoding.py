"""The one way in which a remark and its context become text, for training and serving alike.

Numbers become words of degree, because small language models read words better than figures. Feedback and
context stay two separate texts: a model that must cut cuts the context, never the feedback. A change of
wording or thresholds is a new `ENCODING`; a model refuses to serve another encoding than it was trained with.
"""

from __future__ import annotations

import math
import unicodedata

from learner.reward.accord import TURNED_DEG, accord
from learner.reward.emoji import spell
from learner.reward.model import OUTCOMES, Context
from shared.tools import TOOL_INDEX

ENCODING = 2
MAX_CHARS = 600
"""Of feedback. Longer texts keep their beginning and their end, where people say what they think."""
MAX_INSTRUCTION_CHARS = 120

_FAST_DEG_S, _SLOW_DEG_S = 110.0, 45.0
_LARGE_DEG, _SMALL_DEG = 28.0, 10.0
_VERY = 1.5
_STILL_DEG = 1.0
_LONG_S = 1.0


def clean(text: str, limit: int = MAX_CHARS) -> str:
    """Compatibility-normalised, emoji in words, without control characters, one space between words, at most
    `limit` characters."""
    plain = spell(unicodedata.normalize("NFKC", text))
    plain = "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn"} else c for c in plain)
    plain = " ".join(plain.split())
    if len(plain) <= limit:
        return plain
    half = (limit - 3) // 2
    return f"{plain[:half]} … {plain[-half:]}"


def describe(context: Context | None) -> str:
    """A context in words; "" for none.

    Raises:
        ValueError: an unknown tool or outcome, or a number that is not finite.
    """
    if context is None:
        return ""
    _check(context)
    words = [context.tool.replace("_", " ")]
    if context.range_deg < _STILL_DEG:
        words.append("without moving")
    else:
        words += _degree(context.speed_deg_s, _SLOW_DEG_S, "slowly", _FAST_DEG_S, "fast")
        words += _degree(context.range_deg, _SMALL_DEG, "small", _LARGE_DEG, "large")
    for value, less, more in (
        (context.turned_deg, "to the right", "to the left"),
        (context.raised_deg, "down", "up"),
        (context.rolled_deg, "tilting left", "tilting right"),
    ):
        if abs(value) >= TURNED_DEG:
            words.append(less if value < 0 else more)
    if context.duration_s >= _LONG_S:
        words.append("taking long")
    parts = [f"asked: {clean(context.instruction, MAX_INSTRUCTION_CHARS) or 'nothing'}"]
    parts.append(f"robot did: {' '.join(words)}")
    if context.gaze_before or context.gaze_after:
        before = clean(context.gaze_before, MAX_INSTRUCTION_CHARS) or "nothing"
        after = clean(context.gaze_after, MAX_INSTRUCTION_CHARS) or "nothing"
        parts.append(f"saw: {before}, then {after}" if before != after else f"saw: {after}")
    parts += accord(context)
    parts.append(f"result: {context.outcome}")
    return "; ".join(parts)


def _degree(value: float, low: float, less: str, high: float, more: str) -> list[str]:
    if value >= high:
        return [f"very {more}" if value >= high * _VERY else more]
    if value <= low:
        return [f"very {less}" if value <= low / _VERY else less]
    return []


def _check(context: Context) -> None:
    if context.tool not in TOOL_INDEX:
        raise ValueError(f"context.tool: {context.tool!r} is no tool; they are: {', '.join(TOOL_INDEX)}")
    if context.outcome not in OUTCOMES:
        raise ValueError(f"context.outcome: {context.outcome!r}; give one of {', '.join(OUTCOMES)}")
    numbers = {
        name: getattr(context, name)
        for name in ("turned_deg", "raised_deg", "rolled_deg", "range_deg", "speed_deg_s", "duration_s")
    }
    numbers |= {f"params[{i}]": value for i, value in enumerate(context.params)}
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise ValueError(f"context.{name}: {value} is not a finite number")
