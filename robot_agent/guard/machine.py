"""The guard's state machine: a pure function of what is known this tick. The most severe cause wins.

BOOT ─▶ ARMING ─▶ ACTIVE ◀─▶ FALLBACK ─▶ SAFE_HOLD ─▶ ACTIVE
any ─ stop ─▶ STOPPED ─ release ─▶ DISARMED ─ resume ─▶ ARMING
any ─ failure ─▶ FAULT (ends with the process)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from robot_agent.frames import Mode

DECELERATE_AGE = 3
"""Ticks: an action older than this decelerates the robot."""
HOLD_AGE = 12
"""Ticks: an action older than this ends the decision in force; the robot holds."""
ARMING_TICKS = 10
"""Ticks for which the present setpoint is held before anything may move."""


class Latch(IntEnum):
    """Where the stop latch stands. The value is what its file holds."""

    CLEAR = 0
    STOPPED = 1
    RELEASED = 2
    """No longer stopped, not yet allowed to move: waits for `resume`."""


class Event(IntEnum):
    """What may happen to the latch."""

    STOP = 0
    RELEASE = 1
    RESUME = 2


class Command(IntEnum):
    """What the tick is to do."""

    HOLD = 0
    """Come to rest along the limiter's shortest braking and stay."""
    PLAY = 1
    """Play the action in force."""


@dataclass(frozen=True)
class Memory:
    """What the machine carries from tick to tick."""

    mode: Mode = Mode.BOOT
    ticks: int = 0
    """Spent in this mode."""


@dataclass(frozen=True)
class Inputs:
    """What is known this tick."""

    latch: Latch = Latch.CLEAR
    age: int | None = None
    """Ticks between the newest state and the one that the action was computed from; None: no action yet."""
    failed: bool = False
    """The tick raised, or the body is lost."""


def latch_after(latch: Latch, event: Event) -> Latch:
    """The latch after an event. A stop always wins; a release alone does not allow motion."""
    if event is Event.STOP:
        return Latch.STOPPED
    if event is Event.RELEASE and latch is Latch.STOPPED:
        return Latch.RELEASED
    if event is Event.RESUME and latch is Latch.RELEASED:
        return Latch.CLEAR
    return latch


def step(memory: Memory, inputs: Inputs) -> tuple[Memory, Command]:
    """The next mode and what to do in it."""
    mode = _next_mode(memory, inputs)
    ticks = memory.ticks + 1 if mode is memory.mode else 0
    command = Command.PLAY if mode is Mode.ACTIVE else Command.HOLD
    return replace(memory, mode=mode, ticks=ticks), command


def _next_mode(memory: Memory, inputs: Inputs) -> Mode:
    mode = memory.mode
    if inputs.failed or mode is Mode.FAULT:
        return Mode.FAULT
    if inputs.latch is Latch.STOPPED:
        return Mode.STOPPED
    if inputs.latch is Latch.RELEASED:
        return Mode.DISARMED
    if mode in (Mode.BOOT, Mode.STOPPED, Mode.DISARMED):
        return Mode.ARMING
    if mode is Mode.ARMING and memory.ticks + 1 < ARMING_TICKS:
        return Mode.ARMING
    if inputs.age is None or inputs.age > HOLD_AGE:
        return Mode.SAFE_HOLD
    if inputs.age > DECELERATE_AGE:
        return Mode.SAFE_HOLD if mode is Mode.SAFE_HOLD else Mode.FALLBACK
    return Mode.ACTIVE
