"""The guard's state machine: a pure function of what is known this tick. The most severe cause wins.

`python -m robot_agent.guard.draw` draws it from this code; docs/guard.md shows the drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from robot_agent.frames import Mode

STOP_SOURCES = (
    "socket",  # `reachy-coach stop` at the robot
    "key",  # the space bar in the agent's terminal
    "signal",  # SIGUSR1 to the guard
    "button",  # a push button at a GPIO pin
    "usb",  # a USB button, pedal or key
    "page",  # the robot's own page
    "link",  # the learner asks
    "antenna",  # somebody presses an antenna that is not moving
    "supervisor",  # a person who declared to be watching is gone
    "policy",  # the policy process itself
)
"""Who may stop the robot. Each has a line of its own to the guard."""

DECELERATE_AGE = 3
"""Ticks: an action older than this decelerates the robot."""
HOLD_AGE = 12
"""Ticks: an action older than this ends the decision in force; the robot holds."""
ARMING_TICKS = 10
"""Ticks for which the present setpoint is held before anything may move."""


class Latch(IntEnum):
    """Where the stop latch stands."""

    CLEAR = 0
    STOPPED = 1
    RELEASED = 2
    """No longer stopped, not yet allowed to move: waits for `resume`."""
    FAULT = 3
    """Stopped because something is broken."""


STANDING = (Latch.STOPPED, Latch.FAULT)
"""Only a release takes these away."""


@dataclass(frozen=True)
class Latched:
    """The latch with its reasons."""

    latch: Latch = Latch.CLEAR
    source: str = ""
    """Who asked for the stop first; empty unless STOPPED."""
    fault: str = ""
    """What is broken, in words; empty unless FAULT."""
    limp: bool = False
    """Motors are to be off; only while STOPPED or FAULT."""


class Event(IntEnum):
    """What may happen to the latch."""

    STOP = 0
    FAULT = 1
    LIMP = 2
    RELEASE = 3
    RESUME = 4


class Command(IntEnum):
    """What the tick is to do."""

    HOLD = 0
    """Come to rest along the limiter's shortest braking and stay."""
    PLAY = 1
    """Play the action in force."""
    FOLLOW = 2
    """Follow the person who has the motion."""


@dataclass(frozen=True)
class Memory:
    """What the machine carries from tick to tick."""

    mode: Mode = Mode.BOOT
    ticks: int = 0
    """Spent in this mode; counted no further than matters."""


@dataclass(frozen=True)
class Inputs:
    """What is known this tick."""

    latch: Latch = Latch.CLEAR
    age: int | None = None
    """Ticks between the newest state and the one that the action was computed from; None: no action yet."""
    failed: bool = False
    """The tick raised, or the body is lost: so it stays until the process ends."""
    teleop: bool = False
    """A person moves the robot."""


def latch_after(before: Latched, event: Event, reason: str = "") -> Latched:
    """The latch after an event. A stop always wins; a release alone does not allow motion.

    Args:
        before: the latch.
        event: what happened.
        reason: of STOP the source, of FAULT what is broken.
    """
    stopped = before.latch in STANDING
    if event is Event.FAULT:
        return before if before.latch is Latch.FAULT else Latched(Latch.FAULT, "", reason, before.limp)
    if event is Event.STOP:
        return before if stopped else Latched(Latch.STOPPED, reason)
    if event is Event.LIMP and stopped:
        return Latched(before.latch, before.source, before.fault, limp=True)
    if event is Event.RELEASE and stopped:
        return Latched(Latch.RELEASED)
    if event is Event.RESUME and before.latch is Latch.RELEASED:
        return Latched()
    return before


def step(memory: Memory, inputs: Inputs) -> tuple[Memory, Command]:
    """The next mode and what to do in it."""
    mode = _next_mode(memory, inputs)
    ticks = min(memory.ticks + 1, ARMING_TICKS) if mode is memory.mode else 0
    command = Command.HOLD
    if mode is Mode.ACTIVE:
        command = Command.FOLLOW if inputs.teleop else Command.PLAY
    return Memory(mode, ticks), command


def _next_mode(memory: Memory, inputs: Inputs) -> Mode:
    mode = memory.mode
    if inputs.failed or inputs.latch is Latch.FAULT:
        return Mode.FAULT
    if inputs.latch is Latch.STOPPED:
        return Mode.STOPPED
    if inputs.latch is Latch.RELEASED:
        return Mode.DISARMED
    if mode in (Mode.BOOT, Mode.DISARMED, Mode.STOPPED, Mode.FAULT):
        return Mode.ARMING
    if mode is Mode.ARMING and memory.ticks + 1 < ARMING_TICKS:
        return Mode.ARMING
    if inputs.teleop:
        return Mode.ACTIVE
    if inputs.age is None or inputs.age > HOLD_AGE:
        return Mode.SAFE_HOLD
    if inputs.age > DECELERATE_AGE:
        return Mode.SAFE_HOLD if mode is Mode.SAFE_HOLD else Mode.FALLBACK
    return Mode.ACTIVE
