import os
import time

import pytest

from robot_agent.frames import LatchState, size, unpack
from robot_agent.guard import stops
from robot_agent.guard.machine import Latch
from robot_agent.guard.stops import StopLatch, StopLines
from shared.slots import Slot


@pytest.fixture
def make(tmp_path, lines):
    """Makes a running latch over the same files and lines each time."""
    made = []

    def _make():
        slot = Slot(tmp_path / "latch.slot", size(LatchState), create=True)
        stops = StopLines(lines["stop"], lines["release"], lines["resume"])
        latch = StopLatch(tmp_path / "now", tmp_path / "later", slot, stops)
        latch.start()
        made.append(latch)
        return latch

    yield _make
    for latch in made:
        latch.close()


def wait(condition):
    deadline = time.monotonic() + 5.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_stop_is_latched_on_both_files_and_shown(make, lines, tmp_path):
    latch = make()
    assert latch.value is Latch.CLEAR
    os.eventfd_write(lines["stop"], 1)
    wait((tmp_path / "later").exists)
    assert latch.value is Latch.STOPPED
    assert (tmp_path / "now").read_text() == (tmp_path / "later").read_text() == "STOPPED"
    shown = unpack(LatchState, Slot(tmp_path / "latch.slot", size(LatchState)).read()[1])
    assert shown.latched
    assert shown.requests == 1


def test_a_latch_survives_a_restart_and_a_reboot(make, lines, tmp_path):
    make()
    os.eventfd_write(lines["stop"], 1)
    wait((tmp_path / "later").exists)
    assert make().value is Latch.STOPPED
    (tmp_path / "now").unlink()
    assert make().value is Latch.STOPPED


def test_a_stop_asked_for_while_no_guard_runs_is_latched_before_the_first_tick(make, lines):
    os.eventfd_write(lines["stop"], 1)
    assert make().value is Latch.STOPPED


def test_a_stop_beats_a_release_and_resume_that_arrive_with_it(make, lines):
    for name in ("stop", "release", "resume"):
        os.eventfd_write(lines[name], 1)
    assert make().value is Latch.STOPPED


def test_resume_without_release_does_nothing(make, lines):
    latch = make()
    os.eventfd_write(lines["stop"], 1)
    wait(lambda: latch.value is Latch.STOPPED)
    os.eventfd_write(lines["resume"], 1)
    time.sleep(0.05)
    assert latch.value is Latch.STOPPED
    os.eventfd_write(lines["release"], 1)
    wait(lambda: latch.value is Latch.RELEASED)
    os.eventfd_write(lines["resume"], 1)
    wait(lambda: latch.value is Latch.CLEAR)


@pytest.mark.parametrize("content", [b"", b"CLEARED", b"\xff\xfe", b"STOPPED\n"])
def test_a_latch_file_that_cannot_be_read_counts_as_a_stop(make, tmp_path, content):
    (tmp_path / "later").write_bytes(content)
    assert make().value is Latch.STOPPED


def test_a_full_disk_costs_neither_this_stop_nor_the_next(make, lines, monkeypatch, caplog):
    def full(*_):
        raise OSError("no space left on device")

    latch = make()
    monkeypatch.setattr(stops, "write_atomic", full)
    for word, then in (("stop", Latch.STOPPED), ("release", Latch.RELEASED), ("stop", Latch.STOPPED)):
        os.eventfd_write(lines[word], 1)
        wait(lambda then=then: latch.value is then)
    assert "no space left" in caplog.text
