"""Words only, words and a rating, a rating only: the same remarks and the same labels in all three arms.

One rater of each remark is held out. That rater's score, rounded to the five points that a person has on the
page, is the remark's rating; the label is the mean of the *other* raters, so the rating is in no label. The
same draw gives the yardstick of one human against the others.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from learner.reward.data.example import Example
from learner.reward.evaluate.metrics import Array
from learner.reward.model import RATING, Remark

SEED = 11
_FEWEST_RATERS = 2
ARMS: Mapping[str, str] = {
    "words": "words only",
    "words+rating": "words and a rating from 1 to 5",
    "rating": "a rating from 1 to 5 only",
}


@dataclass(frozen=True)
class HeldOut:
    """Examples with at least two raters, one of whom is held out."""

    index: tuple[int, ...]
    """Of each row among the examples given."""
    labels: Array
    """(n,): mean of the other raters, [-1, 1]"""
    own: Array
    """(n,): score of the one held out, [-1, 1]"""
    ratings: tuple[int, ...]
    """The same on the page's scale."""


def hold_out(examples: Sequence[Example]) -> HeldOut:
    """Draw one rater of each example that has two or more; the same one whatever else is in the list."""
    index, labels, own = [], [], []
    for i, example in enumerate(examples):
        if len(example.ratings) < _FEWEST_RATERS:
            continue
        who = zlib.crc32(f"{SEED} {example.text}".encode()) % len(example.ratings)
        others = example.ratings[:who] + example.ratings[who + 1 :]
        index.append(i)
        own.append(example.ratings[who])
        labels.append(sum(others) / len(others))
    given = np.array(own, np.float64)
    return HeldOut(tuple(index), np.array(labels, np.float64), given, tuple(on_the_page(v) for v in own))


def on_the_page(score: float) -> int:
    """-1..1 -> 1..5; halves go to the even neighbour, which is symmetric around 3."""
    low, high = RATING
    return int(np.clip(np.rint(low + (score + 1.0) / 2.0 * (high - low)), low, high))


def remarks(examples: Sequence[Example], held: HeldOut, arm: str) -> list[Remark]:
    """What a model is asked in an arm."""
    found = []
    for i, rating in zip(held.index, held.ratings, strict=True):
        example = examples[i]
        text = "" if arm == "rating" else example.text
        found.append(Remark(text, None if arm == "words" else rating, example.context))
    return found
