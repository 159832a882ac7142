"""Which way a remark would have the tempo go: slower, faster, or neither; read from its sentence embedding.

A kernel ridge regression onto -1, 0 and 1 over MiniLM's embeddings. The reward model cannot tell by
itself: asked about the same words after a fast and after a slow motion, its rewards differ by a hundredth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from learner.lessons.wordings import examples
from learner.reward.data.corpus.grammar import Speaker
from learner.reward.data.corpus.languages import ENGLISH

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

WIDTH = 0.7
"""Of the kernel, between unit vectors."""
RIDGE = 0.1
CORPUS_DRAWS = 12
"""Draws of each opinion from the reward corpus's training families, beside the grammar of wordings."""
_SAYS: dict[str, float] = {
    "fast": -1.0,
    "wish_slower": -1.0,
    "slow": 1.0,
    "wish_faster": 1.0,
    **dict.fromkeys(
        ("superb", "good", "fine", "poor", "awful", "jerky", "smooth", "big", "small", "good_pace"), 0.0
    ),
}
"""What the corpus's opinions say about the tempo."""


class Encoder(Protocol):
    """Sentences to unit vectors, as `learner.text.TextEncoder`."""

    def encode(self, texts: Sequence[str]) -> F32:
        """(n, d)"""
        ...


class PaceReader:
    """Reads directions out of words."""

    def __init__(self, encoder: Encoder, texts: Sequence[str], directions: Sequence[float]) -> None:
        """Fit; rare directions weigh as much as frequent ones.

        Raises:
            ValueError: no texts, or not one direction each.
        """
        y = np.asarray(directions, np.float64)
        if len(texts) == 0 or len(texts) != len(y):
            raise ValueError(f"{len(texts)} texts and {len(y)} directions; both must be there, one each")
        _, which, counts = np.unique(y, return_inverse=True, return_counts=True)
        self._encoder = encoder
        self._known = encoder.encode(texts).astype(np.float64)
        noise = RIDGE * counts[which] * len(counts) / len(y)
        weights = np.linalg.solve(_kernel(self._known, self._known) + np.diag(noise), y)
        self._weights: F64 = np.asarray(weights, np.float64)

    def read(self, texts: Sequence[str]) -> F64:
        """(n,) about -1 (slower) to 1 (faster); near 0 where words say neither, or nothing that is known."""
        if not texts:
            return np.zeros(0)
        return np.asarray(
            _kernel(self._encoder.encode(texts).astype(np.float64), self._known) @ self._weights
        )


def taught(encoder: Encoder, seed: int = 0) -> PaceReader:
    """A reader that has learnt from the grammar of wordings and the corpus's training families."""
    rng = np.random.default_rng(seed)
    speaker = Speaker(ENGLISH["train"], rng)
    texts = dict(examples())
    for says, direction in _SAYS.items():
        for _ in range(CORPUS_DRAWS):
            said = speaker.opinion(None, says)
            if said is not None:
                texts.setdefault(said.text, direction)
    for kind in ("command", "description"):
        for _ in range(CORPUS_DRAWS):
            texts.setdefault(speaker.other(kind).text, 0.0)
    return PaceReader(encoder, list(texts), list(texts.values()))


def _kernel(a: F64, b: F64) -> F64:
    squared = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2.0 * a @ b.T
    return np.asarray(np.exp(-squared / (2.0 * WIDTH**2)))
