"""What a remark says about a tempo: a direction and a reward, and how likely these are for every wish.

The direction is the pace reader's, the reward the reward model's. How remarks of each sort look through both
is measured on wordings of their own (`wordings.BOOK`), so a reader that errs is trusted as far as it
deserves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from learner.lessons.wordings import BOOK, DIRECTION, Degree, Wish
from learner.reward.model import Context, Remark, RewardModel

F64 = NDArray[np.float64]

SIZE: dict[Degree, tuple[float, float]] = {
    "slight": (0.08, 0.04),
    "plain": (0.15, 0.06),
    "strong": (0.27, 0.09),
}
"""By what share a person would have the tempo changed who asks for it so: middle and deviation. A guess that
lessons start from; the raters of the experiment each have thresholds of their own."""
SATISFIED = 0.045
"""Deviation of the tempo from the wish of somebody who is content, as a share."""
LAPSE = 0.08
"""Share of remarks that mean nothing: slips, talk, misreadings."""
_LEAST_SD = 0.2
_LEAST_REWARD_SD = 0.15


class Directions(Protocol):
    """Reads directions, as `learner.lessons.pace.PaceReader`."""

    def read(self, texts: Sequence[str]) -> F64:
        """(n,) -1 slower to 1 faster."""
        ...


@dataclass(frozen=True)
class Heard:
    """One remark as the learner takes it."""

    direction: float
    """About -1 (slower) to 1 (faster)."""
    reward: float | None
    """[-1, 1]; None: the reward model abstained."""
    confidence: float = 0.0
    """[0, 1] of the reward."""


@dataclass(frozen=True)
class _Sort:
    """How remarks with one wish and degree look."""

    wish: Wish
    degree: Degree
    direction: tuple[float, float]
    """Mean and deviation."""
    reward: tuple[float, float]


class Listener:
    """Hears remarks, and tells what they say about the tempo wished for."""

    def __init__(self, reader: Directions, model: RewardModel, context: Context) -> None:
        """Measure how each sort of remark looks.

        Args:
            reader: of directions.
            model: of rewards.
            context: a decision of the kind that remarks will be about.
        """
        self._reader = reader
        self._model = model
        self._sorts = [self._measure(wish, degree, context) for wish, degree in BOOK]

    def hear(self, remarks: Sequence[Remark]) -> list[Heard]:
        """Each remark through the reader and the reward model."""
        directions = self._reader.read([remark.text for remark in remarks])
        judgements = self._model.judge(remarks)
        return [
            Heard(float(direction), None if j.abstained else j.reward, j.confidence)
            for direction, j in zip(directions, judgements, strict=True)
        ]

    def likelihood(self, heard: Heard, change: F64) -> F64:
        """How likely such a remark is of a person who would have the tempo changed so.

        Args:
            heard: the remark.
            change: (k,) natural logarithm of the tempo wished for over the one that was shown.

        Returns:
            (k,) > 0, up to a factor.
        """
        # Who wants a change says so in one of three degrees; who does not, praises, in any.
        share, density = [], []
        for sort in self._sorts:
            sign = DIRECTION[sort.wish]
            middle, width = SIZE[sort.degree] if sign else (0.0, SATISFIED)
            share.append(_bell(change, sign * middle, width) / (1.0 if sign else len(SIZE)))
            seen = _bell(heard.direction, *sort.direction) / sort.direction[1]
            if heard.reward is not None:
                seen = seen * _bell(heard.reward, *sort.reward) / sort.reward[1]
            density.append(seen)
        shares, densities = np.stack(share), np.array(density)
        # Beyond the largest degree the wish is still the nearest one's.
        shares = (shares + 1e-9) / (shares + 1e-9).sum(axis=0)
        return np.asarray((1.0 - LAPSE) * densities @ shares + LAPSE * densities.mean())

    def _measure(self, wish: Wish, degree: Degree, context: Context) -> _Sort:
        heard = self.hear([Remark(text, None, context) for text in BOOK[wish, degree]])
        directions = [one.direction for one in heard]
        rewards = [one.reward for one in heard if one.reward is not None] or [0.0]
        return _Sort(
            wish,
            degree,
            (float(np.mean(directions)), max(float(np.std(directions)), _LEAST_SD)),
            (float(np.mean(rewards)), max(float(np.std(rewards)), _LEAST_REWARD_SD)),
        )


def _bell(x: F64 | float, middle: float, width: float) -> F64:
    return np.asarray(np.exp(-0.5 * ((np.asarray(x) - middle) / width) ** 2))
