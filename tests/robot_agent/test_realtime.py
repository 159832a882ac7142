import ctypes
import gc
import logging
import os

import pytest

from robot_agent.guard import realtime


class Libc:
    """Remembers what was locked, and answers."""

    def __init__(self, answer):
        self.answer, self.locked = answer, []

    def mlockall(self, flags):
        self.locked.append(flags)
        return self.answer


@pytest.fixture
def machine(monkeypatch, caplog):
    """Prepares the guard on a machine that allows memory and priority, or does not."""
    caplog.set_level(logging.INFO)

    def _prepare(memory=0, error=None, paced=True):
        libc, asked = Libc(memory), []

        def schedule(pid, policy, param):
            asked.append((pid, policy, param.sched_priority))
            if error is not None:
                raise error

        # The C library that is loaded already, and with its errno kept: the reason is read from it.
        monkeypatch.setattr(
            ctypes, "CDLL", lambda name, use_errno: libc if name is None and use_errno is True else None
        )
        monkeypatch.setattr(os, "sched_setscheduler", schedule)
        realtime.prepare(paced)
        assert not gc.isenabled()
        assert gc.get_freeze_count() > 0
        return libc.locked, asked, caplog.text

    yield _prepare
    gc.enable()
    gc.unfreeze()


def test_a_guard_asks_for_locked_memory_and_a_real_time_priority(machine):
    assert machine() == ([1], [(0, os.SCHED_FIFO, realtime.PRIORITY)], "")


def test_what_is_not_allowed_is_said_and_done_without(machine):
    refusal = PermissionError(1, "Operation not permitted")
    _, _, said = machine(memory=-1, error=refusal)
    assert "without locked memory (" in said
    assert said.endswith(
        "and real-time priority (Operation not permitted): ticks may come late on a busy machine\n"
    )


def test_a_guard_that_is_sped_up_takes_no_priority(machine):
    assert machine(paced=False) == ([1], [], "")


def test_garbage_is_collected_only_where_it_is_not_done_anyway(monkeypatch):
    calls, tick = [], 0
    monkeypatch.setattr(gc, "collect", lambda: calls.append(tick))
    realtime.collect(realtime.COLLECT_TICKS)
    assert not calls
    gc.disable()
    try:
        for tick in range(2 * realtime.COLLECT_TICKS):
            realtime.collect(tick)
    finally:
        gc.enable()
    assert calls == [0, realtime.COLLECT_TICKS]


def test_ticks_leave_next_to_no_garbage_with_cycles(bench):
    """So that collecting it seldom costs no memory."""
    robot = bench().armed()
    robot.tick(10)
    gc.collect()
    gc.disable()
    try:
        for step in range(3):
            robot.nod(step)
            robot.tick(60)
        found = gc.collect()
    finally:
        gc.enable()
    assert found < 20
