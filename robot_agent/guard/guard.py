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
from robot_agent.frames import Action, GuardState, LatchState, Record, pack, size, unpack
from robot_agent.guard.core import Core, Tick
from robot_agent.guard.epoch import next_epoch
from robot_agent.guard.stops import StopLatch, StopLines
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
AT_TARGET_RAD = 0.15
"""A body within this of a target is taken to be at it (a loaded servo sags by a few degrees)."""
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


def run(body: Body, runtime: RuntimeFiles, state: StateFiles, lines: Lines, speed: float = 1.0) -> int:
    """Tick until SIGTERM (returns 0) or a failure (brakes, holds, returns 1).

    Args:
        body: opened; nobody else may write to it.
        runtime: folder of the slots.
        state: folder of epoch and latch.
        lines: eventfds.
        speed: ticks come this many times faster than in real time; for simulated bodies only.
    """
    ending = Ending(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, lambda *_: os.eventfd_write(lines.stops.stop, 1))
    latch_slot = Slot(runtime.latch, size(LatchState), create=True)
    latch = StopLatch(runtime.latch_file, state.latch_file, latch_slot, lines.stops)
    latch.start()
    shell = _Shell(body, runtime, lines, latch)
    try:
        shell.take_over(next_epoch(state.epoch))
        wait = _Pace(speed, shell.action_is_late, lines.action_bell)
        while not ending:
            shell.tick(wait.late)
            wait()
        shell.brake(TICK_S / speed)
        return 0
    except Exception:
        log.exception("the tick failed: braking, then holding")
        shell.brake(TICK_S / speed, failed=True)
        return 1
    finally:
        latch.close()
        body.close()


class _Shell:
    """The slots, the ring and the body around a `Core`."""

    def __init__(self, body: Body, runtime: RuntimeFiles, lines: Lines, latch: StopLatch) -> None:
        self._body, self._lines, self._latch = body, lines, latch
        self._state_slot = Slot(runtime.state, size(GuardState), create=True)
        self._action_slot = Slot(runtime.action, size(Action), create=True)
        self._ring = Ring(runtime.records, size(Record), RING_RECORDS, create=True)
        self._action: Action | None = None
        self._action_at = -1
        self._newest: BodyState | None = None
        self._lost_ticks = 0
        self._published = 0
        self._core: Core | None = None

    def take_over(self, epoch: int) -> None:
        """Go on from where the body is, without a jump."""
        self._newest = first_state(self._body, BODY_WAIT_S)
        old = self._state_slot.read()
        previous = unpack(GuardState, old[1]) if old else None
        setpoint = resume_setpoint(self._newest)
        self._core = Core(epoch, setpoint, previous)
        log.info("epoch %d, taking over at %s", epoch, np.round(setpoint, 3).tolist())

    def tick(self, late_ticks: int) -> None:
        core, body = self._core, self._read_body()
        assert core is not None
        tick = core.tick(body, self._read_action(), self._latch.value, time.time(), late_ticks=late_ticks)
        self._body.write(tick.setpoint)
        self._publish(tick)

    def brake(self, tick_s: float, failed: bool = False) -> None:
        """Come to rest as far as the body still answers, and leave it holding."""
        core, body = self._core, self._newest
        with contextlib.suppress(Exception):
            if core is not None and body is not None:
                for _ in range(BRAKE_TICKS):
                    tick = core.tick(body, None, self._latch.value, time.time(), failed=failed)
                    self._body.write(tick.setpoint)
                    self._publish(tick)
                    if core.at_rest:
                        break
                    time.sleep(tick_s)
        with contextlib.suppress(Exception):
            self._body.hold()

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


def resume_setpoint(body: BodyState) -> F64:
    """The setpoint to go on from, (9,) rad: what the body holds if it is there, else where it is."""
    at_target = np.abs(body.target - body.joint_pos).max() <= AT_TARGET_RAD
    return np.array(body.target if at_target else body.joint_pos, np.float64)


class _Pace:
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
