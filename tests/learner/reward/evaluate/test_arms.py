"""The held-out rating is in no label, and all arms have the same rows."""

import numpy as np
import pytest

from learner.reward.data.example import Example
from learner.reward.evaluate import arms
from learner.reward.evaluate.arms import hold_out, on_the_page, remarks
from tests.learner.reward.evaluate.made_up import human, robot


@pytest.mark.parametrize(
    ("score", "rating"),
    [
        (-1.0, 1),
        (-0.75, 2),
        (-0.5, 2),
        (-0.25, 2),
        (0.0, 3),
        (0.25, 4),
        (0.5, 4),
        (0.75, 4),
        (1.0, 5),
        (0.6, 4),
    ],
)
def test_scores_on_the_page(score, rating):
    assert on_the_page(score) == rating


def test_rounding_is_symmetric():
    assert all(on_the_page(s) + on_the_page(-s) == 6 for s in np.linspace(-1, 1, 17))


def test_the_held_out_score_is_in_no_label():
    ratings = (1.0, -1.0, 0.5, 0.25)
    examples = [Example(f"text {i}", 0.1875, "tweets", "test", ratings=ratings) for i in range(40)]
    held = hold_out(examples)
    assert len(held.index) == 40
    for label, own in zip(held.labels, held.own, strict=True):
        others = list(ratings)
        others.remove(own)
        assert label == pytest.approx(np.mean(others))
    assert {float(own) for own in held.own} == set(ratings), "always the same rater is held out"


def test_pure_noise_is_not_rewarded():
    """Raters who agree on nothing: a rating that leaked into its label would correlate with it."""
    rng = np.random.default_rng(2)
    examples = [
        Example(f"text {i}", 0.0, "tweets", "test", ratings=tuple(rng.choice([-1.0, 0.0, 1.0], 3)))
        for i in range(3000)
    ]
    held = hold_out(examples)
    assert abs(np.corrcoef(held.own, held.labels)[0, 1]) < 0.06


def test_who_has_one_rater_or_none_is_left_out_and_the_draw_does_not_depend_on_the_list():
    alone = Example("only one", 0.5, "tweets", "test", ratings=(0.5,))
    examples = [human(0), alone, robot(1, kind="command"), robot(2)]
    held = hold_out(examples)
    assert held.index == (0, 3)
    assert hold_out(examples[3:]).own[0] == held.own[1]


def test_what_each_arm_is_asked():
    examples = [robot(0), robot(1)]
    held = hold_out(examples)
    words, both, rating = (remarks(examples, held, arm) for arm in arms.ARMS)
    assert [r.text for r in words] == [r.text for r in both] == [e.text for e in examples]
    assert all(r.rating is None for r in words)
    assert [r.rating for r in both] == [r.rating for r in rating] == list(held.ratings)
    assert all(r.text == "" for r in rating)
    assert all(r.context is not None for r in [*words, *both, *rating])
