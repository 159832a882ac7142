"""Figures of predictions against ratings, each with a bootstrap interval.

Every figure is a function of weighted sums, so that a resample is a row of weights and all resamples are one
matrix product. What is drawn again are families (a review, an editorial, a template), not single examples:
the sentences of one review are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.reward.networks.figures import SIGN_FROM

Array = NDArray[np.float64]

RESAMPLES = 1000
LEVEL = 0.95
SEED = 7
_FEWEST_FAMILIES = 2
_NO_SPREAD = 1e-12


@dataclass(frozen=True)
class Figure:
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float | None = None
    """None: too few families to draw from."""
    high: float | None = None


@dataclass(frozen=True)
class Predictions:
    """What a model says of some examples, all (n,)."""

    reward: Array
    low: Array | None = None
    """Ends of its interval; None: it gives none."""
    high: Array | None = None

    def at(self, index: NDArray[np.int64]) -> Predictions:
        """Those of some examples."""
        low = None if self.low is None else self.low[index]
        high = None if self.high is None else self.high[index]
        return Predictions(self.reward[index], low, high)


def figures(predicted: Predictions, labels: Array, families: Sequence[str]) -> dict[str, Figure]:
    """Every figure that can be had, by name; `families` (n,), "" = a family of its own.

    - pearson, spearman: 0 where either side does not vary. Resamples of spearman keep the ranks of all.
    - mse, r2: r2 is against the mean of these labels.
    - sign_accuracy, f1: of labels at least SIGN_FROM from 0; a prediction of exactly 0 has no sign and is
      wrong. f1 is the mean of the F1 of "good" and of "bad".
    - coverage, width: of the interval.
    """
    if len(labels) == 0:
        return {}
    weights = resamples(families)
    guess = predicted.reward
    named: dict[str, Array] = {
        "pearson": correlation(guess, labels, weights),
        "spearman": correlation(ranks(guess), ranks(labels), weights),
        "mse": _mean((guess - labels) ** 2, weights),
        "r2": _r2(guess, labels, weights),
        "sign_accuracy": _sign_accuracy(guess, labels, weights),
        "f1": _f1(guess, labels, weights),
    }
    if predicted.low is not None and predicted.high is not None:
        inside = (predicted.low <= labels) & (labels <= predicted.high)
        named["coverage"] = _mean(inside.astype(np.float64), weights)
        named["width"] = _mean(predicted.high - predicted.low, weights)
    return {name: figure for name, draws in named.items() if (figure := summary(draws)) is not None}


def share(flags: NDArray[np.bool_], families: Sequence[str]) -> Figure | None:
    """Which share of (n,) flags is set; None of none."""
    return summary(_mean(flags.astype(np.float64), resamples(families))) if len(flags) else None


def difference(
    measure: Callable[[Array, Array, Array], Array],
    first: Array,
    second: Array,
    labels: Array,
    weights: Array,
) -> Figure | None:
    """A figure of one prediction less that of another on the same resamples."""
    return summary(measure(first, labels, weights) - measure(second, labels, weights))


def resamples(families: Sequence[str], count: int = RESAMPLES, seed: int = SEED) -> Array:
    """(count + 1, n): how often each example counts; the first row is the sample itself."""
    names = [family or f"\0{i}" for i, family in enumerate(families)]
    _, member = np.unique(names, return_inverse=True)
    groups = int(member.max()) + 1
    if groups < _FEWEST_FAMILIES:
        return np.ones((1, len(names)))
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1.0 / groups), size=count)
    return np.concatenate([np.ones((1, len(names))), drawn[:, member]])


def summary(draws: Array) -> Figure | None:
    """The first is the value, the others its spread; None where the value is undefined."""
    if not np.isfinite(draws[0]):
        return None
    spread = draws[1:][np.isfinite(draws[1:])]
    if len(spread) == 0:
        return Figure(float(draws[0]))
    tail = 50.0 * (1.0 - LEVEL)
    low, high = np.percentile(spread, [tail, 100.0 - tail])
    return Figure(float(draws[0]), float(low), float(high))


def correlation(first: Array, second: Array, weights: Array) -> Array:
    """Pearson's r under each row of weights."""
    total = weights.sum(1)
    # Shifting to the sample's mean first keeps the differences of large sums exact.
    a, b = first - first.mean(), second - second.mean()
    mean_a, mean_b = weights @ a / total, weights @ b / total
    covariance = weights @ (a * b) / total - mean_a * mean_b
    spread = (weights @ (a * a) / total - mean_a**2) * (weights @ (b * b) / total - mean_b**2)
    return np.where(spread > _NO_SPREAD, covariance / np.sqrt(np.maximum(spread, _NO_SPREAD)), 0.0)


def ranks(values: Array) -> Array:
    """1..n; ties share their mean rank."""
    _, member, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[member], np.float64)


def bins(guess: Array, labels: Array, count: int = 10) -> list[dict[str, float]]:
    """Calibration: predictions in `count` bins of equally many; what was predicted and what people said."""
    order = np.argsort(guess, kind="stable")
    found = []
    for some in np.array_split(order, min(count, len(order))):
        mean, sem = labels[some].mean(), labels[some].std() / max(len(some), 1) ** 0.5
        found.append(
            {
                "n": len(some),
                "predicted": float(guess[some].mean()),
                "label": float(mean),
                "low": float(mean - 1.96 * sem),
                "high": float(mean + 1.96 * sem),
            }
        )
    return found


def calibration_error(found: Sequence[Mapping[str, float]]) -> float:
    """Mean distance between the predicted and the given reward over the bins, weighted by size."""
    total = sum(one["n"] for one in found)
    return sum(one["n"] * abs(one["predicted"] - one["label"]) for one in found) / max(total, 1)


def confusion(given: Sequence[str], found: Sequence[str], names: Sequence[str]) -> list[list[int]]:
    """Counts: a row for what was given, a column for what was found."""
    at = {name: i for i, name in enumerate(names)}
    counts = [[0] * len(names) for _ in names]
    for one, other in zip(given, found, strict=True):
        counts[at[one]][at[other]] += 1
    return counts


def macro_f1(counts: Sequence[Sequence[int]]) -> float:
    """Mean F1 over the classes that occur, from a confusion matrix."""
    table = np.array(counts, np.float64)
    hits, given, found = np.diag(table), table.sum(1), table.sum(0)
    occur = given > 0
    return float((2 * hits / np.maximum(given + found, 1))[occur].mean()) if occur.any() else 0.0


def _mean(values: Array, weights: Array) -> Array:
    return np.asarray(weights @ values / weights.sum(1))


def _r2(guess: Array, labels: Array, weights: Array) -> Array:
    centred = labels - labels.mean()
    variance = _mean(centred**2, weights) - _mean(centred, weights) ** 2
    error = _mean((guess - labels) ** 2, weights)
    return np.where(variance > _NO_SPREAD, 1.0 - error / np.maximum(variance, _NO_SPREAD), np.nan)


def _sign_accuracy(guess: Array, labels: Array, weights: Array) -> Array:
    clear = (np.abs(labels) >= SIGN_FROM).astype(np.float64)
    right = clear * (np.sign(guess) == np.sign(labels))
    return _ratio(weights @ right, weights @ clear)


def _f1(guess: Array, labels: Array, weights: Array) -> Array:
    clear = np.abs(labels) >= SIGN_FROM
    each = []
    for sign in (1.0, -1.0):
        is_so, said_so = clear & (np.sign(labels) == sign), clear & (np.sign(guess) == sign)
        both = weights @ (is_so & said_so).astype(np.float64)
        each.append(_ratio(2 * both, weights @ (is_so.astype(np.float64) + said_so.astype(np.float64))))
    found = np.stack(each)
    counted = np.isfinite(found)
    return _ratio(np.where(counted, found, 0.0).sum(0), counted.sum(0).astype(np.float64))


def _ratio(above: Array, below: Array) -> Array:
    return np.where(below > 0, above / np.maximum(below, _NO_SPREAD), np.nan)
