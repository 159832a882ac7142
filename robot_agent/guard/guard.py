"""The guard's 50 Hz tick: read the body -> judge the action -> play through the limiter -> write -> publish.

The only process that may move the robot. This file is the shell: clock, slots and body; what a tick decides
is in `core.py` and `machine.py`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robot_agent.files import RuntimeFiles, StateFiles
from robot_agent.frames import Action, GuardState, LatchState, Record, Teleop, pack, size, unpack
from robot_agent.guard.core import Core, Tick, resume_setpoint
from robot_agent.guard.epoch import next_epoch
from robot_agent.guard.latch_file import RunningMark
from robot_agent.guard.machine import Latch
from robot_agent.guard.realtime import collect
from robot_agent.guard.stops import StopLatch, StopLines
from robot_agent.guard.watchdogs import Pace
from robot_agent.shelf import Toolbox
from shared.clock import Ratekeeper
from shared.control.body import Body, BodyState
from shared.ending import Ending
from shared.errors import BodyError
from shared.slots import Ring, Slot
from shared.spaces import TICK_S

F64 = NDArray[np.float64]
log = logging.getLogger("guard")

RING_RECORDS = 256
"""Decisions the ring holds while nobody drains it: about a minute."""
BODY_LOST_TICKS = 12
"""Ticks without a body state before the guard gives up and is started anew."""
TELEOP_S = 0.24
"""A person's word is followed for this long (12 ticks), however much longer it says it is good."""
RELAX_TICKS = 50
"""Motors that are to be off are told so again this often: a body may have been started anew."""
BODY_WAIT_S = 30.0
BRAKE_TICKS = 60


@dataclass(frozen=True)
class Lines:
    """Eventfds of the guard process."""

    stops: StopLines
    state_bell: int
    """Rung after each published state; the policy process waits on it."""
    record_bell: int
    """Rung after each record; the link waits on it."""
    action_bell: int
    """Rung by the policy process after each action."""


@dataclass(frozen=True)
class Settings:
    """How this robot's guard is to behave."""

    speed: float = 1.0
    """Ticks come this many times faster than in real time; for simulated bodies only."""
    armed: bool = True
    """A robot that was switched on may move without somebody's `resume`."""
    antenna_stop: bool = False
    """A press on a resting antenna asks for a stop."""


def run(body: Body, runtime: RuntimeFiles, state: StateFiles, lines: Lines, settings: Settings) -> int:
    """Tick until SIGTERM (returns 0) or a failure (brakes, holds, returns 1).

    Args:
        body: opened; nobody else may write to it.
        runtime: folder of the slots.
        state: folder of epoch and latch.
        lines: eventfds.
        settings: see there.
    """
    ending = Ending(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, lambda *_: os.eventfd_write(lines.stops.stops["signal"], 1))
    latch_slot = Slot(runtime.latch, size(LatchState), create=True)
    mark, speed = RunningMark(state.running), settings.speed
    latch = StopLatch(
        runtime.latch_file,
        state.latch_file,
        latch_slot,
        lines.stops,
        armed=settings.armed,
        unclean=mark.set(),
    )
    latch.start()
    toolbox = Toolbox(state.made_tools, state.signers)
    toolbox.start()
    shell = _Shell(body, runtime, lines, latch, settings, toolbox)
    try:
        shell.take_over(next_epoch(state.epoch))
        wait = _Rhythm(speed, shell.action_is_late, lines.action_bell)
        while not ending:
            shell.tick(wait.late)
            wait()
        shell.brake(TICK_S / speed)
        mark.clear()
        return 0
    except Exception:
        shell.brake(TICK_S / speed, failed=True)
        log.exception("the tick failed: braked, and holding")  # last: whoever reads the log may be hung
        return 1
    finally:
        toolbox.close()
        latch.close()
        body.close()


class _Shell:
    """The slots, the ring and the body around a `Core`."""

    def __init__(  # noqa: PLR0917
        self,
        body: Body,
        runtime: RuntimeFiles,
        lines: Lines,
        latch: StopLatch,
        settings: Settings,
        toolbox: Toolbox,
    ) -> None:
        self._toolbox = toolbox
        self._body, self._lines, self._latch, self._settings = body, lines, latch, settings
        self._state_slot = Slot(runtime.state, size(GuardState), create=True)
        self._action_slot = Slot(runtime.action, size(Action), create=True)
        self._teleop_slot = Slot(runtime.teleop, size(Teleop), create=True)
        # What a person wanted of a guard before this one is void.
        self._teleop_at, self._teleop_s = self._teleop_slot.seq(), -TELEOP_S
        self._ring = Ring(runtime.records, size(Record), RING_RECORDS, create=True)
        self._action: Action | None = None
        self._action_at = -1
        self._newest: BodyState | None = None
        self._lost_ticks = 0
        self._published = 0
        self._core: Core | None = None
        self._pace = Pace()
        self._limp = False

    def take_over(self, epoch: int) -> None:
        """Go on from where the body is, without a jump."""
        self._newest = first_state(self._body, BODY_WAIT_S)
        old = self._state_slot.read()
        previous = unpack(GuardState, old[1]) if old else None
        setpoint = resume_setpoint(self._newest, self._newest.target)
        antennas = self._settings.antenna_stop
        self._core = Core(epoch, setpoint, previous, antennas, taught=self._toolbox.tool)
        log.info("epoch %d, taking over at %s", epoch, np.round(setpoint, 3).tolist())

    def tick(self, late_ticks: int) -> None:
        core, body = self._core, self._read_body()
        assert core is not None
        tick = core.tick(
            body,
            self._read_action(),
            self._latch.value,
            time.time(),
            teleop=self._read_teleop(),
            late_ticks=late_ticks,
        )
        self._move(tick)
        self._publish(tick)
        self._report(tick, late_ticks)
        collect(tick.state.state_seq)

    def brake(self, tick_s: float, failed: bool = False) -> None:
        """Come to rest as far as the body still answers, and leave it holding."""
        core, body = self._core, self._newest
        with contextlib.suppress(Exception):
            if core is not None and body is not None:
                for _ in range(BRAKE_TICKS):
                    tick = core.tick(body, None, self._latch.value, time.time(), failed=failed)
                    self._move(tick)
                    self._publish(tick)
                    if core.at_rest:
                        break
                    time.sleep(tick_s)
        if not self._limp:
            with contextlib.suppress(Exception):
                self._body.hold()

    def _move(self, tick: Tick) -> None:
        if not tick.state.limp:
            self._body.write(tick.setpoint)
        elif not self._limp or tick.state.state_seq % RELAX_TICKS == 0:
            self._body.relax()
        self._limp = tick.state.limp

    def _report(self, tick: Tick, late_ticks: int) -> None:
        """Latch what this tick has found out."""
        # Sped up, ticks come late whenever the machine is busy, and nothing depends on it.
        pace = self._pace.judge(late_ticks) if self._settings.speed <= 1.0 else ""
        for fault in (tick.fault, pace, *self._body.faults()):
            if fault and self._latch.value.latch is not Latch.FAULT:
                self._latch.fault(fault)
        if tick.antenna_pressed:
            os.eventfd_write(self._lines.stops.stops["antenna"], 1)

    def _publish(self, tick: Tick) -> None:
        # Records first: a guard that is killed in between must not have shown a decision as ended whose
        # record nobody will ever see.
        for record in tick.records:
            self._ring.push(pack(record))
            os.eventfd_write(self._lines.record_bell, 1)
        self._published = tick.state.state_seq
        self._state_slot.write(pack(tick.state))
        os.eventfd_write(self._lines.state_bell, 1)

    def action_is_late(self) -> bool:
        """Whether the policy has not yet answered the newest state."""
        action = self._read_action()
        return action is not None and action.state_seq < self._published

    def _read_body(self) -> BodyState:
        try:
            self._newest = checked(self._body.read())
            self._lost_ticks = 0
        except BodyError:
            self._lost_ticks += 1
            if self._lost_ticks > BODY_LOST_TICKS or self._newest is None:
                raise
        assert self._newest is not None
        return self._newest

    def _read_action(self) -> Action | None:
        if self._action_slot.seq() != self._action_at:
            found = self._action_slot.read()
            if found is not None:
                self._action_at, self._action = found[0], unpack(Action, found[1])
        return self._action

    def _read_teleop(self) -> F64 | None:
        """Where a person wants the robot now, (9,) rad; None if nobody does or the word is old."""
        seq, now = self._teleop_slot.seq(), time.monotonic()
        if seq != self._teleop_at:
            self._teleop_at, self._teleop_s = seq, now
        if now - self._teleop_s >= TELEOP_S or (found := self._teleop_slot.read()) is None:
            return None
        word = unpack(Teleop, found[1])
        if not word.active or not now < word.until_s or not np.isfinite(word.target).all():
            return None
        return word.target


def first_state(body: Body, timeout_s: float) -> BodyState:
    """The body's first state, waiting for a body that is still starting.

    Raises:
        BodyError: none within the time.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return checked(body.read())
        except BodyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(TICK_S)


def checked(state: BodyState) -> BodyState:
    """The state, if it can be used.

    Raises:
        BodyError: a number is not finite.
    """
    for values in (state.joint_pos, state.joint_vel, state.head_pos, state.head_quat, state.target):
        if not np.isfinite(values).all():
            raise BodyError(f"the body reports numbers that are not finite: {values}")
    return state


class _Rhythm:
    """Waits for the next tick.

    Sped up, it also gives the policy its full 20 ms: time is simulated, but a slow answer must not look like
    a dead policy.
    """

    def __init__(self, speed: float, late: Callable[[], bool], bell: int) -> None:
        self._keeper = Ratekeeper(TICK_S / speed)
        self._stretch = speed > 1.0
        self._is_late, self._bell = late, bell
        self._poll = select.poll()
        self._poll.register(bell, select.POLLIN)

    @property
    def late(self) -> int:
        return int(self._keeper.overruns)

    def __call__(self) -> None:
        if self._stretch:
            deadline = time.monotonic() + TICK_S
            while self._is_late() and (left := deadline - time.monotonic()) > 0:
                if self._poll.poll(left * 1000.0):
                    os.eventfd_read(self._bell)
        self._keeper.wait()
