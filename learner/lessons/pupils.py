"""Who takes a tempo lesson: each proposes an attempt, and learns, or does not, from what is said about it.

What a pupil knows lies in data: parameters it has tried, a belief, labels, or a network's weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from learner.lessons.belief import Belief
from learner.lessons.hearing import Heard, Listener
from learner.lessons.stage import gesture_params, raw_for
from learner.reward.feedback.human import Labels, Taste
from learner.reward.feedback.outcome import OUTCOME_FIELDS
from shared.tools import TOOL_INDEX

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

CANDIDATES = np.linspace(-1.0, 1.0, 41)
"""Raw parameters that a pupil without directions chooses from."""
CURIOSITY = 1.0
"""How many standard deviations of R_h count as hope."""


@dataclass(frozen=True)
class Lived:
    """One attempt and what came of it."""

    obs: F32
    """(512,) before it."""
    tool: int
    params: F32
    """(4,) raw."""
    shown_hz: float
    """0: the gesture was not made."""
    heard: Heard
    tap: float
    """1 or -1: what the same person's button would have said."""


class Pupil(Protocol):
    """Takes a lesson about one gesture."""

    def attempt(self, obs: F32) -> tuple[int, F32]:
        """Tool and (4,) raw parameters, from an observation (512,)."""
        ...

    def learn(self, lived: Lived) -> None:
        """Take in what was said about the newest attempt."""
        ...


class Deaf:
    """Does the same whatever is said."""

    def __init__(self, gesture: str, start: float) -> None:
        self._tool = TOOL_INDEX[gesture]
        self._raw = start

    def attempt(self, obs: F32) -> tuple[int, F32]:
        """As ever."""
        return self._tool, gesture_params(self._raw)

    def learn(self, lived: Lived) -> None:
        """Nothing."""


class Guesser(Deaf):
    """Tries at random, whatever is said."""

    def __init__(self, gesture: str, start: float, rng: np.random.Generator) -> None:
        super().__init__(gesture, start)
        self._rng = rng

    def learn(self, lived: Lived) -> None:
        """Draw anew."""
        self._raw = float(self._rng.uniform(-1.0, 1.0))


class Tasting(Deaf):
    """Learns R_h over the parameters from how much it was liked, and tries what may be liked best."""

    def __init__(self, gesture: str, start: float, rng: np.random.Generator, *, taps: bool) -> None:
        """taps: learn from the buttons; otherwise from the reward that the words are worth."""
        super().__init__(gesture, start)
        self._rng = rng
        self._taps = taps
        self._said: list[tuple[Lived, float]] = []

    def learn(self, lived: Lived) -> None:
        """Fit R_h anew and choose the candidate with the greatest hope."""
        worth = lived.tap if self._taps else lived.heard.reward
        if worth is not None:
            self._said.append((lived, worth))
        if not self._said:
            return
        seed = int(self._rng.integers(2**31))
        taste = Taste.fit(self._labels(), np.random.default_rng(seed))
        n = len(CANDIDATES)
        liked, unsure = taste.predict(
            np.repeat(lived.obs[None], n, axis=0),
            np.full(n, self._tool),
            np.stack([gesture_params(raw) for raw in CANDIDATES]),
            _no_motion(n),
            np.ones(n, np.bool_),
        )
        self._raw = float(CANDIDATES[(liked + CURIOSITY * unsure).argmax()])

    def _labels(self) -> Labels:
        lived = [one for one, _ in self._said]
        return Labels(
            obs=np.stack([one.obs for one in lived]),
            tool=np.array([one.tool for one in lived]),
            params=np.stack([one.params for one in lived]),
            motion=_no_motion(len(lived)),
            ended=np.ones(len(lived), np.bool_),
            label=np.array([worth for _, worth in self._said], np.float32),
            weight=np.ones(len(lived), np.float32),
        )


class Listening(Deaf):
    """Believes what the words say about the tempo wished for, and moves its parameter there."""

    def __init__(self, gesture: str, start: float, listener: Listener) -> None:
        super().__init__(gesture, start)
        self._gesture = gesture
        self._listener = listener
        self.belief = Belief()

    def learn(self, lived: Lived) -> None:
        """Move to the middle of the belief."""
        if lived.shown_hz > 0.0:
            self.belief.update(self._listener, lived.heard, lived.shown_hz)
            self._raw = raw_for(self._gesture, self.belief.wish_hz)


def _no_motion(n: int) -> F32:
    """Within one lesson the motion follows from the parameters, so R_h is asked about these alone."""
    return np.zeros((n, len(OUTCOME_FIELDS)), np.float32)
