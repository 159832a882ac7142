"""What the API takes and gives; field names are the wire's."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

MAX_TEXT = 10_000
"""Characters of a feedback text."""

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Angle = Annotated[float, Meta(ge=-3.2, le=3.2, description="[rad]")]
DelayMs = Annotated[
    float,
    Meta(ge=0.0, le=86_400_000.0, description="[ms] how long the client had been showing this decision"),
]


class Shown(Struct, forbid_unknown_fields=True, kw_only=True):
    """Who says something, and what was on the screen."""

    robot_id: Name
    client_id: Name
    boot_epoch: Count
    """Of the decision that the client was showing."""
    decision_seq: Count
    client_delay_ms: DelayMs
    first_decision_seq: Count | None = None
    """A marked stretch of decisions of the same epoch that it is about, both included."""
    last_decision_seq: Count | None = None
    source: Literal["live", "replay", "voice"] = "live"
    """`replay`: about a recording, exactly about the decision it shows; `voice`: spoken and confirmed."""

    def __post_init__(self) -> None:
        first, last = self.first_decision_seq, self.last_decision_seq
        if (first is None) != (last is None):
            raise ValueError("first_decision_seq and last_decision_seq: give both or none")
        if first is not None and last is not None and first > last:
            raise ValueError(f"first_decision_seq {first} is after last_decision_seq {last}")


class QuickFeedback(Shown, forbid_unknown_fields=True, kw_only=True):
    """A tap: 1 good, -1 bad."""

    value: Literal[1, -1]


class TextFeedback(Shown, forbid_unknown_fields=True, kw_only=True):
    """A few words about what the robot did, a rating from 1 (bad) to 5 (good), or both."""

    text: Annotated[str, Meta(max_length=MAX_TEXT)] = ""
    rating: Annotated[int, Meta(ge=1, le=5)] | None = None


class StopReason(Struct, forbid_unknown_fields=True):
    """Why; goes into the log."""

    reason: Annotated[str, Meta(max_length=200)] = "asked over the API"


class StopAnswer(Struct):
    """`confirmed` is true only when the robot itself said that its latch is set."""

    robot_id: str
    request_id: str
    confirmed: bool
    latched_ms: float | None


class FeedbackSaved(Struct):
    """Stored; score and credit follow in the background."""

    id: int
    score: float | None
    """[-1, 1]; null while `pending`, and when there is none"""
    confidence: float | None
    """[0, 1]"""
    abstained: bool
    """it is no reward"""
    pending: bool
    """the score follows: see GET /api/v1/feedback/{id} or the live channel"""
    stop: StopAnswer | None = None
    """a stop word was in it, and the robot was asked to stop"""


class CreditedStep(Struct):
    """A share of a feedback on a step."""

    step_id: int
    feedback_id: int
    weight: float
    label: float
    """[-1, 1]"""


class FeedbackFate(Struct):
    """A feedback and what became of it."""

    id: int
    kind: str
    """`tap`, `rating`, `text` or `undo`"""
    robot_id: str
    episode_id: str | None
    value: float | None
    """1 or -1 of a tap, 1 to 5 of a rating"""
    text: str | None
    source: str
    """`live`, `replay` or `voice`"""
    pending: bool
    """its score follows"""
    score: float | None
    """[-1, 1]"""
    score_low: float | None
    score_high: float | None
    """the score's 90 % interval"""
    confidence: float | None
    score_kind: str | None
    """`evaluative`, `command`, `description` or `stop`"""
    abstained: bool
    reason: str | None
    """why it is no reward, or why it could not be scored"""
    reward_model: str | None
    """version of the model that read it"""
    seen: str | None
    """the text that the model read"""
    undone: bool
    credited: bool
    """false: the background has not looked at it yet"""
    changed_steps: int
    """steps that it was credited to and that it still counts for"""
    taste_version: int | None
    """first taste model that has taken it into account"""
    policy_version: int | None
    """first policy trained with that"""
    steps: list[CreditedStep]


class Undone(Struct):
    """An undo is a row of its own."""

    id: int
    undoes: int


class RobotInfo(Struct):
    """A robot that has introduced itself at least once."""

    robot_id: str
    body: str
    software: str
    connected: bool
    state: str
    """guard state in one word, as last reported"""
    policy_version: int | None
    episode_id: str | None
    spooled: int | None
    lost: int | None
    fault: str
    """why the state is FAULT"""
    stop_source: str
    """who asked for the stop that is latched"""
    mode: str
    """`autonomous` or `suggest`; empty while unknown"""
    teleop: bool
    """a person moves it"""
    limits_profile: float | None
    """share of the motion limits in force"""
    last_seen_unix_s: float


class EmergencyStop(Struct):
    """Which robots confirmed."""

    all_confirmed: bool
    """false also when no robot could be asked"""
    robots: list[StopAnswer]


class StopInfo(Struct):
    """A stop that was asked for."""

    asked_unix_s: float
    robot_id: str
    everywhere: bool
    """asked of all robots at once"""
    reason: str
    confirmed: bool
    latched_ms: float | None


class AnomalyInfo(Struct):
    """Something that a robot flagged for review."""

    id: int
    robot_id: str
    episode_id: str | None
    episode_step: int
    kind: str
    score: float
    """over its threshold: 1 is at it"""
    detail: str
    time_unix_s: float
    received_unix_s: float


class ModeWanted(Struct, forbid_unknown_fields=True):
    """How a robot is to treat its policy's proposals."""

    mode: Literal["autonomous", "suggest"]


class ModeAnswer(Struct):
    """`confirmed` is true only when the robot itself shows the mode."""

    robot_id: str
    mode: str
    confirmed: bool


class Answer(Struct, forbid_unknown_fields=True):
    """A person's word on a proposal."""

    approved: bool


class TeleopMove(Struct, forbid_unknown_fields=True, kw_only=True):
    """Where a person wants the robot now."""

    sent_ms: Annotated[float, Meta(ge=0.0, le=1e15, description="[ms] the device's own clock")]
    head_rpy: tuple[Angle, Angle, Angle]
    """[rad] in the base frame"""
    body_yaw: Angle = 0.0
    antennas: tuple[Angle, Angle] = (0.0, 0.0)
    """[rad] right, left"""


class Reward(Struct):
    """The parts of a step's reward, weights applied; null where the trainer has not labelled the step."""

    step_id: int
    task: float | None
    human: float | None
    safety: float | None
    total: float | None
    human_std: float | None
    taste_version: int | None
    policy_version: int | None
    """first policy trained with this reward"""
    feedback: list[CreditedStep]
    """what people said about this step, undone feedback left out"""


class Parameter(Struct):
    """A parameter of a tool, in its unit."""

    name: str
    value: float
    unit: str


class StepInfo(Struct):
    """One decision of a robot."""

    id: int
    boot_epoch: int
    decision_seq: int
    episode_step: int
    tool: str
    params: list[Parameter]
    said: str
    """The answer in words; empty where the tool is not `say`."""
    source: str
    end_reason: str
    n_ticks: int
    """of 20 ms"""
    policy_version: int
    limited_ticks: int
    violations: int
    time_unix_s: float
    reward: Reward


class EpisodeInfo(Struct):
    """One episode."""

    episode_id: str
    robot_id: str
    task: str
    instruction: str
    split: str
    started_unix_s: float
    ended_unix_s: float | None
    outcome: str | None
    """`success`, `failure`, `truncated`, `abandoned`; null while it runs"""
    policy_version: int | None
    n_steps: int
    return_task: float | None


class EpisodeDetail(EpisodeInfo):
    """One episode with its decisions."""

    steps: list[StepInfo]
    anomalies: list[AnomalyInfo]
    """what the robot flagged in it"""


class EpisodePage(Struct):
    """A page of episodes, newest first."""

    total: int
    limit: int
    offset: int
    items: list[EpisodeInfo]


class PolicyEventInfo(Struct):
    """What a robot did with a policy."""

    robot_id: str
    version: int
    status: str
    """`trial`, `active`, `good`, `rejected` or `rolled_back`"""
    reason: str
    time_unix_s: float


class PolicyInfo(Struct):
    """A published policy."""

    version: int
    parent: int | None
    created_unix_s: float
    sha256: str
    size: int
    """bytes"""
    eval: dict[str, Any]
    status: str
    """`published`, `refused` by the sim gate, or `withdrawn`"""
    status_reason: str
    gate: dict[str, float]
    """figures of the sim gate"""
    limits_profile: float
    events: list[PolicyEventInfo]
