"""The bench that lets a policy hang: its faults are real, and a guard that reacts is seen to."""

import signal
import sys
import time

import pytest

from robot_agent import bench_faults, bench_hang
from robot_agent.bench_faults import GIL_SIGNAL, Fault, Faults, Orders
from robot_agent.files import RuntimeFiles
from robot_agent.succession import Succession
from shared.slots import Slot


@pytest.fixture
def faults(tmp_path, monkeypatch):
    """Both sides of a fault, in this process; what is patched is undone."""
    monkeypatch.setattr(time, "time", time.time)
    monkeypatch.setattr(time, "time_ns", time.time_ns)
    monkeypatch.setattr(Slot, "write", Slot.write)
    monkeypatch.setattr(Succession, "evaluate", lambda *_: "answer")
    before = signal.getsignal(GIL_SIGNAL)
    yield Orders(tmp_path), Faults(tmp_path, "policy")
    signal.signal(GIL_SIGNAL, before)


@pytest.mark.alone
def test_every_fault_is_noticed():
    figures = bench_hang.bench_hang(trials=5)
    assert figures["missed"] == 0
    assert set(figures["by_fault"]) == set(bench_hang.FAULTS)
    for each in figures["by_fault"].values():
        assert 0.0 < each["fault_to_deceleration_max_ms"] < each["fault_to_hold_max_ms"]


def test_a_fault_begins_once_and_says_when(faults):
    orders, inside = faults
    assert inside.begins(Fault.SLOW) == 0.0
    orders.give(Fault.SLOW, length_s=0.2)
    assert orders.began_s("policy") is None
    assert inside.begins(Fault.GIL) == 0.0
    before = time.monotonic()
    assert inside.begins(Fault.SLOW) == 0.2
    assert inside.begins(Fault.SLOW) == 0.0
    assert before <= orders.began_s("policy") <= time.monotonic()
    orders.give(Fault.NONE)
    assert orders.began_s("policy") is None


def test_the_wall_clock_steps_and_steps_back(faults):
    orders, inside = faults
    wall = time.time
    bench_faults.step_clock(inside)
    for step_s in (3600.0, -3600.0, 0.0):
        orders.give(Fault.CLOCK, clock_s=step_s)
        assert time.time() - wall() == pytest.approx(step_s, abs=1.0)
        assert time.time_ns() / 1e9 - wall() == pytest.approx(step_s, abs=1.0)


def test_a_policy_hangs_as_it_was_asked_to(faults, tmp_path):
    orders, inside = faults
    runtime = RuntimeFiles(tmp_path)
    bench_faults.hang_policy(inside, runtime)
    orders.give(Fault.GIL, length_s=0.1)
    began_s, interval_s = time.monotonic(), sys.getswitchinterval()
    signal.raise_signal(GIL_SIGNAL)
    assert time.monotonic() - began_s >= 0.1
    assert sys.getswitchinterval() == interval_s

    orders.give(Fault.SLOW, length_s=0.1)
    began_s = time.monotonic()
    assert Succession.evaluate(None, None) == "answer"
    assert time.monotonic() - began_s >= 0.1

    actions, others = Slot(runtime.action, 8, create=True), Slot(runtime.state, 8, create=True)
    actions.write(b"old")
    orders.give(Fault.REPLAY, length_s=60.0)
    for slot in (actions, others):
        slot.write(b"new")
    assert actions.read() == (2, b"old")
    assert others.read() == (1, b"new")
    orders.give(Fault.NONE)
    actions.write(b"new")
    assert actions.read() == (3, b"new")
