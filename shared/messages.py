"""Every message that crosses a border, as frozen dataclasses. `shared.codec` turns them into bytes and back.

Arrays are numpy arrays of the dtype and shape that `ARRAYS` names; the codec refuses anything else, NaN and
infinity included. Times: `*_s` on a robot's monotonic clock unless the name says `unix`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SCHEMA_VERSION = 1

F32 = NDArray[np.float32]

SOURCES = ("policy", "human", "safety", "script")
"""Whose action was applied. Only `policy` steps enter the PPO loss."""

MODES = ("autonomous", "suggest")
"""Whether the policy's proposals are played at once, or wait for a person's approval."""

POLICY_STATUSES = ("trial", "active", "good", "rejected", "rolled_back")
"""What may become of a policy on a robot: tried beside the one in use, in use (at reduced limits first), kept
as good, refused before use, taken back after use."""

END_REASONS = (
    "completed",  # the tool's last tick was played
    "stopped",  # a stop was latched
    "stale",  # the policy fell silent: decelerated, then held
    "new_task",  # the instruction changed or the episode ended
    "override",  # a person took the motion
    "closing",  # no motion: carries the observation after an episode's last decision
)


@dataclass(frozen=True)
class SceneObject:
    """A named thing in front of the robot."""

    name: str
    position: tuple[float, float, float]
    """[m] in the robot's base frame: x forward, y left, z up from the table."""
    size_m: float
    match: float
    """Cosine of the name's and the instruction's embeddings."""
    code: tuple[float, float]
    """Class code: two fixed projections of the name's embedding."""


@dataclass(frozen=True)
class Change:
    """What a person says in the middle of an episode; from then on this is what is asked."""

    decision: int
    """The first decision that it holds for, from 1."""
    instruction: str
    embedding: F32
    """(384,) unit norm."""
    tool_match: F32
    """(20,) as the task's."""
    match: tuple[float, ...]
    """Cosine of each object's name with the new instruction, in the order of the task's objects."""


@dataclass(frozen=True)
class TaskSpec:
    """One episode's work: the instruction with its embeddings, and the scene. Learner -> robot."""

    episode_id: str
    task: str
    """Name of the task (`look`, `nod`, `shake`)."""
    instruction: str
    embedding: F32
    """(384,) unit norm."""
    tool_match: F32
    """(20,) standardised cosine of each tool's description with the instruction."""
    objects: tuple[SceneObject, ...]
    start_head_rpy: tuple[float, float, float]
    """[rad] head orientation the robot moves to before the episode's first decision."""
    start_body_yaw: float
    start_antennas: tuple[float, float]
    """[rad] right, left."""
    max_decisions: int
    seed: int
    """For the detection noise, and for the way of an object that moves."""
    brightness: float = 0.5
    """Mean brightness of the camera's image [0, 1], in simulation; a robot's camera measures its own."""
    changes: tuple[Change, ...] = ()
    """Interruptions, the earliest first."""


@dataclass(frozen=True)
class EndEpisode:
    """The episode is over (judged by the learner); the robot cuts the decision in force. Learner -> robot."""

    episode_id: str
    outcome: str
    """`success`, `failure`, `truncated`; or `disliked`: cut because people said again and again that it is
    bad."""


@dataclass(frozen=True)
class Transition:
    """One decision: what was proposed, what was applied and what it cost. Robot -> learner."""

    robot_id: str
    boot_epoch: int
    """Rises at each guard start."""
    decision_seq: int
    """Rises by one a record within an epoch; (robot_id, boot_epoch, decision_seq) is unique."""
    episode_id: str
    episode_step: int
    """Index of the decision within its episode, from 0."""
    obs: F32
    """(512,) what the policy saw when it decided."""
    tool: int
    params: F32
    """(4,) raw, unclipped sample."""
    log_prob: float
    value: float
    tool_mask: int
    """Bit i set: tool i was allowed."""
    policy_version: int
    """0 = no policy (script, safety or human)."""
    source: str
    end_reason: str
    n_ticks: int
    state_seq: int
    """Guard tick at which the decision began."""
    limited_ticks: int
    """Ticks on which the limiter changed what the tool asked for."""
    violations: int
    """Ticks on which the proposal itself broke a limit."""
    time_unix_s: float
    """Wall clock at the decision's start."""
    setpoints: F32
    """(n_ticks, 9) rad: what was written to the body."""
    joints: F32
    """(n_ticks, 9) rad: measured after each tick."""
    head: F32
    """(n_ticks, 7): measured head position [m] and quaternion w x y z."""


@dataclass(frozen=True)
class TransitionBatch:
    """Records in the order in which they were spooled. Robot -> learner."""

    transitions: tuple[Transition, ...]


@dataclass(frozen=True)
class Ack:
    """These records are durable at the learner. Learner -> robot."""

    keys: tuple[tuple[int, int], ...]
    """(boot_epoch, decision_seq)."""


@dataclass(frozen=True)
class Hello:
    """First message on a connection. Robot -> learner."""

    robot_id: str
    boot_epoch: int
    layout_hash: str
    body: str
    """`mujoco` or `reachy`."""
    software: str
    policy_version: int


@dataclass(frozen=True)
class Welcome:
    """Answer to Hello. Learner -> robot."""

    accepted: bool
    reason: str
    """Empty when accepted; otherwise what to do."""


@dataclass(frozen=True)
class RobotStatus:
    """What the robot is doing now, about ten times a second; latest only. Robot -> learner."""

    robot_id: str
    state: str
    """Guard state in one word."""
    episode_id: str
    episode_step: int
    boot_epoch: int
    decision_seq: int
    tool: int
    policy_version: int
    joints: F32
    """(9,) rad measured."""
    spooled: int
    """Records not yet acknowledged."""
    lost: int
    """Records counted as missing in the ring; 0 unless the spool fell behind."""
    limited_ticks: int
    """Since boot."""
    violations_applied: int
    """Setpoints written that broke a limit, by the agent's own check; must stay 0."""
    time_unix_s: float
    fault: str = ""
    """Why the state is FAULT, in words; empty otherwise."""
    stop_source: str = ""
    """Who asked for the stop that is latched; empty while none is."""
    mode: str = "autonomous"
    """One of `MODES`."""
    teleop: bool = False
    """A person moves the robot."""
    proposal_id: int = 0
    """Proposal that waits for approval; 0 = none."""
    proposal_tool: int = 0
    proposal_left_s: float = 0.0
    """Until the proposal expires."""
    limits_profile: float = 1.0
    """Share of the motion limits that is in force."""
    eyes: str = ""
    """How the eyes are, in words; empty for a robot that does not use its camera."""
    photo: str = ""
    """Name of the photo taken last, or why there is none; empty while none was asked for."""


@dataclass(frozen=True)
class PolicyNotice:
    """A new policy can be pulled. Learner -> robot."""

    version: int
    size: int
    """Bytes of the bundle."""
    sha256: str


@dataclass(frozen=True)
class ChunkRequest:
    """Robot -> learner."""

    version: int
    offset: int


@dataclass(frozen=True)
class Chunk:
    """Learner -> robot."""

    version: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class PolicyResult:
    """What became of a policy on the robot. Robot -> learner."""

    robot_id: str
    version: int
    status: str
    """One of `POLICY_STATUSES`."""
    reason: str


@dataclass(frozen=True)
class Anomaly:
    """Something a person should look at: an observation unlike those of training. Robot -> learner."""

    robot_id: str
    episode_id: str
    episode_step: int
    kind: str
    """Which check it was, in one word."""
    score: float
    """How far over its threshold: 1 is at it."""
    detail: str
    time_unix_s: float


@dataclass(frozen=True)
class TeleopTarget:
    """A person moves the robot: a head pose to follow now. Never queued; late ones are dropped. Learner ->
    robot."""

    session: str
    """One hand on the stick: from the first target to the one that is not `active`."""
    active: bool
    """False hands the motion back to the policy."""
    head_rpy: tuple[float, float, float]
    """[rad] in the base frame."""
    body_yaw: float
    antennas: tuple[float, float]
    """[rad] right, left."""
    deadline_s: float
    """Worth following for so long after receipt [s], at most 0.5."""


@dataclass(frozen=True)
class SetMode:
    """How the robot is to treat its policy's proposals. Learner -> robot."""

    mode: str
    """One of `MODES`."""


@dataclass(frozen=True)
class Approval:
    """A person's word on a proposal. One that has expired stays expired. Learner -> robot."""

    proposal_id: int
    approved: bool


@dataclass(frozen=True)
class StopRequest:
    """Ask the robot to stop. Never expires; the network can ask for a stop and never clear one."""

    request_id: str
    reason: str


@dataclass(frozen=True)
class StopConfirm:
    """The latch is set. Robot -> learner."""

    robot_id: str
    request_id: str
    latched_ms: float
    """From receipt by the link process to the guard's latch."""


@dataclass(frozen=True)
class Refusal:
    """What was received could not be used; the sender may go on."""

    reason: str
    about: str = field(default="")


ARRAYS: dict[type, dict[str, tuple[str, tuple[int | None, ...]]]] = {
    TaskSpec: {"embedding": ("f4", (384,)), "tool_match": ("f4", (20,))},
    Change: {"embedding": ("f4", (384,)), "tool_match": ("f4", (20,))},
    Transition: {
        "obs": ("f4", (512,)),
        "params": ("f4", (4,)),
        "setpoints": ("f4", (None, 9)),
        "joints": ("f4", (None, 9)),
        "head": ("f4", (None, 7)),
    },
    RobotStatus: {"joints": ("f4", (9,))},
}
"""dtype and shape of every array field; None = any length up to the codec's cap."""

LATER: dict[type, tuple[str, ...]] = {
    TaskSpec: ("brightness", "changes"),
    RobotStatus: ("eyes", "photo"),
}
"""Fields that came after the first release. They stay off the wire while they hold their default, so that
rows stored before can be read, and older robots read what does not need them."""

MESSAGES: tuple[type, ...] = (
    Hello,
    Welcome,
    TaskSpec,
    EndEpisode,
    TransitionBatch,
    Ack,
    RobotStatus,
    PolicyNotice,
    ChunkRequest,
    Chunk,
    PolicyResult,
    StopRequest,
    StopConfirm,
    Refusal,
    Anomaly,
    TeleopTarget,
    SetMode,
    Approval,
)
"""What may stand alone on the wire; the position is the wire's type number."""
