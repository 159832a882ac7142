"""Simulated people who rate remarks: each has a leaning, a temper and an unsteady hand. Never real people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PANEL = 12
"""How many there are; each remark is rated by a few of them."""
CLEAR_RATERS, UNCLEAR_RATERS = 3, 5
CLEAR_NOISE, UNCLEAR_NOISE = 0.1, 0.25
"""Standard deviation of one rating around what the rater means, for clear and for ambiguous remarks."""
_STEP = 0.25
"""They have nine points from -1 to 1, like the raters of the public sets."""


@dataclass(frozen=True)
class Panel:
    """The raters of one corpus."""

    bias: tuple[float, ...]
    gain: tuple[float, ...]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Panel:
        """A new panel."""
        bias = rng.normal(0.0, 0.06, PANEL)
        return cls(tuple((bias - bias.mean()).tolist()), tuple(rng.normal(1.0, 0.08, PANEL).tolist()))

    def rate(self, value: float, unclear: bool, rng: np.random.Generator) -> tuple[float, ...]:
        """The ratings of a few raters, [-1, 1] in steps of 0.25, for what by the rules is worth `value`."""
        noise = UNCLEAR_NOISE if unclear else CLEAR_NOISE
        who = rng.choice(PANEL, UNCLEAR_RATERS if unclear else CLEAR_RATERS, replace=False)
        ratings = []
        for rater in who:
            felt = self.bias[rater] + self.gain[rater] * value + rng.normal(0.0, noise)
            ratings.append(max(-1.0, min(1.0, round(felt / _STEP) * _STEP)) + 0.0)
        return tuple(ratings)
