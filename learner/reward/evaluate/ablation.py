"""Does context help? The same words with their context, without it, and with that of other words.

The pairs are the sharper question: one wording about two scenes in which it is worth something else. Words
alone cannot tell the two apart, so a model that ignores the context gets half of them right by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from learner.reward.data.example import Example
from learner.reward.encoding import clean
from learner.reward.evaluate.metrics import Array
from learner.reward.model import Remark

APART = 0.25
"""Labels of a pair are at least so far apart."""
SEED = 13


def same_words(examples: Sequence[Example]) -> list[tuple[int, int]]:
    """Pairs with the same words and other contexts; the better one first."""
    by_words: dict[str, list[int]] = defaultdict(list)
    for i, example in enumerate(examples):
        if example.context is not None:
            by_words[clean(example.text).casefold()].append(i)
    return [
        (a, b) if examples[a].label > examples[b].label else (b, a)
        for some in by_words.values()
        for a, b in combinations(some, 2)
        if abs(examples[a].label - examples[b].label) >= APART
    ]


def withheld(examples: Sequence[Example]) -> list[Remark]:
    """The words alone."""
    return [replace(example.remark(), context=None) for example in examples]


def swapped(examples: Sequence[Example], seed: int = SEED) -> list[Remark]:
    """Each with the context of another: one random cycle through all that have one, so none keeps its own."""
    having = [i for i, example in enumerate(examples) if example.context is not None]
    order = np.random.default_rng(seed).permutation(having).tolist()
    found = [example.remark() for example in examples]
    for here, there in zip(order, order[1:] + order[:1], strict=True):
        found[here] = replace(found[here], context=examples[there].context)
    return found


def in_order(rewards: Array, pairs: Sequence[tuple[int, int]]) -> Array:
    """(pairs,): 1 where the better one is predicted higher, 0.5 where both are alike, else 0."""
    better, worse = (rewards[[pair[i] for pair in pairs]] for i in (0, 1))
    return np.where(better == worse, 0.5, (better > worse).astype(np.float64))
