"""What words are worth: the label rules of the synthetic corpus, all in one place.

They stand in for people until people have rated. Each is meant to be what most who saw the scene would agree
with, and each depends only on the words and on what `learner.reward.encoding` shows of the scene.

1. What is said has a worth by itself (`WORTH`), scaled by its degree (`DEGREE`).
2. A complaint about speed or size counts in full where the motion was so, less where nothing stood out, and
   half where the motion was the opposite: then it is about something else, or a slip.
3. A claim of fact ("that's the duck", "left") is praise where the fact is what was asked, else a correction.
4. Praise for what plainly went wrong: the highest praise is irony, ordinary praise is encouragement.
5. Blame for what plainly went right is taken a little less seriously.
6. "Finally" is relief after success (less so if it took long) and a rebuke after failure.
7. Two opinions joined by "but": the second counts more, 0.4 to 0.6.
8. Negated praise is blame and negated blame faint praise; hedged words count 0.7.
9. Open mockery turns praise into blame whatever happened, and makes blame no better. Attempts to talk a model
   into a reward, and markup, change nothing.
10. "Again" after success is applause, otherwise a command.
11. A wish about the manner ("slower next time") is a mild complaint. A request for something else, talk, and
    "stop" say nothing about how it did: 0, and the kind says which.
"""

from __future__ import annotations

from learner.reward.data.corpus.scenes import OPPOSITE, Scene
from learner.reward.model import Context

WORTH: dict[str, float] = {
    "superb": 0.95,
    "good": 0.7,
    "fine": 0.35,
    "meh": -0.2,
    "poor": -0.6,
    "awful": -0.95,
    "fast": -0.55,
    "slow": -0.5,
    "big": -0.5,
    "small": -0.45,
    "jerky": -0.6,
    "late": -0.45,
    "lacking": -0.4,
    "nearly": -0.15,
    "wrong_way": -0.65,
    "wrong_object": -0.7,
    "wrong_act": -0.7,
    "smooth": 0.65,
    "good_pace": 0.6,
    "good_size": 0.6,
    "good_way": 0.6,
    "good_object": 0.7,
    "good_act": 0.7,
    "prompt": 0.55,
    "charming": 0.75,
    "yes": 0.7,
    "no": -0.7,
    "better": 0.4,
    "worse": -0.6,
    "finally": 0.4,
    "that_object": 0.7,
    "that_way": 0.5,
    "wish_slower": -0.3,
    "wish_faster": -0.3,
    "wish_bigger": -0.3,
    "wish_smaller": -0.3,
    "encore": 0.6,
    "again": 0.4,
    "scare": -0.7,
}
"""What each thing said is worth by itself, [-1, 1]."""
VERDICTS = ("superb", "good", "fine", "meh", "poor", "awful")
DEGREE: dict[str, float] = {"slight": 0.5, "plain": 1.0, "strong": 1.4}

FAST_DEG_S, SLOW_DEG_S, LARGE_DEG, SMALL_DEG, LONG_S = 110.0, 45.0, 28.0, 10.0, 1.0
"""Where `learner.reward.encoding` begins to say fast, slowly, large, small, taking long (a test compares)."""

_IN_DOUBT, _CONTRADICTED = 0.8, 0.5
_BLAME_FOR_RIGHT = 0.85
_IRONY = -0.6
_ENCOURAGEMENT = 0.25
_MOCKED = -0.75
_HEDGED = 0.7
_SECOND = 0.6
_PRAISED = frozenset(
    {"superb", "good", "fine", "yes", "good_act", "good_object", "good_way", "charming", "encore"}
)


def worth(says: str, degree: str, scene: Scene) -> float:
    """What saying this about that scene is worth, [-1, 1]: rules 1 to 6."""
    plain = max(-1.0, min(1.0, WORTH[says] * DEGREE[degree]))
    seen = scene.context
    if says in ("fast", "wish_slower"):
        return plain * _support(pace(seen), "fast")
    if says in ("slow", "wish_faster"):
        return plain * _support(pace(seen), "slow")
    if says in ("big", "wish_smaller"):
        return plain * _support(extent(seen), "large")
    if says in ("small", "wish_bigger"):
        return plain * _support(extent(seen), "small")
    if says == "that_object":
        return plain if scene.seen == scene.wanted else -plain
    if says == "that_way":
        return plain if scene.way_gone == scene.way_asked else -plain
    if says == "finally":
        return _relief(scene, plain)
    if says in _PRAISED and went_wrong(scene):
        return _IRONY if says == "superb" else plain * _ENCOURAGEMENT
    if says in ("poor", "awful", "no") and seen.outcome == "success":
        return plain * _BLAME_FOR_RIGHT
    return plain


def worth_unseen(says: str, degree: str) -> float:
    """The same where nobody knows what it is about: rules 1 and 2."""
    plain = max(-1.0, min(1.0, WORTH[says] * DEGREE[degree]))
    return _IN_DOUBT * plain if says in ("fast", "slow", "big", "small") else plain


def joined(first: float, second: float) -> float:
    """Rule 7."""
    return (1.0 - _SECOND) * first + _SECOND * second


def negated(value: float) -> float:
    """Rule 8: "not good", "not bad"; "not terrible" praises less than "not bad"."""
    return -0.75 * value if value > 0.0 else 0.1 + 0.5 * (1.0 + value)


def hedged(value: float) -> float:
    """Rule 8: "maybe", "I guess"."""
    return _HEDGED * value


def mocked(value: float) -> float:
    """Rule 9."""
    return min(_MOCKED * abs(value), value)


def went_wrong(scene: Scene) -> bool:
    """Whether the encoded scene shows it: a failure, the wrong object or the wrong way."""
    if scene.context.outcome == "failure":
        return True
    if scene.context.outcome == "success":
        return False
    other = bool(scene.wanted and scene.seen and scene.seen != scene.wanted)
    return other or bool(scene.way_asked and scene.way_gone == OPPOSITE[scene.way_asked])


def pace(context: Context) -> str:
    """ "fast", "slow" or ""."""
    if context.speed_deg_s >= FAST_DEG_S:
        return "fast"
    return "slow" if context.speed_deg_s <= SLOW_DEG_S else ""


def extent(context: Context) -> str:
    """ "large", "small" or ""."""
    if context.range_deg >= LARGE_DEG:
        return "large"
    return "small" if context.range_deg <= SMALL_DEG else ""


def _support(found: str, claimed: str) -> float:
    if found == claimed:
        return 1.0
    return _CONTRADICTED if found else _IN_DOUBT


def _relief(scene: Scene, plain: float) -> float:
    if scene.context.outcome == "success":
        return plain * (0.6 if scene.context.duration_s >= LONG_S else 1.0)
    return -plain if went_wrong(scene) else 0.4 * plain
