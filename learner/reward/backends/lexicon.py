"""A lexicon score for what people write: VADER's words plus the few that people use of robots.

It is the starting point, not a reading of the text: it abstains on commands and on texts without a word of
sentiment, and its confidence stays below a button's. Lexicon: Hutto & Gilbert (2014), ICWSM.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from learner.reward.encoding import clean, describe
from learner.reward.judging import Words, settle
from learner.reward.model import Judgement, Kind, Remark
from learner.reward.stop_words import is_stop

MAX_CONFIDENCE = 0.8
"""A lexicon is never as sure as a button (1.0): on human-rated text VADER correlates about .5 with people."""
ABSTAIN_BELOW = 0.05
"""|compound| under which VADER's authors call a text neutral."""

HALF_WIDTH = 0.76
"""Of the interval: VADER's mean squared error on the human-rated sets is .214."""

ROBOT_WORDS = {
    "smooth": 1.8,
    "smoothly": 1.8,
    "gentle": 1.9,
    "gently": 1.6,
    "exactly": 1.5,
    "correct": 1.9,
    "correctly": 1.9,
    "spot-on": 2.5,
    "jerky": -2.0,
    "shaky": -1.6,
    "jittery": -1.8,
    "clumsy": -1.9,
    "abrupt": -1.5,
    "rough": -1.6,
    "nope": -1.9,
    "incorrect": -1.9,
    "overdone": -1.8,
    "too_much": -1.8,
    "not_quite": -1.5,
}
"""Valence in VADER's -4..4."""

_TOO = re.compile(
    r"\b(?:way )?too\s+"
    r"(?:fast|slow|quick|much|little|far|hard|strong|big|small|late|early|high|low|long|short)\b"
)
_NOT_QUITE = re.compile(r"\b(?:not quite|almost|nearly)\b")
_COMMAND = re.compile(
    r"^(?:please\s+|now\s+|can you\s+|could you\s+)*"
    r"(?:nod|shake|look|turn|move|go|stop|wait|try|do|tilt|face|find|watch|show|say|repeat)\b"
)


@dataclass(frozen=True)
class Score:
    """What a text says about the robot's behaviour."""

    score: float | None
    """[-1, 1]; None = abstained."""
    confidence: float
    """[0, MAX_CONFIDENCE]; 0 when abstained."""


ABSTAINED = Score(None, 0.0)


@lru_cache(maxsize=1)
def _analyzer() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    analyzer.lexicon.update(ROBOT_WORDS)
    return analyzer


def score_text(text: str) -> Score:
    """Score a text, or abstain.

    The confidence is MAX_CONFIDENCE times |pos - neg| / (pos + neg), the agreement between the words that
    carry sentiment: "good but too fast" is less sure than "good".
    """
    plain = " ".join(text.lower().split())
    if not plain or _COMMAND.match(plain):
        return ABSTAINED
    plain = _NOT_QUITE.sub("not_quite", _TOO.sub("too_much", plain))
    parts = _analyzer().polarity_scores(plain)
    pos, neg, compound = parts["pos"], parts["neg"], parts["compound"]
    if pos + neg == 0.0 or abs(compound) < ABSTAIN_BELOW:
        return ABSTAINED
    return Score(float(compound), MAX_CONFIDENCE * min(1.0, abs(pos - neg) / (pos + neg)))


class LexiconModel:
    """VADER with robot words. It does not read the context, only checks it as every backend does."""

    version = "lexicon-1"

    def judge(self, remarks: Sequence[Remark]) -> list[Judgement]:
        """One judgement a remark, in order.

        Raises:
            ValueError: a context or a rating out of range.
        """
        return [self._one(remark) for remark in remarks]

    def _one(self, remark: Remark) -> Judgement:
        describe(remark.context)
        seen = clean(remark.text)
        score = score_text(seen)
        kind: Kind = "evaluative"
        if is_stop(seen):
            kind, score = "stop", ABSTAINED
        elif score.score is None:
            kind = "command" if _COMMAND.match(seen.lower()) else "description"
        words = Words(score.score or 0.0, HALF_WIDTH, kind, score.confidence, score.score is None)
        return settle(words, remark.rating, self.version, seen)
