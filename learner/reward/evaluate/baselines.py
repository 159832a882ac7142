"""What any reward model must beat: chance, a constant, the length of the text, and a frozen encoder.

Each is fitted on the training split of the same kind of data (people's or synthetic), which favours it over a
model that has to serve both.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learner.reward.data.example import Example
from learner.reward.encoding import clean, describe
from learner.reward.evaluate.metrics import Array
from learner.text import TextEncoder
from shared.files import write_atomic
from shared.spaces import TEXT_DIM

SEED = 17
ALPHAS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
CHUNK = 2000
"""Texts embedded between two writes of the cache."""

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def random(count: int) -> Array:
    """Uniform over [-1, 1]."""
    return np.random.default_rng(SEED).uniform(-1.0, 1.0, count)


def constant(train: Sequence[Example], count: int) -> Array:
    """The mean label of the training split."""
    return np.full(count, labels_of(train).mean() if train else 0.0)


def length_only(train: Sequence[Example], test: Sequence[Example]) -> Array:
    """Least squares on how long the text is, in characters and words."""
    weights, *_ = np.linalg.lstsq(_lengths(train), labels_of(train), rcond=None)
    return np.clip(_lengths(test) @ weights, -1.0, 1.0)


def frozen_ridge(
    train: Sequence[Example], validation: Sequence[Example], test: Sequence[Example], embed: Embed
) -> Array:
    """Ridge regression on the frozen encoder's vectors of words and context; its penalty is chosen on the
    validation split."""
    (x, y), (x_valid, y_valid) = ((_vectors(some, embed), labels_of(some)) for some in (train, validation))
    fits = [ridge(x, y, alpha) for alpha in ALPHAS]
    errors = [np.mean((np.clip(x_valid @ w + b, -1.0, 1.0) - y_valid) ** 2) for w, b in fits]
    weights, offset = fits[int(np.argmin(errors))]
    return np.asarray(np.clip(_vectors(test, embed) @ weights + offset, -1.0, 1.0))


def ridge(x: Array, y: Array, alpha: float) -> tuple[Array, float]:
    """Weights (features,) and offset that minimise |y - xw - b|² + alpha |w|²."""
    mean_x, mean_y = x.mean(0), float(y.mean())
    centred = x - mean_x
    weights = np.linalg.solve(centred.T @ centred + alpha * np.eye(x.shape[1]), centred.T @ (y - mean_y))
    return weights, mean_y - float(mean_x @ weights)


class CachedEncoder:
    """The frozen encoder with a file of what it has embedded; nothing that has a vector is embedded again."""

    def __init__(self, path: Path, encoder: TextEncoder, say: Callable[[str], None] = lambda _: None) -> None:
        self._path, self._encoder, self._say = path, encoder, say
        self._known: dict[str, NDArray[np.float32]] = {}
        if path.exists():
            with np.load(path, allow_pickle=False) as table:
                self._known = dict(zip(table["keys"].tolist(), table["vectors"], strict=True))

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, TEXT_DIM); the empty text is all zeros."""
        missing = sorted({t for t in texts if t and _key(t) not in self._known}, key=len)
        for start in range(0, len(missing), CHUNK):
            some = missing[start : start + CHUNK]
            self._say(f"embedding texts with the frozen encoder: {start} of {len(missing)}")
            self._known |= zip(map(_key, some), self._encoder.encode(some), strict=True)
            self._write()
        nothing = np.zeros(TEXT_DIM, np.float32)
        found = [self._known[_key(t)] if t else nothing for t in texts]
        return np.stack(found) if found else np.zeros((0, TEXT_DIM), np.float32)

    def _write(self) -> None:
        table = io.BytesIO()
        np.savez(table, keys=np.array(list(self._known)), vectors=np.stack(list(self._known.values())))
        write_atomic(self._path, table.getvalue())


def labels_of(examples: Sequence[Example]) -> Array:
    """(n,)"""
    return np.array([e.label for e in examples], np.float64)


def _lengths(examples: Sequence[Example]) -> Array:
    sizes = np.array([(len(e.text), len(e.text.split())) for e in examples], np.float64).reshape(-1, 2)
    return np.column_stack([np.ones(len(sizes)), sizes, np.log1p(sizes)])


def _vectors(examples: Sequence[Example], embed: Embed) -> Array:
    words = embed([clean(e.text) for e in examples]).astype(np.float64)
    if not any(e.context for e in examples):
        return words
    return np.hstack([words, embed([describe(e.context) for e in examples]).astype(np.float64)])


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
