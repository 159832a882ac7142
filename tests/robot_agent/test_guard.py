"""The guard process's shell, run in this process: failures of the body and of the tick, the end."""

import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from robot_agent import processes
from robot_agent.frames import Action, GuardState, Kind, LatchState, Mode, Record, pack, size, unpack
from robot_agent.guard import guard
from robot_agent.guard.check import SetpointCheck
from robot_agent.guard.stops import StopLines
from shared.control.kinematics import NEUTRAL
from shared.control.still_body import StillBody
from shared.errors import AlreadyRunning, BodyError
from shared.files import locked
from shared.slots import Slot

BEGIN = 30
"""Read at which a body below goes wrong: the motion is fast by then."""


class Body(StillBody):
    """Remembers what was written; `fail` is called with the number of each read."""

    def __init__(self, fail=lambda reads: None):
        super().__init__()
        self.fail, self.reads, self.written, self.held = fail, 0, [NEUTRAL], False

    def read(self):
        self.reads += 1
        self.fail(self.reads)
        return super().read()

    def write(self, target):
        super().write(target)
        self.written.append(np.array(target))

    def hold(self):
        super().hold()
        self.held = True


@pytest.fixture
def run(config, lines, monkeypatch):
    """Runs a guard with a body, at ten times real time, while somebody asks it to nod."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    monkeypatch.setattr(guard, "BODY_WAIT_S", 0.2)
    ending = threading.Event()
    threads = []

    def nod():
        states = Slot(config.runtime.state, size(GuardState), create=True)
        actions = Slot(config.runtime.action, size(Action), create=True)
        params = np.array([1.0, 0.0, 0.0, 0.0], np.float32)
        while not ending.is_set():
            if (found := states.read()) is not None:
                state = unpack(GuardState, found[1])
                number = state.action_seq + (state.mode == Mode.ACTIVE and state.finished)
                actions.write(
                    pack(Action(number, Kind.DECISION, state.state_seq, "e1", tool=8, params=params))
                )
                os.eventfd_write(lines["action_bell"], 1)
            time.sleep(0.0005)

    def _run(body):
        ending.clear()
        threads.append(threading.Thread(target=nod))
        threads[-1].start()
        stops = StopLines(lines["stop"], lines["release"], lines["resume"])
        bells = guard.Lines(stops, lines["state_bell"], lines["record_bell"], lines["action_bell"])
        try:
            return guard.run(body, config.runtime, config.state, bells, speed=10.0)
        finally:
            ending.set()
            threads[-1].join()

    yield _run
    for number, handler in kept.items():
        signal.signal(number, handler)


def last_state(config):
    return unpack(GuardState, Slot(config.runtime.state, size(GuardState)).read()[1])


def rests_inside_limits(body):
    check = SetpointCheck(body.written[0])
    inside = not any(check(setpoint) for setpoint in body.written[1:])
    return inside and np.array_equal(body.written[-1], body.written[-2])


def moved(body):
    return np.abs(body.written[-1] - NEUTRAL).max() > 0.02


def test_an_exception_in_the_tick_brakes_holds_and_ends_with_an_error(run, config, caplog):
    def fail(reads):
        if reads == BEGIN:
            raise RuntimeError("a bug")

    body = Body(fail)
    assert run(body) == 1
    assert moved(body)
    assert rests_inside_limits(body)
    assert body.held
    assert last_state(config).mode == Mode.FAULT
    assert "a bug" in caplog.text


def test_a_body_that_falls_silent_for_a_moment_is_waited_for(run, config):
    def fail(reads):
        if BEGIN <= reads < BEGIN + 5:
            raise BodyError("silent")
        if reads == 3 * BEGIN:
            os.kill(os.getpid(), signal.SIGTERM)

    body = Body(fail)
    assert run(body) == 0
    assert rests_inside_limits(body)


@pytest.mark.parametrize("kind", ["silent", "nan"])
def test_a_body_that_is_lost_ends_the_guard(run, config, kind):
    def fail(reads):
        if reads >= BEGIN and kind == "silent":
            raise BodyError("silent")

    class Nan(Body):
        def read(self):
            state = super().read()
            return replace(state, joint_pos=np.full(9, np.nan)) if self.reads >= BEGIN else state

    body = Nan() if kind == "nan" else Body(fail)
    assert run(body) == 1
    assert BEGIN + guard.BODY_LOST_TICKS <= body.reads <= BEGIN + guard.BODY_LOST_TICKS + 2
    assert rests_inside_limits(body)


def test_no_body_at_all(run):
    def fail(reads):
        raise BodyError("nobody there")

    body = Body(fail)
    assert run(body) == 1
    assert len(body.written) == 1


def test_the_end_brakes_first(run, config):
    def fail(reads):
        if reads == BEGIN:
            os.kill(os.getpid(), signal.SIGTERM)

    body = Body(fail)
    assert run(body) == 0
    assert moved(body)
    assert rests_inside_limits(body)
    assert last_state(config).mode != Mode.FAULT


def test_sigusr1_stops_and_the_next_guard_stays_stopped(run, config):
    def fail(reads):
        if reads == BEGIN:
            os.kill(os.getpid(), signal.SIGUSR1)
        if reads == 4 * BEGIN:
            os.kill(os.getpid(), signal.SIGTERM)

    body = Body(fail)
    assert run(body) == 0
    assert last_state(config).mode == Mode.STOPPED
    assert rests_inside_limits(body)
    latch = unpack(LatchState, Slot(config.runtime.latch, size(LatchState)).read()[1])
    assert latch.latched
    epoch = last_state(config).boot_epoch
    again = Body(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == BEGIN else None)
    assert run(again) == 0
    assert last_state(config).mode == Mode.STOPPED
    assert last_state(config).boot_epoch == epoch + 1
    assert np.array_equal(again.written[-1], again.written[0])


def test_a_decision_is_shown_as_ended_only_after_its_record_is_in_the_ring(run, config, monkeypatch):
    shown = []

    class Ring(guard.Ring):
        def push(self, record):
            shown.append((unpack(Record, record).decision_seq, last_state(config).decision_seq))
            return super().push(record)

    monkeypatch.setattr(guard, "Ring", Ring)
    body = Body(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == 6 * BEGIN else None)
    assert run(body) == 0
    assert len(shown) >= 2
    assert all(state <= record for record, state in shown)


def test_a_second_guard_does_not_touch_the_body(config, lines, monkeypatch):
    monkeypatch.setattr(processes, "OTHER_GUARD_S", 0.05)
    config.runtime.folder.mkdir(parents=True)
    (row,) = [process for process in processes.TABLE if process.name == "guard"]
    with locked(config.runtime.guard_lock, "busy"), pytest.raises(AlreadyRunning, match="another guard"):
        row.start(config, lines)
    assert not config.state.epoch.exists()
