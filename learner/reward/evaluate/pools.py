"""What is measured together, and what never is: people's ratings apart from simulated ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from learner.reward.data.example import Example
from learner.reward.encoding import clean

HUMAN_SOURCES = ("tweets", "amazon", "movies", "nyt")
Rated = Literal["human-rated", "synthetic"]


@dataclass(frozen=True)
class Pool:
    """Test examples whose figures are given together."""

    name: str
    rated: Rated
    about: str
    """In a few words, for people."""
    member: Callable[[Example], bool]


def _is_robot(example: Example) -> bool:
    return example.source == "robot" and example.kind == "evaluative"


HUMAN = Pool(
    "human", "human-rated", "tweets, product reviews, films, editorials", lambda e: e.source in HUMAN_SOURCES
)
SHORT = Pool(
    "tweets+amazon",
    "human-rated",
    "tweets and product reviews only",
    lambda e: e.source in ("tweets", "amazon"),
)
ROBOT = Pool(
    "robot",
    "synthetic",
    "robot feedback in unseen styles, English",
    lambda e: _is_robot(e) and e.language == "en",
)
FOREIGN = Pool(
    "robot-languages",
    "synthetic",
    "robot feedback in other languages",
    lambda e: _is_robot(e) and e.language != "en",
)
POOLS = (HUMAN, SHORT, ROBOT, FOREIGN)


def pools_of(examples: Sequence[Example]) -> list[Pool]:
    """The standing pools that have examples, and one for each further source."""
    found = [pool for pool in POOLS if any(map(pool.member, examples))]
    known = {*HUMAN_SOURCES, "robot"}
    for source in sorted({e.source for e in examples} - known):
        for synthetic in (False, True):
            member = _further(source, synthetic)
            if any(map(member, examples)):
                rated: Rated = "synthetic" if synthetic else "human-rated"
                name = f"{source}-synthetic" if synthetic else source
                found.append(Pool(name, rated, f"imported or collected: {source}", member))
    return found


def _further(source: str, synthetic: bool) -> Callable[[Example], bool]:
    return lambda e: e.source == source and e.synthetic == synthetic and e.kind == "evaluative"


def length_bucket(text: str) -> str:
    """By words."""
    words = len(clean(text).split())
    for upper, name in ((3, "1-3 words"), (8, "4-8 words"), (16, "9-16 words"), (32, "17-32 words")):
        if words <= upper:
            return name
    return "over 32 words"


BREAKDOWNS: Mapping[str, Callable[[Example], str]] = {
    "source": lambda e: e.source,
    "style": lambda e: e.style or "none given",
    "task": lambda e: e.task or "none given",
    "length": lambda e: length_bucket(e.text),
    "language": lambda e: e.language,
}
"""Within each pool, figures are also given by these."""
