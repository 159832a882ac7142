"""What the policy process asks of the guard next: a pure function of the guard's state and the task.

It keeps nothing between calls, so that a policy process that was killed goes on where the guard is, and a
guard that was killed finds its episode closed instead of continued over a gap in the trace.
"""

from __future__ import annotations

from dataclasses import dataclass

from robot_agent.frames import GuardState, Kind, Mode
from shared.messages import TaskSpec

LISTENING = (Mode.ACTIVE, Mode.FALLBACK, Mode.SAFE_HOLD)
"""Modes in which a new action makes sense."""


@dataclass(frozen=True)
class Wish:
    """A new action to be made."""

    kind: Kind
    episode_id: str
    episode_step: int


def next_wish(state: GuardState, spec: TaskSpec | None, ended: bool) -> Wish | None:
    """The next action, or None to keep the present one alive.

    Args:
        state: the guard's newest state.
        spec: the task to work on; None while there is none or while no policy is loaded.
        ended: the learner has ended `spec`'s episode.
    """
    if state.mode not in LISTENING:
        return None
    is_open = state.kind != Kind.CLOSING and state.episode_id != ""
    lost = state.kind == Kind.IDLE  # the guard was started anew within the episode
    if is_open and spec is not None and (lost or ended or state.episode_id != spec.episode_id):
        return Wish(Kind.CLOSING, state.episode_id, _steps(state))
    if not state.finished or spec is None:
        return None
    if not is_open:
        done = ended or state.episode_id == spec.episode_id
        return None if done else Wish(Kind.START, spec.episode_id, 0)
    step = _steps(state)
    if step >= spec.max_decisions:
        return Wish(Kind.CLOSING, spec.episode_id, step)
    return Wish(Kind.DECISION, spec.episode_id, step)


def waiting_for(state: GuardState, spec: TaskSpec | None, has_policy: bool, ended: bool) -> str:
    """What keeps the robot from deciding, in a few words; empty while it decides."""
    if state.mode in (Mode.STOPPED, Mode.FAULT):
        return "release and resume at the robot"
    if state.mode == Mode.DISARMED:
        return "resume at the robot"
    if not has_policy:
        return "a policy"
    closed = spec is not None and state.kind == Kind.CLOSING and state.episode_id == spec.episode_id
    if spec is None or closed or (ended and state.episode_id != spec.episode_id):
        return "a task"
    return ""


def _steps(state: GuardState) -> int:
    """Decisions begun in the state's episode."""
    return state.episode_step if state.kind == Kind.START else state.episode_step + 1
