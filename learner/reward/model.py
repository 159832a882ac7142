"""What every reward model takes and gives: (state, action, outcome, feedback) -> a reward with its doubt.

`RewardModel` is the one interface; `learner.reward.backends` holds those who speak it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

Kind = Literal["evaluative", "command", "description", "stop"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""evaluative: how it did. command: what to do next. description: what is there, or nothing about the robot.
stop: halt now. Only evaluative words are a reward; on the others a model abstains."""

Outcome = Literal["running", "success", "failure", "truncated"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

RATING = (1, 5)
"""Lowest and highest explicit rating; see `rating_reward`."""
INTERVAL = 0.9
"""Nominal coverage of a judgement's interval."""


@dataclass(frozen=True)
class Context:
    """One decision as a person saw it: state, action and outcome. Angles in degrees, left, up and
    ear-to-the-right positive."""

    instruction: str
    """What the robot had been asked to do; "" = nothing."""
    tool: str
    """Name of the tool that it chose, as in `shared.tools`."""
    params: tuple[float, ...] = ()
    """Of that tool, in its units."""
    gaze_before: str = ""
    """Name of the object in the middle of its view when it began; "" = none."""
    gaze_after: str = ""
    """The same when it ended."""
    turned_deg: float = 0.0
    """Where the head points afterwards, sideways, less where it did before."""
    raised_deg: float = 0.0
    """The same upwards."""
    rolled_deg: float = 0.0
    """The same ear to shoulder."""
    range_deg: float = 0.0
    """Greatest peak-to-peak excursion of any joint, >= 0."""
    speed_deg_s: float = 0.0
    """Greatest speed of any joint, >= 0."""
    duration_s: float = 0.0
    """>= 0."""
    outcome: Outcome = "running"
    """Of the episode, as far as it had come."""


@dataclass(frozen=True)
class Remark:
    """What a person gave: words, a rating or both, about a decision or about nothing in particular."""

    text: str = ""
    rating: int | None = None
    """1 (bad) to 5 (good)."""
    context: Context | None = None


@dataclass(frozen=True)
class Judgement:
    """What a remark is worth."""

    reward: float
    """[-1, 1], finite also where it abstains: then nobody should learn from it."""
    low: float
    high: float
    """INTERVAL of the reward, within [-1, 1]."""
    confidence: float
    """[0, 1]: how much it should count; 0 where it abstains."""
    kind: Kind
    abstained: bool
    version: str
    """Of the model: its name and what identifies its weights."""
    seen: str
    """The text that the model read, after cleaning and cutting."""


class RewardModel(Protocol):
    """Scores remarks. Whoever implements it also takes any text at all: bounded answers, never an error."""

    @property
    def version(self) -> str:
        """Name and identity of the weights."""
        ...

    def judge(self, remarks: Sequence[Remark]) -> list[Judgement]:
        """One judgement a remark, in order; the answer does not depend on what else is in the batch."""
        ...


def rating_reward(rating: int) -> float:
    """1..5 -> -1..1.

    Raises:
        ValueError: outside of 1..5.
    """
    low, high = RATING
    if not low <= rating <= high:
        raise ValueError(f"rating {rating}: give a whole number from {low} to {high}")
    return 2.0 * (rating - low) / (high - low) - 1.0
