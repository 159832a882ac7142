"""From what a model made of words, and from an explicit rating if there is one, to a judgement.

One rule for every backend: when to abstain, and that buttons outrank text.
"""

from __future__ import annotations

from dataclasses import dataclass

from learner.reward.model import RATING, Judgement, Kind, rating_reward

RATING_SPREAD = (RATING[1] - RATING[0]) ** -1 * 2 / 12**0.5
"""Standard deviation of what a rating leaves open: the rounding to five points between -1 and 1."""
INTERVAL_SDS = 1.645
"""Half of a normal's 0.9 interval, in standard deviations."""
WIDEST = 1.5
"""An interval wider than this says nothing: most of [-1, 1] is in it."""


@dataclass(frozen=True)
class Words:
    """What a model made of a text."""

    reward: float
    """[-1, 1]"""
    half_width: float
    """Of the interval before it is cut to [-1, 1], >= 0."""
    kind: Kind
    confidence: float
    """[0, 1], if it does not abstain."""
    abstained: bool


def by_width(reward: float, half_width: float, kind: Kind) -> Words:
    """A model that knows its doubt: it abstains where it is too great, or where the words do not evaluate."""
    abstained = kind != "evaluative" or 2.0 * half_width > WIDEST
    return Words(reward, half_width, kind, max(0.0, 1.0 - half_width), abstained)


SILENT = Words(0.0, 1.0, "description", 0.0, True)
"""What an empty text is worth."""


def settle(words: Words, rating: int | None, version: str, seen: str) -> Judgement:
    """The judgement on a remark.

    With both, the mean of rating and words weighted by their precision; words that abstain add nothing.

    Raises:
        ValueError: the rating is out of range.
    """
    if rating is None:
        low, high = max(-1.0, words.reward - words.half_width), min(1.0, words.reward + words.half_width)
        confidence = 0.0 if words.abstained else words.confidence
        return Judgement(words.reward, low, high, confidence, words.kind, words.abstained, version, seen)
    reward, spread = rating_reward(rating), RATING_SPREAD
    if not words.abstained:
        weight = (words.half_width / INTERVAL_SDS) ** -2 if words.half_width > 0.0 else 0.0
        total = spread**-2 + weight
        reward, spread = (reward * spread**-2 + words.reward * weight) / total, total**-0.5
    half = INTERVAL_SDS * spread
    kind: Kind = "stop" if words.kind == "stop" else "evaluative"
    return Judgement(
        reward, max(-1.0, reward - half), min(1.0, reward + half), 1.0, kind, False, version, seen
    )
