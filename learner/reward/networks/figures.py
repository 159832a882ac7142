"""How good predictions are, in the few numbers that training watches and model cards quote."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from learner.reward.data.example import Example

Array = NDArray[np.float64]

GROUPS: Mapping[str, Callable[[Example], bool]] = {
    "human-rated": lambda e: not e.synthetic and e.source != "store",
    "tweets + amazon": lambda e: e.source in ("tweets", "amazon"),
    "tweets": lambda e: e.source == "tweets",
    "amazon": lambda e: e.source == "amazon",
    "movies": lambda e: e.source == "movies",
    "nyt": lambda e: e.source == "nyt",
    "robot": lambda e: e.source == "robot" and e.kind == "evaluative" and e.language == "en",
    "robot, other languages": lambda e: e.source == "robot" and e.kind == "evaluative" and e.language != "en",
    "store": lambda e: e.source == "store" and e.kind == "evaluative",
}
"""What figures are given for; robot remarks that do not evaluate have no reward to be right about."""
SIGN_FROM = 0.05
"""Labels nearer to 0 have no sign to be right about."""


def pearson(predicted: Array, labels: Array) -> float:
    """Correlation; 0 where either does not vary."""
    if len(labels) < 2 or np.ptp(predicted) == 0.0 or np.ptp(labels) == 0.0:
        return 0.0
    return float(np.corrcoef(predicted, labels)[0, 1])


def figures(
    examples: Sequence[Example], predicted: Array, half_widths: Array | None = None
) -> dict[str, dict[str, float]]:
    """By group: n, r, mse, sign accuracy, and the interval's coverage and width where it is given."""
    labels = np.array([e.label for e in examples])
    found: dict[str, dict[str, float]] = {}
    for name, member in GROUPS.items():
        at = np.array([i for i, e in enumerate(examples) if member(e)], np.int64)
        if len(at) == 0:
            continue
        guess, label = predicted[at], labels[at]
        clear = np.abs(label) >= SIGN_FROM
        group = {
            "n": float(len(at)),
            "r": pearson(guess, label),
            "mse": float(np.mean((guess - label) ** 2)),
            "sign_accuracy": float(np.mean((guess > 0) == (label > 0), where=clear)) if clear.any() else 0.0,
        }
        if half_widths is not None:
            group["coverage"] = float(np.mean(np.abs(guess - label) <= half_widths[at]))
            group["mean_width"] = float(np.mean(2 * half_widths[at]))
        found[name] = group
    return found
