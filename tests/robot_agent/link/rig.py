"""Everything around a link that other processes would do."""

import os
import time

import numpy as np

from robot_agent.frames import (
    GuardState,
    LatchState,
    PolicyState,
    Record,
    pack,
    size,
)
from robot_agent.guard.guard import RING_RECORDS
from robot_agent.link import Lines, Link
from robot_agent.mailbox import Mailbox
from shared.slots import Ring, Slot
from shared.tools import TRACE_TICKS

ZERO = np.zeros(9)
STATE = GuardState(
    1.0, ZERO, ZERO, np.zeros(3), np.array([1.0, 0, 0, 0]), np.zeros(3), np.zeros(3), ZERO,
    5, 3, 4, 7, 1, 2, False, "e1", 2, 8, 0, 11, 0, 0,
)  # fmt: skip


def record(seq, epoch=4):
    rows = np.ones((TRACE_TICKS, 9), np.float32)
    return Record(
        epoch, seq, "e1", seq, np.ones(512, np.float32), 8, np.zeros(4, np.float32), -1.0, 0.5, 2**20 - 1, 3,
        0, 0, 10, 100 + seq, 0, 0, 1e9, rows, rows, np.ones((TRACE_TICKS, 7), np.float32),
    )  # fmt: skip


class Robot:
    """Everything around a `Link` that other processes would do."""

    def __init__(self, config, lines):
        self.config, self.lines = config, lines
        runtime = config.runtime
        runtime.folder.mkdir(parents=True, exist_ok=True)
        self.states = Slot(runtime.state, size(GuardState), create=True)
        self.states.write(pack(STATE))
        self.guard_ticks = True
        self.latches = Slot(runtime.latch, size(LatchState), create=True)
        self.policies = Slot(runtime.policy, size(PolicyState), create=True)
        self.ring = Ring(runtime.records, size(Record), RING_RECORDS, create=True)
        self.mail = Mailbox(runtime)
        self.link = Link(config, Lines(lines["record_bell"], lines["stop_link"]))

    def push(self, *seqs):
        for seq in seqs:
            self.ring.push(pack(record(seq)))
            os.eventfd_write(self.lines["record_bell"], 1)

    def until(self, condition, timeout_s=15.0):
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "did not come about"
            if self.guard_ticks:
                self.states.write(pack(STATE))
            self.link.step()

    def restart(self):
        """A link process that was killed: nothing is closed in order."""
        self.link.close()
        self.link = Link(self.config, Lines(self.lines["record_bell"], self.lines["stop_link"]))


def there_is(learner):
    return learner.status is not None
