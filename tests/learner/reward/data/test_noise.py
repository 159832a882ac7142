"""Noise for training: more of the same remarks, never another meaning, never held-out ones."""

from collections import Counter

import numpy as np

from learner.reward.data.example import Example
from learner.reward.data.noise import ASIDES, noisy, noisy_copies, stranger

TEXT = "that was not a very good nod because you stopped halfway"


def test_only_synthetic_training_remarks_are_copied():
    given = [
        Example(TEXT, 0.5, source, split, synthetic=source == "robot")
        for source in ("robot", "tweets")
        for split in ("train", "validation", "test")
    ]
    copies = noisy_copies(given, 3)
    assert len(copies) == 3
    assert all(c.split == "train" and c.synthetic and c.label == 0.5 for c in copies)
    assert len({c.text for c in copies}) == 3
    assert noisy_copies(given, 3) == copies
    assert noisy_copies(given, 3, seed=1) != copies
    assert noisy_copies(given, 0) == []


def test_intervals_are_fitted_on_stranger_remarks_and_on_peoples_texts_as_they_are():
    ours, theirs = (Example(TEXT, 0.5, s, "validation", synthetic=s == "robot") for s in ("robot", "tweets"))
    found = stranger([ours, theirs], 3)
    assert found[0] == theirs
    assert len(found) == 4
    assert len({e.text for e in found}) >= 3  # now and then nothing happens to a text
    assert stranger([ours, theirs], 3) == found


def test_no_word_is_taken_away():
    rng = np.random.default_rng(0)
    for _ in range(300):
        left = Counter(noisy(TEXT, rng).split()) - Counter(ASIDES)
        short = Counter(word for word in TEXT.split() if len(word) < 4)
        assert not short - left
        assert left.total() >= len(TEXT.split())


def test_how_much_is_changed():
    rng = np.random.default_rng(1)
    changed = np.mean([noisy("wonderful", rng) != "wonderful" for _ in range(4000)])
    assert 0.17 < changed < 0.23
    assert noisy("", rng) == ""
