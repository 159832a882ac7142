"""What the reward and voice routes take and give."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from learner.api.payloads import MAX_TEXT, StopAnswer
from learner.reward.model import Context, Judgement, Kind, Outcome, Remark

MAX_REMARKS = 256
"""Of one request."""

Degrees = Annotated[float, Meta(ge=-720.0, le=720.0, description="[deg]")]
Words = Annotated[str, Meta(max_length=MAX_TEXT)]
Label = Annotated[str, Meta(max_length=200)]


class ContextGiven(Struct, forbid_unknown_fields=True, kw_only=True):
    """One decision as a person saw it. Left, up and ear-to-the-right are positive."""

    tool: Annotated[str, Meta(min_length=1, max_length=100)]
    """which of the robot's motion tools it chose"""
    instruction: Words = ""
    """what it had been asked to do"""
    params: Annotated[list[Annotated[float, Meta(ge=-1e6, le=1e6)]], Meta(max_length=8)] = []
    """of that tool, in its units"""
    gaze_before: Label = ""
    """the object in the middle of its view"""
    gaze_after: Label = ""
    turned_deg: Degrees = 0.0
    raised_deg: Degrees = 0.0
    rolled_deg: Degrees = 0.0
    range_deg: Annotated[float, Meta(ge=0.0, le=720.0, description="[deg]")] = 0.0
    """greatest peak-to-peak excursion of any joint"""
    speed_deg_s: Annotated[float, Meta(ge=0.0, le=100_000.0, description="[deg/s]")] = 0.0
    duration_s: Annotated[float, Meta(ge=0.0, le=3600.0, description="[s]")] = 0.0
    outcome: Outcome = "running"
    """of the episode so far"""

    def context(self) -> Context:
        """As reward models take it."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return Context(**values | {"params": tuple(self.params)})


class RemarkGiven(Struct, forbid_unknown_fields=True, kw_only=True):
    """Words, a rating or both, about a decision or about nothing in particular."""

    text: Words = ""
    rating: Annotated[int, Meta(ge=1, le=5)] | None = None
    """1 bad to 5 good"""
    context: ContextGiven | None = None

    def remark(self) -> Remark:
        """As reward models take it."""
        return Remark(self.text, self.rating, self.context.context() if self.context is not None else None)


class Judged(Struct):
    """What a remark is worth."""

    reward: float
    """[-1, 1]; nobody learns from it where `abstained`"""
    low: float
    high: float
    """the reward's 90 % interval"""
    confidence: float
    """[0, 1]"""
    kind: Kind
    """evaluative: how it did; command: what to do next; description: neither; stop: halt now"""
    abstained: bool
    version: str
    """of the model that answered"""
    seen: str
    """the text that it read"""

    @classmethod
    def of(cls, judgement: Judgement) -> Judged:
        """The same, for the wire."""
        return cls(**{name: getattr(judgement, name) for name in cls.__struct_fields__})


class RewardModelInfo(Struct):
    """A reward model that can be put into use."""

    name: str
    version: str | None
    """known once it has been loaded"""
    state: Literal["active", "loading", "failed", "available"]
    reason: str
    """why it failed"""
    fallback: bool
    """it answers while the active one cannot"""


class RewardModels(Struct):
    """All reward models, and how much waits for the one in use."""

    active: str | None
    """version in use; null before the first answer"""
    waiting: int
    """remarks in the queue"""
    models: list[RewardModelInfo]


class VoiceInfo(Struct):
    """Whether the learner understands speech."""

    available: bool
    reason: str
    """why not, and what to do about it"""
    max_s: float
    """[s] of one recording"""
    media_types: list[str]


class Heard(Struct):
    """What was understood. It counts once the person sends it as feedback; a stop acts at once."""

    text: str
    """empty when nobody spoke"""
    confidence: float
    """[0, 1]"""
    sure: bool
    """false: ask the person to look twice"""
    duration_s: float
    """[s] of the recording"""
    took_ms: float
    stop: StopAnswer | None
    """a stop word was heard, and the robot was asked to stop"""
