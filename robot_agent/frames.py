"""What the agent's processes tell each other through shared memory: fixed-size frames of plain numbers.

The guard writes `GuardState` (one a tick) and pushes `Record`s (one a decision); the policy process writes
`Action`; the link reads both. Frames never leave the machine, so they carry no version: all processes of an
agent are started by the same supervisor from the same files, and it empties the shared memory of another
`frames_hash`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared.control.body import BodyState
from shared.messages import END_REASONS, SOURCES, Transition
from shared.spaces import NUM_JOINTS, NUM_PARAMS, OBS_DIM
from shared.tools import TRACE_TICKS

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Frame = TypeVar("Frame")

EPISODE_ID_BYTES = 64
"""Longest episode id, UTF-8."""


class Mode(IntEnum):
    """Guard states, from harmless to severe."""

    BOOT = 0
    DISARMED = 1
    ARMING = 2
    ACTIVE = 3
    FALLBACK = 4
    SAFE_HOLD = 5
    STOPPED = 6
    FAULT = 7


class Kind(IntEnum):
    """What an action asks of the guard."""

    IDLE = 0
    """Hold."""
    START = 1
    """Move to `target` as a scripted motion, at a gentle speed; makes no record."""
    DECISION = 2
    """Play `tool` with `params`; makes a record."""
    CLOSING = 3
    """End the episode: cuts a decision in force and makes a record of no motion that carries `obs`."""
    TELEOP = 4
    """A person has the motion. Only the guard writes it; an action of this kind is not sound."""


@dataclass(frozen=True)
class GuardState(BodyState):
    """The guard's state after a tick: what the body measured and how far the action in force has come.

    Its `target` is the setpoint written on this tick.
    """

    state_seq: int
    """Ticks; rises by one a tick, also across restarts of the guard within a boot of the machine."""
    mode: int
    """`Mode`."""
    boot_epoch: int
    decision_seq: int
    """The key of the decision in force, or of the next one."""
    action_seq: int
    """The action accepted last."""
    kind: int
    """Its `Kind`."""
    finished: bool
    """It has come to its end: the policy may decide anew, from this state."""
    episode_id: str
    episode_step: int
    tool: int
    last_end: int
    """Index into `END_REASONS` of the newest record."""
    limited_ticks: int = 0
    """Since boot: ticks on which the limiter changed what was asked for."""
    violations_applied: int = 0
    """Since boot: setpoints written that broke a limit by an independent check."""
    late_ticks: int = 0
    """Since boot: ticks that began more than a tick late."""
    fault: str = ""
    """Why the mode is FAULT, in words; empty otherwise."""
    stop_source: str = ""
    """Who asked for the stop that is latched; empty while none is."""
    limp: bool = False
    """Motors are off."""
    teleop: bool = False
    """A person moves the robot."""
    limits_profile: float = 1.0
    """Share of the motion limits that is in force."""


@dataclass(frozen=True)
class Action:
    """The policy process's word to the guard, republished for every state that it evaluates."""

    action_seq: int
    """A new number is a new action; the same number keeps the action in force alive."""
    kind: int
    state_seq: int
    """The state from which this frame was computed."""
    episode_id: str = ""
    episode_step: int = 0
    obs: F32 = field(default_factory=lambda: np.zeros(OBS_DIM, np.float32))
    tool: int = 0
    params: F32 = field(default_factory=lambda: np.zeros(NUM_PARAMS, np.float32))
    log_prob: float = 0.0
    value: float = 0.0
    tool_mask: int = 0
    policy_version: int = 0
    source: int = SOURCES.index("script")
    made: int = 0
    """The made tool to play (`robot_agent.shelf.key_of`), of `run_made`; 0 = none."""
    target: F64 = field(default_factory=lambda: np.zeros(NUM_JOINTS))
    """(9,) rad, of START."""
    limits_profile: float = 1.0
    """Motion limits are scaled by this from a START on, [`MIN_PROFILE`, 1]."""


@dataclass(frozen=True)
class Record:
    """One decision as the guard saw it end."""

    boot_epoch: int
    decision_seq: int
    episode_id: str
    episode_step: int
    obs: F32
    tool: int
    params: F32
    log_prob: float
    value: float
    tool_mask: int
    policy_version: int
    source: int
    end_reason: int
    n_ticks: int
    state_seq: int
    limited_ticks: int
    violations: int
    time_unix_s: float
    setpoints: F32
    """(TRACE_TICKS, 9): rows past n_ticks are zero."""
    joints: F32
    head: F32


@dataclass(frozen=True)
class LatchState:
    """What the guard says about its stop latch."""

    latched: bool
    requests: int
    """Stop requests seen since the guard started."""
    time_s: float
    """Monotonic clock at which the latch was set last."""
    pid: int
    """Of the guard."""
    source: str = ""
    """Who asked for the stop that is latched; empty while none is."""
    fault: str = ""
    """A fault that is latched, in words."""


@dataclass(frozen=True)
class Teleop:
    """A person's word to the guard: follow this now. Latest only."""

    active: bool
    target: F64
    """(9,) rad."""
    until_s: float
    """Monotonic clock at which it is void."""


@dataclass(frozen=True)
class PhotoState:
    """What became of the photo that was asked for last."""

    boot_epoch: int
    decision_seq: int
    """The key of the decision that took it."""
    kept: bool
    outcome: str
    """The photo's name, or why there is none."""


@dataclass(frozen=True)
class PolicyState:
    """What the policy process says about itself."""

    pid: int
    active_version: int
    """0: no policy yet."""
    rejected_version: int
    """Newest bundle refused; 0: none."""
    reason: str
    """Why it was refused."""
    waiting: str
    """What it waits for, in a few words; empty while it decides."""
    inferences: int
    infer_p50_ms: float
    infer_p99_ms: float
    status: str = ""
    """What became of a policy last: one of `POLICY_STATUSES`..."""
    status_version: int = 0
    """... its version..."""
    status_seq: int = 0
    """... and the number of that event, rising by one."""
    mode: str = "autonomous"
    proposal_id: int = 0
    """Proposal that waits for approval; 0 = none."""
    proposal_tool: int = 0
    proposal_until_s: float = 0.0
    """Monotonic clock at which it expires."""
    anomaly_seq: int = 0
    """Number of the newest anomaly, rising by one; 0 = none yet."""
    anomaly_kind: str = ""
    anomaly_score: float = 0.0
    anomaly_detail: str = ""
    anomaly_episode: str = ""
    anomaly_step: int = 0


def _text(size: int) -> str:
    return f"S{size}"


_STATE = np.dtype(
    [
        ("time_s", "f8"), ("joint_pos", "f8", 9), ("joint_vel", "f8", 9), ("head_pos", "f8", 3),
        ("head_quat", "f8", 4), ("imu_accel", "f8", 3), ("imu_gyro", "f8", 3), ("target", "f8", 9),
        ("state_seq", "u8"), ("mode", "u1"), ("boot_epoch", "u4"), ("decision_seq", "u8"),
        ("action_seq", "u8"), ("kind", "u1"), ("finished", "?"), ("episode_id", _text(EPISODE_ID_BYTES)),
        ("episode_step", "u4"), ("tool", "u1"), ("last_end", "u1"),
        ("limited_ticks", "u8"), ("violations_applied", "u8"), ("late_ticks", "u8"), ("fault", _text(160)),
        ("stop_source", _text(16)), ("limp", "?"), ("teleop", "?"), ("limits_profile", "f8"),
    ]
)  # fmt: skip
_ACTION = np.dtype(
    [
        ("action_seq", "u8"), ("kind", "u1"), ("state_seq", "u8"), ("episode_id", _text(EPISODE_ID_BYTES)),
        ("episode_step", "u4"), ("obs", "f4", OBS_DIM), ("tool", "u1"), ("params", "f4", NUM_PARAMS),
        ("log_prob", "f8"), ("value", "f8"), ("tool_mask", "u4"), ("policy_version", "u4"), ("source", "u1"),
        ("made", "u8"), ("target", "f8", 9), ("limits_profile", "f8"),
    ]
)  # fmt: skip
_RECORD = np.dtype(
    [
        ("boot_epoch", "u4"), ("decision_seq", "u8"), ("episode_id", _text(EPISODE_ID_BYTES)),
        ("episode_step", "u4"), ("obs", "f4", OBS_DIM), ("tool", "u1"), ("params", "f4", NUM_PARAMS),
        ("log_prob", "f8"), ("value", "f8"), ("tool_mask", "u4"), ("policy_version", "u4"), ("source", "u1"),
        ("end_reason", "u1"), ("n_ticks", "u2"), ("state_seq", "u8"), ("limited_ticks", "u2"),
        ("violations", "u2"), ("time_unix_s", "f8"), ("setpoints", "f4", (TRACE_TICKS, 9)),
        ("joints", "f4", (TRACE_TICKS, 9)), ("head", "f4", (TRACE_TICKS, 7)),
    ]
)  # fmt: skip
_LATCH = np.dtype(
    [
        ("latched", "?"), ("requests", "u8"), ("time_s", "f8"), ("pid", "u4"), ("source", _text(16)),
        ("fault", _text(160)),
    ]
)  # fmt: skip
_TELEOP = np.dtype([("active", "?"), ("target", "f8", 9), ("until_s", "f8")])
_PHOTO = np.dtype([("boot_epoch", "u4"), ("decision_seq", "u8"), ("kept", "?"), ("outcome", _text(160))])
_POLICY = np.dtype(
    [
        ("pid", "u4"), ("active_version", "u4"), ("rejected_version", "u4"), ("reason", _text(400)),
        ("waiting", _text(80)), ("inferences", "u8"),
        ("infer_p50_ms", "f8"), ("infer_p99_ms", "f8"), ("status", _text(16)), ("status_version", "u4"),
        ("status_seq", "u8"), ("mode", _text(16)), ("proposal_id", "u8"), ("proposal_tool", "u1"),
        ("proposal_until_s", "f8"), ("anomaly_seq", "u8"), ("anomaly_kind", _text(32)),
        ("anomaly_score", "f8"), ("anomaly_detail", _text(160)), ("anomaly_episode", _text(EPISODE_ID_BYTES)),
        ("anomaly_step", "u4"),
    ]
)  # fmt: skip

DTYPES: dict[type, np.dtype[np.void]] = {
    GuardState: _STATE,
    Action: _ACTION,
    Record: _RECORD,
    LatchState: _LATCH,
    PolicyState: _POLICY,
    PhotoState: _PHOTO,
    Teleop: _TELEOP,
}


def size(frame: type) -> int:
    """Bytes of a frame."""
    return DTYPES[frame].itemsize


def frames_hash() -> str:
    """Changes with the layout of any frame."""
    layout = [(frame.__name__, dtype.descr) for frame, dtype in DTYPES.items()]
    return hashlib.sha256(repr(layout).encode()).hexdigest()[:16]


def pack(frame: Any) -> bytes:
    """A frame as bytes; texts longer than their field are cut."""
    dtype = DTYPES[type(frame)]
    row = np.zeros((), dtype)
    for name in dtype.names or ():
        value = getattr(frame, name)
        row[name] = value.encode() if isinstance(value, str) else value
    return row.tobytes()


def unpack(frame: type[Frame], data: bytes) -> Frame:
    """Bytes from `pack` as a frame; its arrays are read-only views of `data`."""
    row = np.frombuffer(data, DTYPES[frame])[0]
    values: dict[str, Any] = {}
    for slot in fields(frame):  # type: ignore[arg-type]
        value = row[slot.name]
        if isinstance(value, bytes):
            values[slot.name] = value.decode("utf-8", "replace")
        elif isinstance(value, np.ndarray):
            values[slot.name] = value
        else:
            values[slot.name] = value.item()
    return frame(**values)


def transition(robot_id: str, record: Record) -> Transition:
    """A record as the message that goes to the learner."""
    n = record.n_ticks
    return Transition(
        robot_id=robot_id,
        boot_epoch=record.boot_epoch,
        decision_seq=record.decision_seq,
        episode_id=record.episode_id,
        episode_step=record.episode_step,
        obs=record.obs,
        tool=record.tool,
        params=record.params,
        log_prob=record.log_prob,
        value=record.value,
        tool_mask=record.tool_mask,
        policy_version=record.policy_version,
        source=SOURCES[record.source],
        end_reason=END_REASONS[record.end_reason],
        n_ticks=n,
        state_seq=record.state_seq,
        limited_ticks=record.limited_ticks,
        violations=record.violations,
        time_unix_s=record.time_unix_s,
        setpoints=record.setpoints[:n],
        joints=record.joints[:n],
        head=record.head[:n],
    )
