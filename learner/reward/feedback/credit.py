"""Which steps a tap or a text is about: weights over the steps that the person had been watching.

A person at instant t reacts to what was seen a little earlier. With d = the delay's density, a step seen
during [a, b] gets

    w = integral of d over [t - b, t - a] = D(t - a) - D(t - b),

as in TAMER (Knox & Stone, K-CAP 2009; Deep TAMER: Warnell et al., AAAI 2018), normalised to sum to 1. d is a
Gamma density (shape 2) that starts at 0.2 s, the fastest human reaction, and is cut at 4 s.

t is measured on the robot's own clock, without any clock being synchronised: the client says which decision
it was showing and for how long it had been showing it, and a robot shows a decision's key from the moment
when the record before it ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

FASTEST_S = 0.2
SLOWEST_S = 4.0
SCALE_S = 0.5
"""Gamma scale: the most likely reaction comes 0.7 s after the cause, the mean one after about 1.2 s."""
MIN_SHARE = 0.02
"""Shares below this are dropped."""

RANK = {"tap": 1.0, "rating": 1.0, "text": 0.5, "demonstration": 0.5, "correction": 0.5}
"""A button says plainly good or bad; a text's score was read by a machine; that somebody took over, or showed
how, only suggests what they thought."""

RULES = ("delay", "phrase", "segment", "replay", "exact")
"""How the steps of a feedback were found: by the delay density; by what the words speak of; marked by the
person; shown in a recording; or the very step that a person took over."""


@dataclass(frozen=True)
class Seen:
    """A step as somebody watched it."""

    step_id: int
    start_s: float
    """When its motion began, on the robot's clock."""


def delay_cdf(delay_s: float) -> float:
    """D: probability that a person reacts within this delay; 0 up to FASTEST_S, 1 from SLOWEST_S on."""

    def gamma(seconds: float) -> float:
        x = seconds / SCALE_S
        return 1.0 - (1.0 + x) * math.exp(-x)

    if delay_s <= FASTEST_S:
        return 0.0
    if delay_s >= SLOWEST_S:
        return 1.0
    return gamma(delay_s - FASTEST_S) / gamma(SLOWEST_S - FASTEST_S)


def shares(seen: Sequence[Seen], reacted_at_s: float) -> list[float]:
    """How much of one feedback falls on each step; sums to 1 (all zeros only for no steps).

    Args:
        seen: steps, oldest first. A step is watched until the next one begins, the last one until the
            reaction.
        reacted_at_s: instant of the reaction on the same clock.
    """
    if not seen:
        return []
    starts = [step.start_s for step in seen]
    ends = [*starts[1:], reacted_at_s]
    raw = [
        max(0.0, delay_cdf(reacted_at_s - start) - delay_cdf(reacted_at_s - end))
        for start, end in zip(starts, ends, strict=True)
    ]
    if sum(raw) == 0.0:
        # Faster than anybody can react, or all too late: take the step that was in force.
        begun = max((i for i, start in enumerate(starts) if start <= reacted_at_s), default=0)
        return [float(i == begun) for i in range(len(seen))]
    total = sum(raw)
    kept = [w if w / total >= MIN_SHARE else 0.0 for w in raw]
    return [w / sum(kept) for w in kept]


def weight(share: float, kind: str, confidence: float) -> float:
    """A share times the feedback's rank and confidence: what the taste model weighs this label with."""
    return share * RANK[kind] * confidence
