"""A process of the agent in which a policy hangs, or the clock steps, when a bench says so.

`python -m robot_agent.bench_faults NAME SETTINGS` runs it as `robot_agent.processes` does. What the bench
asks for lies in a slot of the runtime folder; when a fault begins, the process writes the instant into one.
"""

from __future__ import annotations

import json
import signal
import struct
import sys
import time
from dataclasses import astuple, dataclass
from enum import IntEnum
from pathlib import Path
from types import FrameType

import numpy as np
from numpy.typing import NDArray

from robot_agent import processes
from robot_agent.files import RuntimeFiles
from robot_agent.succession import Succession
from shared.control.pilot import PolicyOutput
from shared.slots import Slot

GIL_SIGNAL = signal.SIGUSR2
_ORDER = struct.Struct("<QBdd")
_INSTANT = struct.Struct("<Qd")


class Fault(IntEnum):
    """What a bench may ask for."""

    NONE = 0
    GIL = 1
    """On `GIL_SIGNAL` the policy process computes and lets no other thread of its own run."""
    SLOW = 2
    """The next inference takes long."""
    REPLAY = 3
    """The policy process answers every state with the frame that it wrote last."""
    CLOCK = 4
    """The wall clock steps, in every process at once."""


@dataclass(frozen=True)
class Order:
    """What a bench wants."""

    number: int = 0
    """A new number is a new order."""
    fault: int = Fault.NONE
    length_s: float = 0.0
    clock_s: float = 0.0
    """By which the wall clock is off, from this order on."""


class Orders:
    """The bench's side: one order at a time, to all processes of the agent.

    Args:
        folder: the agent's runtime folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slot = Slot(folder / "orders.slot", _ORDER.size, create=True)
        self._number = 0

    def give(self, fault: Fault, length_s: float = 0.0, clock_s: float = 0.0) -> None:
        """Ask for a fault."""
        self._number += 1
        self._slot.write(_ORDER.pack(*astuple(Order(self._number, fault, length_s, clock_s))))

    def began_s(self, process: str) -> float | None:
        """Monotonic instant at which the last order began in a process; None if it has not yet."""
        found = Slot(_instants(self._folder, process), _INSTANT.size, create=True).read()
        number, at_s = _INSTANT.unpack(found[1]) if found else (0, 0.0)
        return at_s if number == self._number else None


class Faults:
    """The process's side.

    Args:
        folder: the agent's runtime folder.
        process: which one this is.
    """

    def __init__(self, folder: Path, process: str) -> None:
        self._orders = Slot(folder / "orders.slot", _ORDER.size, create=True)
        self._instants = Slot(_instants(folder, process), _INSTANT.size, create=True)
        self._seq, self._order = 0, Order()
        self._begun, self._begun_s = 0, 0.0

    def begins(self, fault: Fault) -> float:
        """Length [s] of a fault that has been asked for and begins now; 0 if there is none."""
        order = self.order
        if order.fault != fault or order.number == self._begun:
            return 0.0
        self._begun, self._begun_s = order.number, time.monotonic()
        self._instants.write(_INSTANT.pack(order.number, self._begun_s))
        return order.length_s

    def lasts(self, fault: Fault) -> bool:
        """Whether a fault of some length began and goes on."""
        self.begins(fault)
        order = self._order
        return order.fault == fault and time.monotonic() < self._begun_s + order.length_s

    @property
    def order(self) -> Order:
        """The newest one."""
        if (seq := self._orders.seq()) != self._seq and (found := self._orders.read()) is not None:
            self._seq, self._order = seq, Order(*_ORDER.unpack(found[1]))
        return self._order


def step_clock(faults: Faults) -> None:
    """Let this process's wall clock step. Waiting goes by the monotonic clock, which no step touches."""
    wall = time.time

    def stepped() -> float:
        faults.begins(Fault.CLOCK)
        return wall() + faults.order.clock_s

    time.time = stepped
    time.time_ns = lambda: round(stepped() * 1e9)


def hang_policy(faults: Faults, runtime: RuntimeFiles) -> None:
    """Let the policy process hang in three ways; the fourth, SIGSTOP, needs no help from inside."""
    evaluate, write = Succession.evaluate, Slot.write
    last = b""

    def hold(_: int, __: FrameType | None) -> None:
        end_s = time.monotonic() + faults.begins(Fault.GIL)
        before = sys.getswitchinterval()
        sys.setswitchinterval(60.0)
        while time.monotonic() < end_s:
            sum(range(100_000))
        sys.setswitchinterval(before)

    def slow(self: Succession, obs: NDArray[np.float32]) -> tuple[PolicyOutput, float]:
        time.sleep(faults.begins(Fault.SLOW))
        return evaluate(self, obs)

    def replay(self: Slot, record: bytes) -> int:
        nonlocal last
        if self.path == runtime.action:
            last = last if last and faults.lasts(Fault.REPLAY) else record
            record = last
        return write(self, record)

    signal.signal(GIL_SIGNAL, hold)
    Succession.evaluate = slow  # type: ignore[method-assign]
    Slot.write = replay  # type: ignore[method-assign]


def main(arguments: list[str]) -> int:
    """Run one process of the table, with faults."""
    name, document = arguments
    runtime = processes.config_from(json.loads(document)["config"]).runtime
    faults = Faults(runtime.folder, name)
    step_clock(faults)
    if name == "policy":
        hang_policy(faults, runtime)
    return processes.main(arguments)


def _instants(folder: Path, process: str) -> Path:
    return folder / f"began.{process}.slot"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
