"""Contexts given, withheld and swapped."""

from dataclasses import replace

import numpy as np

from learner.reward.evaluate import ablation
from tests.learner.reward.evaluate.made_up import robot


def test_pairs_are_the_same_words_with_labels_apart_and_the_better_first():
    examples = [
        robot(1, text="too  fast"),  # -0.5
        robot(0, text="Too fast"),  # 0.5
        robot(2, text="other words"),
        replace(robot(4, text="too fast"), context=None),
        replace(robot(3, text="other words"), label=0.4),
    ]
    assert ablation.same_words(examples) == [(1, 0)]


def test_withheld_and_swapped():
    examples = [robot(i) for i in range(9)]
    assert all(r.context is None for r in ablation.withheld(examples))
    turned = [replace(e, context=replace(e.context, turned_deg=float(i))) for i, e in enumerate(examples)]
    swapped = ablation.swapped([*turned, replace(robot(9), context=None)])
    assert swapped[-1].context is None
    got = [r.context.turned_deg for r in swapped[:-1]]
    assert sorted(got) == list(range(9))
    assert all(found != own for own, found in enumerate(got))
    assert [r.text for r in swapped[:-1]] == [e.text for e in turned]


def test_in_order():
    rewards = np.array([0.5, 0.2, 0.2])
    assert ablation.in_order(rewards, [(0, 1), (1, 0), (1, 2)]).tolist() == [1.0, 0.0, 0.5]
