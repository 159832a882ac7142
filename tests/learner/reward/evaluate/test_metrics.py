"""Figures against numbers worked out by hand, and against the plain definitions over every resample."""

import numpy as np
import pytest

from learner.reward.evaluate import metrics
from learner.reward.evaluate.metrics import Predictions, figures


def of(guess, labels, low=None, high=None, families=None):
    parts = (None if ends is None else np.array(ends, float) for ends in (low, high))
    return figures(
        Predictions(np.array(guess, float), *parts), np.array(labels, float), families or [""] * len(labels)
    )


def test_by_hand():
    # labels: mean 0, sum of squares 2; errors .5, 0, -.5: squares .25 + 0 + .25
    found = of([0.5, 0.0, -0.5], [1.0, 0.0, -1.0])
    assert found["pearson"].value == pytest.approx(1.0)
    assert found["spearman"].value == pytest.approx(1.0)
    assert found["mse"].value == pytest.approx(0.5 / 3)
    assert found["r2"].value == pytest.approx(1 - 0.5 / 2)
    assert found["sign_accuracy"].value == 1.0  # the label 0 has no sign
    assert found["f1"].value == 1.0


def test_pearson_and_spearman_differ_by_hand():
    # ranks 1 2 3 4 against 1 3 2 4: rho = 1 - 6 * (0+1+1+0) / (4 * 15) = 0.8
    found = of([0.1, 0.2, 0.3, 0.4], [-0.9, 0.5, 0.4, 0.6])
    assert found["spearman"].value == pytest.approx(0.8)
    a, b = np.array([-0.15, -0.05, 0.05, 0.15]), np.array([-1.05, 0.35, 0.25, 0.45])
    assert found["pearson"].value == pytest.approx(float(a @ b / np.sqrt((a @ a) * (b @ b))))


def test_ties_share_their_rank():
    assert metrics.ranks(np.array([5.0, 1.0, 5.0, 3.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_sign_and_f1_by_hand():
    # Clear labels: + + - - -; said: + - - + 0. The label .04 is left out, the 0 is wrong.
    found = of([0.5, -0.5, -0.2, 0.1, 0.0, -1.0], [0.5, 0.5, -0.5, -0.5, -0.05, 0.04])
    assert found["sign_accuracy"].value == pytest.approx(2 / 5)
    # good: hit 1, given 2, said 2 -> 1/2; bad: hit 1, given 3, said 2 -> 2/5
    assert found["f1"].value == pytest.approx((0.5 + 0.4) / 2)


def test_coverage_and_width():
    found = of([0.0] * 4, [0.1, 0.2, 0.3, -0.9], low=[-0.2] * 4, high=[0.2] * 4)
    assert found["coverage"].value == pytest.approx(0.5)  # an end belongs to the interval
    assert found["width"].value == pytest.approx(0.4)
    assert "coverage" not in of([0.0], [0.1])


def test_a_constant_has_no_correlation_and_a_constant_label_no_r2():
    found = of([0.3, 0.3, 0.3], [0.1, -0.5, 0.9])
    assert found["pearson"].value == found["spearman"].value == 0.0
    flat = of([0.1, 0.2, 0.3], [0.5, 0.5, 0.5])
    assert flat["pearson"].value == 0.0
    assert "r2" not in flat


def test_nothing_to_measure():
    assert of([], []) == {}
    assert "sign_accuracy" not in of([0.4, 0.1], [0.01, -0.02])


def test_every_resample_is_what_the_definition_says():
    rng = np.random.default_rng(3)
    labels = rng.uniform(-1, 1, 40)
    guess = np.clip(labels + rng.normal(0, 0.4, 40), -1, 1)
    weights = metrics.resamples([f"f{i // 2}" for i in range(40)], count=5)
    found = metrics.correlation(guess, labels, weights)
    for row, value in zip(weights, found, strict=True):
        again = np.repeat(np.arange(40), row.astype(int))
        assert value == pytest.approx(np.corrcoef(guess[again], labels[again])[0, 1], abs=1e-9)


def test_families_are_drawn_whole():
    weights = metrics.resamples(["a", "a", "b", "b", "b", ""], count=50)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 2] == weights[:, 4]).all()
    assert (weights[1:, 0] + weights[1:, 2] + weights[1:, 5] == 3).all()


def test_intervals_are_wider_with_few_families_and_absent_with_one():
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.uniform(-1, 1, 20), 10)
    guess = np.repeat(rng.uniform(-1, 1, 20), 10)

    def width(families):
        found = figures(Predictions(guess), labels, families)["mse"]
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.value < found.high
        return found.high - found.low

    assert width([str(i // 10) for i in range(200)]) > 2 * width([""] * 200)
    alone = figures(Predictions(guess), labels, ["one"] * 200)["mse"]
    assert alone.low is None


def test_interval_of_a_mean_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(200):
        found = metrics.share(rng.random(120) < 0.3, [""] * 120)
        inside += found.low <= 0.3 <= found.high
    assert 180 <= inside <= 199


def test_calibration_bins_and_error():
    bins = metrics.bins(np.array([-0.8, -0.6, 0.4, 0.6]), np.array([-1.0, -0.8, 0.5, 0.5]), 2)
    assert [b["predicted"] for b in bins] == pytest.approx([-0.7, 0.5])
    assert [b["label"] for b in bins] == pytest.approx([-0.9, 0.5])
    assert metrics.calibration_error(bins) == pytest.approx((2 * 0.2 + 2 * 0.0) / 4)


def test_confusion_and_macro_f1():
    table = metrics.confusion(["a", "a", "b", "b"], ["a", "b", "b", "b"], ["a", "b", "c"])
    assert table == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    # a: 2*1/(2+1); b: 2*2/(2+3); c does not occur
    assert metrics.macro_f1(table) == pytest.approx((2 / 3 + 4 / 5) / 2)
