"""Copies of remarks as hurried fingers and half-heard speech would leave them, to train and to doubt with.

The noise knows no style of the corpus, so unseen styles stay unseen. No word is taken away, for that could
turn a meaning round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from learner.reward.data.example import Example

WORD_RATE = 0.2
"""Share of the words that something happens to."""
ASIDES = ("so", "well", "and", "then", "the", "oh", "anyway", "okay")
"""Words that may be put in: they say nothing of how it was."""


def noisy_copies(examples: Sequence[Example], copies: int, seed: int = 0) -> list[Example]:
    """`copies` of each synthetic training remark, each with its own noise; people's texts stay as is."""
    rng = np.random.default_rng([seed, 7])
    some = [e for e in examples if e.split == "train" and e.synthetic]
    return [_with_noise(e, rng) for _ in range(copies) for e in some]


def stranger(examples: Sequence[Example], copies: int = 4, seed: int = 0) -> list[Example]:
    """People's texts as they are, and `copies` of each synthetic one, each with its own noise.

    For intervals, because people say things in ways that no corpus has.
    """
    rng = np.random.default_rng([seed, 8])
    found = [e for e in examples if not e.synthetic]
    return found + [_with_noise(e, rng) for e in examples if e.synthetic for _ in range(copies)]


def _with_noise(example: Example, rng: np.random.Generator) -> Example:
    return replace(example, text=noisy(example.text, rng))


def noisy(text: str, rng: np.random.Generator) -> str:
    """The text with words doubled, put in, or mistyped."""
    words: list[str] = []
    for word in text.split():
        if rng.random() >= WORD_RATE:
            words.append(word)
            continue
        match rng.integers(3):
            case 0:
                words += [word, word]
            case 1:
                words += [str(rng.choice(ASIDES)), word]
            case _:
                words.append(_mistyped(word, rng))
    return " ".join(words)


def _mistyped(word: str, rng: np.random.Generator) -> str:
    """Two neighbouring letters change places, or one is lost or doubled; short words stay readable."""
    if len(word) < 4:
        return word
    at = int(rng.integers(1, len(word) - 1))
    match rng.integers(3):
        case 0:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 1:
            return word[:at] + word[at + 1 :]
        case _:
            return word[:at] + word[at] + word[at:]
