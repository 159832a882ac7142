"""How wide an interval must be to hold what it promises: normalised split conformal prediction.

Half-widths are the network's standard deviation times a factor, fitted on examples that it was not trained on
(Papadopoulos et al., 2002; Lei et al., 2018); synthetic ones are made stranger first (`data.noise`), because
people say things in ways that no corpus has. Remarks with and without a context have a factor each, because
that is what a model can see of where a remark comes from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.reward.model import INTERVAL

Floats = NDArray[np.floating[Any]]

FEWEST = 30
"""Examples that a factor of its own takes; a group with fewer shares the common one."""


@dataclass(frozen=True)
class Intervals:
    """Half-widths in standard deviations, > 0."""

    plain: float = 1.645
    """Without a context."""
    context: float = 1.645
    """With one."""

    def half_widths(self, log_sd: Floats, has_context: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(n,), before cutting to [-1, 1]."""
        factor = np.where(has_context, self.context, self.plain)
        return np.asarray(factor * np.exp(log_sd.astype(np.float64)))


def fit(
    rewards: Floats,
    log_sd: Floats,
    labels: Floats,
    has_context: NDArray[np.bool_],
) -> Intervals:
    """Factors that cover `INTERVAL` of these examples, all (n,)."""
    scores = np.abs(labels - rewards) / np.exp(log_sd)
    common = _quantile(scores)
    groups = [scores[~has_context], scores[has_context]]
    return Intervals(*(_quantile(group) if len(group) >= FEWEST else common for group in groups))


def _quantile(scores: Floats) -> float:
    if len(scores) == 0:
        return Intervals.plain
    rank = min(len(scores), math.ceil((len(scores) + 1) * INTERVAL))
    return float(max(np.sort(scores)[rank - 1], 1e-3))
