"""Baselines on data of which the answer is known."""

import numpy as np
import pytest

from learner.reward.data.example import Example
from learner.reward.evaluate import baselines
from shared.spaces import TEXT_DIM
from tests.learner.reward.evaluate.made_up import human, robot


def test_ridge_is_least_squares_without_a_penalty_and_shrinks_with_one():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = x @ np.array([1.0, -2.0, 0.5]) + 0.3
    weights, offset = baselines.ridge(x, y, 1e-9)
    assert weights == pytest.approx([1.0, -2.0, 0.5])
    assert offset == pytest.approx(0.3)
    # One feature, by hand: x = -1, 1; y = -1, 1; w = sum(xy) / (sum(xx) + alpha) = 2 / (2 + 2)
    small, at = baselines.ridge(np.array([[-1.0], [1.0]]), np.array([-1.0, 1.0]), 2.0)
    assert (small[0], at) == (pytest.approx(0.5), pytest.approx(0.0))


def test_frozen_ridge_reads_vectors_and_chooses_its_penalty():
    def embed(texts):
        found = np.zeros((len(texts), 4), np.float32)
        found[:, 0] = [1.0 if "good" in t else -1.0 for t in texts]
        return found

    def made(split):
        return [
            Example(f"{'good' if i % 2 else 'poor'} {i}", 0.6 if i % 2 else -0.6, "tweets", split)
            for i in range(20)
        ]

    guess = baselines.frozen_ridge(made("train"), made("validation"), made("test"), embed)
    assert guess == pytest.approx([0.6 if i % 2 else -0.6 for i in range(20)], abs=0.05)


def test_context_is_embedded_too_where_there_is_one():
    seen = []

    def embed(texts):
        seen.extend(texts)
        return np.ones((len(texts), 2), np.float32)

    baselines.frozen_ridge([robot(0, "train")], [robot(1, "validation")], [robot(2)], embed)
    assert any(text.startswith("asked: nod") for text in seen)


def test_length_random_constant():
    train = [Example("x" * n, n / 100, "tweets", "train") for n in range(1, 90)]
    test = [Example("x" * n, n / 100, "tweets", "test") for n in (10, 80)]
    assert baselines.length_only(train, test) == pytest.approx([0.1, 0.8], abs=0.01)
    assert baselines.constant([human(0), human(2)], 3).tolist() == pytest.approx([0.6] * 3)
    drawn = baselines.random(2000)
    assert abs(drawn.mean()) < 0.05
    assert drawn.min() >= -1.0
    assert drawn.max() <= 1.0


class Encoder:
    """Counts what it is asked."""

    def __init__(self):
        self.asked = []

    def encode(self, texts, batch_size=32):
        self.asked += texts
        return np.array([[len(t)] * TEXT_DIM for t in texts], np.float32)


def test_the_cache_embeds_nothing_twice_and_survives(tmp_path):
    path = tmp_path / "cache.npz"
    first, second = Encoder(), Encoder()
    found = baselines.CachedEncoder(path, first)(["a", "bbb", "a", ""])
    assert found[:, 0].tolist() == [1.0, 3.0, 1.0, 0.0]
    assert sorted(first.asked) == ["a", "bbb"]
    again = baselines.CachedEncoder(path, second)(["bbb", "cc"])
    assert again[:, 0].tolist() == [3.0, 2.0]
    assert second.asked == ["cc"]
