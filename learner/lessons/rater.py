"""A simulated person who wants a gesture at a tempo and says so. Synthetic: no figure made with it is about
people.

What it says is `wordings.HELD_OUT` and the reward corpus's test wordings, some of it in styles that no reward
model was trained on; some remarks are beside the point, and some are slips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from learner.lessons.wordings import HELD_OUT, Degree, Wish
from learner.reward.data.corpus.grammar import Speaker
from learner.reward.data.corpus.languages import ENGLISH
from learner.reward.data.corpus.styles import STYLES, TEST

_SAYS: dict[Wish, tuple[str, ...]] = {
    "slower": ("fast", "wish_slower"),
    "keep": ("good_pace", "superb", "good"),
    "faster": ("slow", "wish_faster"),
}
_WORTH = {"slight": -0.3, "plain": -0.5, "strong": -0.8}


@dataclass(frozen=True)
class Manner:
    """How somebody sees and speaks."""

    noise: float = 0.03
    """Deviation of the tempo as it is seen, as a share: trained listeners tell tempi 2 to 6 % apart."""
    content: tuple[float, float] = (0.03, 0.06)
    """Up to what share off a person is content; drawn for each person..."""
    slight: tuple[float, float] = (0.08, 0.13)
    """... and up to what it is "a bit" ..."""
    plain: tuple[float, float] = (0.17, 0.26)
    """... and "too"; beyond it is "way too"."""
    corpus: float = 0.3
    """Share of remarks in the reward corpus's words, which know no degree for some of what they say."""
    styled: float = 0.2
    """Share of remarks in a test style, as a grandparent or an engineer might say it."""
    beside: float = 0.08
    """Share of remarks that are about something else."""
    slips: float = 0.03
    """Share of remarks that say the opposite."""


class TempoRater:
    """One person with one wish."""

    def __init__(self, wish_hz: float, rng: np.random.Generator, manner: Manner | None = None) -> None:
        if not wish_hz > 0.0:
            raise ValueError(f"a wish of {wish_hz} cycles/s; it has to be positive")
        self.wish_hz = wish_hz
        self._rng = rng
        self._manner = manner or Manner()
        self._limits = tuple(
            rng.uniform(*bounds) for bounds in (self._manner.content, self._manner.slight, self._manner.plain)
        )
        self._speaker = Speaker(ENGLISH["test"], rng)

    def opinion(self, shown_hz: float) -> tuple[Wish, Degree]:
        """What it thinks of a tempo."""
        off = np.log(shown_hz / self.wish_hz) + self._manner.noise * self._rng.standard_normal()
        content, slight, plain = self._limits
        size = abs(off)
        if size <= content:
            return "keep", "strong" if size <= 0.5 * content else "plain"
        wish: Wish = "slower" if off > 0.0 else "faster"
        return wish, "slight" if size <= slight else "plain" if size <= plain else "strong"

    def say(self, shown_hz: float) -> str:
        """A remark about a tempo that was shown; of a gesture that was none, that it was none."""
        rng, manner = self._rng, self._manner
        if not shown_hz > 0.0:
            return "that was not it"
        wish, degree = self.opinion(shown_hz)
        chance = rng.random()
        if chance < manner.beside:
            return self._speaker.other("command" if rng.random() < 0.5 else "description").text
        if chance < manner.beside + manner.slips and wish != "keep":
            wish = "faster" if wish == "slower" else "slower"
        text = self._words(wish, degree)
        if rng.random() < manner.styled:
            text = STYLES[str(rng.choice(TEST))](rng, text, 0.8 if wish == "keep" else _WORTH[degree])
        return text

    def tap(self, shown_hz: float) -> float:
        """1 or -1: whether it is content, or nearly."""
        if not shown_hz > 0.0:
            return -1.0
        wish, degree = self.opinion(shown_hz)
        return 1.0 if wish == "keep" or degree == "slight" else -1.0

    def _words(self, wish: Wish, degree: Degree) -> str:
        rng = self._rng
        if rng.random() < self._manner.corpus:
            said = self._speaker.opinion(None, str(rng.choice(_SAYS[wish])), degree)
            if said is not None and said.degree in (degree, "plain"):
                return said.text
        return str(rng.choice(HELD_OUT[wish, degree]))
