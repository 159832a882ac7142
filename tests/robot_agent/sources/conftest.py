"""A guard that exists only as its latch and its slots, fed by the real lines."""

import os
import select
import threading
import time
from dataclasses import replace

import pytest

from robot_agent.frames import GuardState, LatchState, Mode, pack, size
from robot_agent.guard.core import Core
from robot_agent.guard.machine import STOP_SOURCES, Latch, Latched
from shared.control.kinematics import NEUTRAL
from shared.control.still_body import StillBody
from shared.slots import Slot


class FakeGuard:
    """Ticks fast and latches what rings; says who did."""

    def __init__(self, config, lines):
        self.lines = lines
        self.sources = []
        self.states = Slot(config.runtime.state, size(GuardState), create=True)
        self.latches = Slot(config.runtime.latch, size(LatchState), create=True)
        body = StillBody()
        tick = Core(1, NEUTRAL, None).tick(body.read(), None, Latched(Latch.CLEAR), 0.0)
        self.state = replace(tick.state, mode=Mode.ACTIVE)
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        poll = select.poll()
        by_line = {self.lines[f"stop_{source}"]: source for source in STOP_SOURCES}
        for line in by_line:
            poll.register(line, select.POLLIN)
        while not self.ending.is_set():
            for line, _ in poll.poll(5):
                os.eventfd_read(line)
                self.sources.append(by_line[line])
                first = self.state.stop_source or by_line[line]
                self.latches.write(pack(LatchState(True, len(self.sources), time.monotonic(), 1, first)))
                self.state = replace(self.state, mode=Mode.STOPPED, stop_source=first)
            self.states.write(pack(self.state))

    def close(self):
        self.ending.set()
        self.thread.join()


@pytest.fixture
def guard(config, lines):
    config.runtime.folder.mkdir(parents=True, exist_ok=True)
    made = FakeGuard(config, lines)
    yield made
    made.close()
