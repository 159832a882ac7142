"""Which tempo somebody wishes for, as far as their remarks tell: a probability over a grid of tempi."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learner.lessons.hearing import Heard, Listener

F64 = NDArray[np.float64]

RANGE_HZ = (1.2, 2.2)
"""Tempi that are thought possible; a nod or a shake can have 1.4 to 1.9."""
POINTS = 81


class Belief:
    """Begins without an opinion; every remark about a tempo that was shown makes it surer."""

    def __init__(self) -> None:
        self._log_hz: F64 = np.linspace(np.log(RANGE_HZ[0]), np.log(RANGE_HZ[1]), POINTS)
        self._log_p: F64 = np.zeros(POINTS)

    def update(self, listener: Listener, heard: Heard, shown_hz: float) -> None:
        """Take in what was said about a tempo.

        Raises:
            ValueError: the tempo is not positive.
        """
        if not shown_hz > 0.0:
            raise ValueError(f"a tempo of {shown_hz} cycles/s: nothing was shown that has one")
        self._log_p += np.log(listener.likelihood(heard, self._log_hz - np.log(shown_hz)))
        self._log_p -= self._log_p.max()

    @property
    def probability(self) -> F64:
        """(POINTS,) of the tempi `tempi`."""
        p = np.exp(self._log_p)
        return np.asarray(p / p.sum())

    @property
    def tempi(self) -> F64:
        """(POINTS,) cycles a second, rising."""
        return np.exp(self._log_hz)

    @property
    def wish_hz(self) -> float:
        """The tempo to try next: the middle of the belief, in logarithms."""
        return float(np.exp(self.probability @ self._log_hz))
