"""What a person's words are worth, by that person's own buttons and ratings about the same decisions.

"Not bad" is praise from one person and blame from another. Whoever pressed a button or gave a rating where a
text of theirs was credited too has told us what the text meant. From n such pairs (x: the model's score of
the text, y: what the buttons said) comes

    affine     y = a + b x, by least squares shrunk to the identity:
               sum w (y - a - b x)^2 + K (a^2 + (b - 1)^2)
    isotonic   from ISOTONIC_FROM pairs on: the nearest rising step function (pool adjacent violators;
               Zadrozny & Elkan, KDD 2002), mixed in with a share of n / (n + ISOTONIC_FROM)

The stored score stays the model's own: this is applied when R_h is fitted, so more buttons change old words
too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from learner.store.queries.feedback import BUTTONS
from learner.store.rows import Label

F64 = NDArray[np.float64]

PRIOR_PAIRS = 4.0
"""K: so many pairs weigh as much as the belief that the model's score is right as it is."""
ISOTONIC_FROM = 20
SLOPE = (0.2, 3.0)
"""Of b. A person whose words mean the opposite is not calibrated but reported (see `guards`)."""
TAP_WEIGHT = 0.5
"""Of a pair from taps: a tap says good or bad, not how much. A pair from ratings weighs 1."""


@dataclass(frozen=True)
class Pair:
    """A text of somebody's, and what the same person's buttons said about the same decisions."""

    feedback_id: int
    score: float
    """[-1, 1] of the text."""
    button: float
    """[-1, 1]"""
    weight: float


@dataclass(frozen=True)
class Calibration:
    """How to read one person's words."""

    offset: float = 0.0
    slope: float = 1.0
    steps: tuple[tuple[float, float], ...] = ()
    """Of the isotonic part: (score, worth), rising; () = none."""
    share: float = 0.0
    """Of the isotonic part."""
    pairs: int = 0

    def __call__(self, score: float) -> float:
        """What a text with this score is worth, [-1, 1]."""
        worth = self.offset + self.slope * score
        if self.steps:
            at, values = zip(*self.steps, strict=True)
            worth += self.share * (float(np.interp(score, at, values)) - worth)
        return min(1.0, max(-1.0, worth))


IDENTITY = Calibration()


def pairs(rows: Sequence[Label]) -> dict[str, list[Pair]]:
    """Each person's pairs. One text gives one pair, however many decisions it was credited to."""
    buttons: dict[tuple[str, int], list[tuple[float, float, bool]]] = defaultdict(list)
    for row in rows:
        if row.kind in BUTTONS:
            buttons[row.client_id, row.step_id].append((row.weight, row.label, row.kind == "rating"))
    said: dict[tuple[str, int], list[tuple[float, float, float, bool]]] = defaultdict(list)
    for row in rows:
        if row.kind == "text":
            for weight, label, rated in buttons.get((row.client_id, row.step_id), ()):
                said[row.client_id, row.feedback_id].append((weight * row.weight, row.label, label, rated))
    found: dict[str, list[Pair]] = defaultdict(list)
    for (person, feedback_id), parts in said.items():
        total = sum(weight for weight, *_ in parts)
        if total <= 0.0:
            continue
        button = sum(weight * label for weight, _, label, _ in parts) / total
        rated = any(part[3] for part in parts)
        found[person].append(Pair(feedback_id, parts[0][1], button, 1.0 if rated else TAP_WEIGHT))
    return dict(found)


def fit(given: Sequence[Pair]) -> Calibration:
    """How to read somebody's words, from their pairs; the identity without any."""
    if not given:
        return IDENTITY
    x, y, w = (np.array([getattr(pair, name) for pair in given]) for name in ("score", "button", "weight"))
    # Normal equations of the shrunk least squares, in (a, b - 1).
    design = np.stack([np.ones_like(x), x], axis=1)
    normal = (design * w[:, None]).T @ design + PRIOR_PAIRS * np.eye(2)
    a, b = np.linalg.solve(normal, design.T @ (w * (y - x)))
    slope = float(np.clip(1.0 + b, *SLOPE))
    if len(given) < ISOTONIC_FROM:
        return Calibration(float(a), slope, pairs=len(given))
    share = len(given) / (len(given) + ISOTONIC_FROM)
    return Calibration(float(a), slope, isotonic(x, y, w), share, len(given))


def isotonic(x: F64, y: F64, weight: F64) -> tuple[tuple[float, float], ...]:
    """The rising step function nearest to y by weighted least squares, as (x, value) at each block's mean."""
    order = np.argsort(x, kind="stable")
    blocks: list[list[float]] = []  # weight, weighted mean of x, of y
    for i in order.tolist():
        blocks.append([weight[i], x[i], y[i]])
        while len(blocks) > 1 and (blocks[-2][2] >= blocks[-1][2] or blocks[-2][1] == blocks[-1][1]):
            last, before = blocks.pop(), blocks[-1]
            total = before[0] + last[0]
            for k in (1, 2):
                before[k] = (before[0] * before[k] + last[0] * last[k]) / total
            before[0] = total
    return tuple((float(at), float(value)) for _, at, value in blocks)


def fit_all(rows: Sequence[Label]) -> dict[str, Calibration]:
    """How to read each person who has pairs."""
    return {person: fit(found) for person, found in pairs(rows).items()}


def calibrated(rows: Sequence[Label], by: Mapping[str, Calibration]) -> list[Label]:
    """The labels, with texts read as their people mean them."""
    return [
        replace(row, label=by[row.client_id](row.label))
        if row.kind == "text" and row.client_id in by
        else row
        for row in rows
    ]
