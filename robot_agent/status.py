"""The robot in one message: guard, policy and spool as the learner and its pages show them."""

from __future__ import annotations

import time

import numpy as np

from robot_agent.episode import LISTENING
from robot_agent.frames import GuardState, Mode, PolicyState
from shared.messages import MODES, RobotStatus

WAITING = "WAITING"
"""The state of a robot that may move but has no policy or no task."""


def state_word(state: GuardState, policy: PolicyState | None) -> str:
    """The guard's mode in one word (`ACTIVE`, `STOPPED`...), or `WAITING`."""
    mode = Mode(state.mode)
    idle = mode in LISTENING and policy is not None and policy.waiting != ""
    return WAITING if idle else mode.name


def robot_status(
    robot_id: str,
    state: GuardState,
    policy: PolicyState | None,
    *,
    ticking: bool,
    spooled: int,
    lost: int,
    eyes: str = "",
    photo: str = "",
) -> RobotStatus:
    """The message, stamped now; `ticking`: the guard still does, else its last mode says nothing any more."""
    left_s = policy.proposal_until_s - time.monotonic() if policy and policy.proposal_id else 0.0
    waits = policy is not None and left_s > 0.0
    return RobotStatus(
        robot_id=robot_id,
        state=state_word(state, policy) if ticking else Mode.FAULT.name,
        episode_id=state.episode_id,
        episode_step=state.episode_step,
        boot_epoch=state.boot_epoch,
        decision_seq=state.decision_seq,
        tool=state.tool,
        policy_version=policy.active_version if policy else 0,
        joints=state.joint_pos.astype(np.float32),
        spooled=spooled,
        lost=lost,
        limited_ticks=state.limited_ticks,
        violations_applied=state.violations_applied,
        time_unix_s=time.time(),
        fault=state.fault if ticking else "the guard does not tick",
        stop_source=state.stop_source,
        mode=policy.mode if policy else MODES[0],
        teleop=state.teleop,
        proposal_id=policy.proposal_id if policy and waits else 0,
        proposal_tool=policy.proposal_tool if policy and waits else 0,
        proposal_left_s=left_s if waits else 0.0,
        limits_profile=state.limits_profile,
        eyes=eyes,
        photo=photo,
    )
