"""The rows that queries take and give. Units and meanings as in `learner.store.tables`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Robot:
    """A robot that has introduced itself at least once."""

    robot_id: str
    body: str
    software: str
    layout_hash: str
    last_seen_unix_s: float
    state: str


@dataclass(frozen=True)
class Episode:
    """One episode on a robot. `spec` is the codec's bytes of its TaskSpec."""

    episode_id: str
    robot_id: str
    task: str
    instruction: str
    spec: bytes
    split: str
    """`train` or `held_out`; held-out episodes are for measuring, not for training."""
    started_unix_s: float
    ended_unix_s: float | None
    outcome: str | None
    """`success`, `failure`, `truncated` or `abandoned`; None while it runs."""
    policy_version: int | None
    n_steps: int
    """Decisions up to the end; the one that the end cut off and the closing record are not counted."""
    return_task: float | None


@dataclass(frozen=True)
class Step:
    """One record of a robot. `payload` unpacks with `shared.codec.unpack_transition`."""

    id: int
    robot_id: str
    boot_epoch: int
    decision_seq: int
    episode_id: str
    episode_step: int
    tool: int
    source: str
    end_reason: str
    n_ticks: int
    policy_version: int
    log_prob: float
    value: float
    limited_ticks: int
    violations: int
    time_unix_s: float
    received_unix_s: float
    r_task: float | None
    payload: bytes


@dataclass(frozen=True)
class NewStep:
    """A step on its way into the store: `Step` without the id that the store gives."""

    robot_id: str
    boot_epoch: int
    decision_seq: int
    episode_id: str
    episode_step: int
    tool: int
    source: str
    end_reason: str
    n_ticks: int
    policy_version: int
    log_prob: float
    value: float
    limited_ticks: int
    violations: int
    time_unix_s: float
    received_unix_s: float
    r_task: float | None
    payload: bytes


@dataclass(frozen=True)
class NewFeedback:
    """A tap, a rating, a text or an undo on its way into the store."""

    robot_id: str
    episode_id: str | None
    client_id: str
    kind: str
    """`tap`, `rating`, `text`, `demonstration`, `correction` or `undo`."""
    value: float | None
    """A tap's own value, +1 or -1; a rating's, 1 to 5."""
    text: str | None
    received_unix_s: float
    boot_epoch: int
    shown_decision_seq: int
    client_delay_ms: float
    score: float | None
    """[-1, 1]; None = abstained."""
    score_confidence: float | None
    """[0, 1]."""
    undoes: int | None = None
    score_low: float | None = None
    score_high: float | None = None
    """Interval of the score, with `learner.reward.model.INTERVAL` coverage."""
    score_kind: str | None = None
    """One of `learner.reward.model.KINDS`."""
    abstained: str | None = None
    """Why there is no score; None: there is one, or it is waited for."""
    reward_model: str | None = None
    """Version of the model that gave the score."""
    seen: str | None = None
    """The text that the model read."""
    scored_unix_s: float | None = None
    """None: waits for its score."""
    first_decision_seq: int | None = None
    last_decision_seq: int | None = None
    """A marked stretch of decisions of the same epoch, both included; None: none was marked."""
    source: str = "live"
    """`live`; `replay`: about a recording, and exactly about the decision it shows; `voice`."""


@dataclass(frozen=True)
class Scored:
    """What a reward model made of a feedback, on its way to its row."""

    score: float | None
    """[-1, 1]; None = abstained."""
    confidence: float | None
    """[0, 1]; None = abstained."""
    low: float | None
    high: float | None
    kind: str
    """One of `learner.reward.model.KINDS`."""
    abstained: str | None
    """Why there is no score."""
    reward_model: str
    seen: str


@dataclass(frozen=True)
class Feedback(NewFeedback):
    """A stored tap, rating, text or undo."""

    id: int = 0
    undone_by: int | None = None
    """The id of the row that undoes this one."""


@dataclass(frozen=True)
class Credit:
    """How much one feedback says about one step."""

    feedback_id: int
    step_id: int
    weight: float
    """> 0: the step's share of the feedback, times the feedback's rank and confidence."""
    label: float
    """[-1, 1]: the feedback's score."""
    rule: str = "delay"
    """How the step was found: one of `learner.reward.feedback.credit.RULES`."""


@dataclass(frozen=True)
class Label:
    """A credit as the taste model learns from it: in force (not undone), with the step's payload."""

    feedback_id: int
    step_id: int
    client_id: str
    kind: str
    weight: float
    label: float
    received_unix_s: float
    payload: bytes
    ended: bool
    """Its episode ended with this step."""


@dataclass(frozen=True)
class StepReward:
    """The parts of one step's reward, each already multiplied by its weight, and their sum."""

    step_id: int
    r_task: float
    r_human: float
    r_human_std: float
    """The members' disagreement before shrinking, unweighted."""
    r_safety: float
    total: float
    taste_version: int | None
    policy_version: int | None
    """First policy trained with this reward; None = in none yet."""


@dataclass(frozen=True)
class TasteModel:
    """One fit of R_h."""

    version: int
    created_unix_s: float
    n_labels: int
    last_feedback_id: int
    """Every feedback up to this id had been considered."""
    policy_version: int | None
    """First policy whose rewards it labelled; None = none yet."""
    path: str
    metrics: dict[str, Any]


@dataclass(frozen=True)
class Policy:
    """A published bundle."""

    version: int
    parent: int | None
    created_unix_s: float
    path: str
    sha256: str
    """Of the bundle file, in hex."""
    size: int
    """Bytes of the bundle file."""
    eval: dict[str, float]
    status: str = "published"
    """`published`: offered to robots; `refused` by the sim gate; `withdrawn` afterwards."""
    status_reason: str = ""
    gate: dict[str, float] = field(default_factory=dict)
    """Figures of the sim gate that it passed, or did not."""
    limits_profile: float = 1.0
    """Share of the motion limits that robots run it at."""


@dataclass(frozen=True)
class PolicyEvent:
    """What a robot said about a policy."""

    robot_id: str
    version: int
    status: str
    """One of `shared.messages.POLICY_STATUSES`."""
    reason: str
    time_unix_s: float


@dataclass(frozen=True)
class Stop:
    """A stop that was asked for over the network, and the robot's answer."""

    asked_unix_s: float
    robot_id: str
    everywhere: bool
    """It was asked of all robots at once."""
    reason: str
    confirmed: bool
    """The robot itself said that its latch is set."""
    latched_ms: float | None


@dataclass(frozen=True)
class NewAnomaly:
    """Something that a robot flags for review, on its way into the store."""

    robot_id: str
    episode_id: str | None
    episode_step: int
    kind: str
    score: float
    """How far over its threshold: 1 is at it."""
    detail: str
    time_unix_s: float
    received_unix_s: float


@dataclass(frozen=True)
class StoredAnomaly(NewAnomaly):
    """One as stored; told again for the same step, it keeps the highest score."""

    id: int = 0


@dataclass(frozen=True)
class Metric:
    """One figure at one time; `step` is the trainer's update, or the episode count for robot figures."""

    time_unix_s: float
    name: str
    value: float
    step: int


@dataclass(frozen=True)
class Event:
    """An entry of the log of events."""

    id: int
    time_unix_s: float
    kind: str
    """`alarm.<kind of learner.reward.feedback.guards.Alarm>`, ..."""
    detail: dict[str, Any]
