import numpy as np

from learner.reward.networks.intervals import Intervals, fit


def test_intervals_cover_what_they_promise_in_each_group():
    rng = np.random.default_rng(0)
    n = 4000
    context = rng.random(n) < 0.5
    sd = rng.uniform(0.05, 0.4, n)
    error = rng.normal(size=n) * sd * np.where(context, 2.0, 1.0)  # the network is too sure of itself there
    half = slice(0, n // 2), slice(n // 2, n)
    got = fit(np.zeros(n // 2), np.log(sd[half[0]]), error[half[0]], context[half[0]])
    widths = got.half_widths(np.log(sd[half[1]]), context[half[1]])
    covered = np.abs(error[half[1]]) <= widths
    for group in (context[half[1]], ~context[half[1]]):
        assert abs(covered[group].mean() - 0.9) < 0.03
    assert 1.8 < got.context / got.plain < 2.2


def test_few_examples_share_a_factor_and_none_leave_the_normal_one():
    empty = np.zeros(0)
    assert fit(empty, empty, empty, np.zeros(0, bool)) == Intervals()
    got = fit(np.zeros(40), np.zeros(40), np.linspace(0, 1, 40), np.arange(40) < 5)
    assert got.context == fit(np.zeros(40), np.zeros(40), np.linspace(0, 1, 40), np.zeros(40, bool)).plain
