"""One tick of the guard as a function of what it read: judge -> play or follow -> limit -> account.

No clocks, files or slots here: `guard.py` is the shell around it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robot_agent.frames import Action, GuardState, Kind, Mode, Record
from robot_agent.guard.check import SetpointCheck, proposal_violations
from robot_agent.guard.machine import STANDING, Command, Inputs, Latch, Latched, Memory, step
from robot_agent.guard.start_move import EFFORT, start_move
from robot_agent.guard.trace import Trace
from robot_agent.guard.watchdogs import Following
from shared.control.body import BodyState
from shared.control.motions import plan
from shared.control.pilot import ALL_TOOLS
from shared.control.shield import LIMITS, MIN_PROFILE, LimiterState, at_rest, brake, limit
from shared.made_tools import Validated
from shared.messages import END_REASONS, SOURCES
from shared.spaces import NUM_TOOLS
from shared.tools import MADE_TICKS, TOOL_INDEX, TOOLS

F64 = NDArray[np.float64]

_RUN_MADE = TOOL_INDEX["run_made"]

AT_TARGET_RAD = 0.15
"""A body within this of a target is taken to be at it (a loaded servo sags by a few degrees)."""


@dataclass(frozen=True)
class Tick:
    """What a tick came to."""

    setpoint: F64
    """(9,) rad, for the body."""
    state: GuardState
    """For everybody else."""
    records: tuple[Record, ...]
    """Decisions that ended on this tick."""
    fault: str = ""
    """Something is broken, in words: to be latched."""
    antenna_pressed: bool = False
    """Somebody asks for a stop by pressing an antenna."""


class Core:
    """The guard's memory between ticks.

    Args:
        epoch: of this start of the guard.
        setpoint: (9,) rad from which to go on: what the body holds now.
        previous: the last state published before this start, if any: the count of ticks and the number of the
            action go on from it, so that nobody takes an old action for a new one.
        antenna_stop: a press on a resting antenna asks for a stop.
        taught: gives the made tools that may be played.
    """

    def __init__(
        self,
        epoch: int,
        setpoint: F64,
        previous: GuardState | None = None,
        antenna_stop: bool = False,
        *,
        taught: Callable[[int], Validated | None] = lambda _: None,
    ) -> None:
        self._epoch, self._taught = epoch, taught
        self._seq = previous.state_seq if previous else 0
        self._action_seq = previous.action_seq if previous else 0
        # An episode that was open is shown as IDLE within it: its trace has a gap, so the policy closes it.
        self._episode_id = previous.episode_id if previous else ""
        self._episode_step = previous.episode_step if previous else 0
        self._closed = previous is not None and previous.kind == Kind.CLOSING
        self._kind = Kind.CLOSING if self._closed else Kind.IDLE
        self._tool = 0
        self._finished = True
        self._last_end = END_REASONS.index("completed")
        self._decision_seq = 0
        self._memory = Memory()
        self._limiter = LimiterState.at(setpoint[None])
        self._check = SetpointCheck(setpoint)
        self._following = Following(setpoint, antenna_stop)
        self._limp = previous is not None and previous.limp
        self._latch = Latch.CLEAR
        self._limits, self._profile = LIMITS, 1.0
        self._plan: F64 = np.zeros((0, 9))
        self._played = 0
        self._stale = False
        self._trace = Trace()
        self._recording = False
        self._limited_ticks = 0
        self._violations_applied = 0

    @property
    def at_rest(self) -> bool:
        """The setpoint stands still."""
        return bool(at_rest(self._limiter)[0])

    def tick(
        self,
        body: BodyState,
        action: Action | None,
        latch: Latched,
        time_unix_s: float,
        *,
        teleop: F64 | None = None,
        failed: bool = False,
        late_ticks: int = 0,
    ) -> Tick:
        """Judge what was read and give the setpoint for this tick.

        Args:
            body: as just read.
            action: the newest action frame; None if there was never one.
            latch: the stop latch.
            time_unix_s: wall clock, for the record.
            teleop: (9,) rad where a person wants the robot now; None while nobody does.
            failed: the body is lost or the tick before raised: brake and stay.
            late_ticks: for the state.
        """
        records: list[Record] = []
        self._trace.measured(body)
        self._slacken(body, latch)
        fault = "" if self._limp else self._following.judge(body)
        if action is not None and not _sound(action):
            action = None
        age = self._seq - action.state_seq if action is not None and action.state_seq <= self._seq else None
        self._memory, command = step(self._memory, Inputs(latch.latch, age, failed, teleop is not None))
        mode = self._memory.mode
        self._seq += 1

        if self._recording and self._finished:
            records.append(self._end("stale" if self._stale else "completed"))
        if mode in (Mode.STOPPED, Mode.DISARMED, Mode.FAULT, Mode.SAFE_HOLD):
            self._interrupt("stale" if mode is Mode.SAFE_HOLD else "stopped", records)
        self._hand_over(command is Command.FOLLOW, records)
        if command is Command.PLAY and action is not None and action.action_seq != self._action_seq:
            self._interrupt("new_task", records)
            # Limits may be tightened only from rest, so a START waits until the robot has braked.
            if action.kind != Kind.START or self.at_rest:
                self._accept(action, time_unix_s, records)

        setpoint = self._limiter.pos[0].copy() if self._limp else self._play(command, mode, teleop)
        self._following.wrote(setpoint)
        state = GuardState(
            state_seq=self._seq,
            mode=mode,
            boot_epoch=self._epoch,
            decision_seq=self._decision_seq,
            action_seq=self._action_seq,
            kind=self._kind,
            finished=self._finished,
            episode_id=self._episode_id,
            episode_step=self._episode_step,
            tool=self._tool,
            last_end=self._last_end,
            time_s=body.time_s,
            joint_pos=body.joint_pos,
            joint_vel=body.joint_vel,
            head_pos=body.head_pos,
            head_quat=body.head_quat,
            imu_accel=body.imu_accel,
            imu_gyro=body.imu_gyro,
            target=setpoint,
            limited_ticks=self._limited_ticks,
            violations_applied=self._violations_applied,
            late_ticks=late_ticks,
            fault=latch.fault,
            stop_source=latch.source,
            limp=self._limp,
            teleop=command is Command.FOLLOW,
            limits_profile=self._profile,
        )
        new_fault = fault if latch.latch is not Latch.FAULT else ""
        return Tick(setpoint, state, tuple(records), new_fault, self._following.antenna_pressed)

    def _slacken(self, body: BodyState, latch: Latched) -> None:
        """Motors off once the stopped robot is at rest; on again where it is then. So also after a fault."""
        was_limp, before = self._limp, self._latch
        self._limp = latch.limp and (was_limp or self.at_rest)
        self._latch = latch.latch
        repaired = before is Latch.FAULT and self._latch not in STANDING and self.at_rest
        if self._limp or was_limp or repaired:
            pose = body.joint_pos if was_limp or self._limp else resume_setpoint(body, self._limiter.pos[0])
            self._limiter = LimiterState.at(pose[None])
            self._check = SetpointCheck(pose)
            self._following.begin(pose)

    def _hand_over(self, to_person: bool, records: list[Record]) -> None:
        """Motion goes to a person, or back."""
        if to_person and self._kind is not Kind.TELEOP:
            self._interrupt("override", records)
            # A start pose is none any more once somebody has moved the robot.
            self._episode_id = "" if self._kind is Kind.START else self._episode_id
            self._closed = self._kind is Kind.CLOSING
            self._kind, self._finished = Kind.TELEOP, False
        elif self._kind is Kind.TELEOP and not to_person:
            # An open episode has a gap in its trace now: shown as IDLE within it, the policy closes it.
            self._kind, self._finished = Kind.CLOSING if self._closed else Kind.IDLE, True

    def _accept(self, action: Action, time_unix_s: float, records: list[Record]) -> None:
        self._action_seq, self._kind = action.action_seq, Kind(action.kind)
        self._episode_id, self._episode_step = action.episode_id, action.episode_step
        self._played, self._finished, self._stale = 0, False, False
        emitted = self._limiter.pos
        if self._kind is Kind.START:
            self._profile = action.limits_profile
            self._limits = LIMITS.scaled(self._profile)
            target = np.clip(action.target, LIMITS.low, LIMITS.high)
            self._plan = start_move(emitted[0], target, EFFORT * action.limits_profile)
        elif self._kind is Kind.DECISION:
            self._tool = action.tool
            self._plan = self._rows(action, emitted)
            broken = proposal_violations(self._plan, emitted[0])
            self._trace.begin(action, self._seq, time_unix_s, broken)
            self._recording = True
        else:
            self._finished = True
            if self._kind is Kind.CLOSING:
                self._trace.begin(action, self._seq, time_unix_s, 0)
                records.append(self._end("closing"))

    def _rows(self, action: Action, emitted: F64) -> F64:
        """(ticks, 9) rad that a decision asks for; a made tool that is not here, or takes too long, is
        stillness, as `run_made` itself is."""
        if action.tool == _RUN_MADE and (tool := self._taught(action.made)) is not None:
            rows, ticks = tool.setpoints({}, emitted)
            if ticks[0] <= MADE_TICKS:
                made: F64 = rows[0]
                return made
        planned: F64 = plan(np.array([action.tool]), action.params[None].astype(np.float64), emitted)[0]
        return planned[: TOOLS[action.tool].ticks]

    def _play(self, command: Command, mode: Mode, teleop: F64 | None) -> F64:
        """This tick's setpoint, through the limiter whatever was asked for."""
        before = self._limiter
        playing = (
            not self._finished and command is not Command.FOLLOW and mode in (Mode.ACTIVE, Mode.FALLBACK)
        )
        limited = True
        if command is Command.FOLLOW and teleop is not None:
            self._limiter = limit(before, teleop[None], self._limits)[0]
        elif playing and command is Command.PLAY:
            self._limiter, changed = limit(before, self._plan[None, self._played], self._limits)
            limited = bool(changed[0])
        else:
            self._limiter = brake(before, self._limits)
        setpoint: F64 = self._limiter.pos[0].copy()
        self._violations_applied += self._check(setpoint)
        if playing:
            self._limited_ticks += limited
            self._stale = self._stale or command is not Command.PLAY
            if self._recording:
                self._trace.wrote(setpoint, limited)
            self._played += 1
            self._finished = self._played == len(self._plan)
        return setpoint

    def _interrupt(self, reason: str, records: list[Record]) -> None:
        """End what is in force before its time."""
        if self._finished:
            return
        self._finished = True
        if self._recording:
            records.append(self._end(reason))
        elif self._kind is Kind.START:
            # A start pose that was not reached must not be taken for one: the policy asks for it again.
            self._kind, self._episode_id = Kind.IDLE, ""

    def _end(self, reason: str) -> Record:
        record = self._trace.record(self._epoch, self._decision_seq, reason)
        self._last_end = record.end_reason
        self._decision_seq += 1
        self._recording = False
        return record


_ACTION_KINDS = set(Kind) - {Kind.TELEOP}


def resume_setpoint(body: BodyState, held: F64) -> F64:
    """The setpoint to go on from, (9,) rad: what the body is held at if it is there, else where it is."""
    at_target = np.abs(held - body.joint_pos).max() <= AT_TARGET_RAD
    return (held if at_target else body.joint_pos).copy()


def _sound(action: Action) -> bool:
    """Whether every number of the action may be used: finite, in range, of a known kind."""
    numbers = (action.params, action.target, action.obs)
    return (
        all(bool(np.isfinite(array).all()) for array in numbers)
        and bool(np.isfinite([action.log_prob, action.value]).all())
        and action.kind in _ACTION_KINDS
        and action.tool < NUM_TOOLS
        and action.tool_mask <= ALL_TOOLS
        and action.source < len(SOURCES)
        and MIN_PROFILE <= action.limits_profile <= 1.0
    )
