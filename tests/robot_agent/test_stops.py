import os
import threading
import time

import pytest

from robot_agent.frames import LatchState, size, unpack
from robot_agent.guard import stops
from robot_agent.guard.latch_file import read_latch, to_bytes
from robot_agent.guard.machine import STOP_SOURCES, Latch, Latched
from robot_agent.guard.stops import UNCLEAN_BOOT, StopLatch, StopLines
from shared.slots import Slot


@pytest.fixture
def make(tmp_path, lines):
    """Makes a running latch over the same files and lines each time."""
    made = []

    def _make(**options):
        slot = Slot(tmp_path / "latch.slot", size(LatchState), create=True)
        latch = StopLatch(tmp_path / "now", tmp_path / "later", slot, StopLines.of(lines), **options)
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


def on_disk(folder):
    return read_latch(folder / "later") or Latched()


def test_a_stop_is_latched_on_both_files_and_shown(make, lines, tmp_path):
    latch = make()
    assert latch.value.latch is Latch.CLEAR
    os.eventfd_write(lines["stop_button"], 1)
    wait(lambda: on_disk(tmp_path).latch is Latch.STOPPED)
    assert latch.value.latch is Latch.STOPPED
    for name in ("now", "later"):
        assert read_latch(tmp_path / name) == Latched(Latch.STOPPED, "button")
    wait(lambda: shown(tmp_path).requests == 1)
    assert shown(tmp_path).latched


def test_a_latch_survives_a_restart_and_a_reboot(make, lines, tmp_path):
    make()
    os.eventfd_write(lines["stop_button"], 1)
    wait(lambda: on_disk(tmp_path).latch is Latch.STOPPED)
    assert make().value.latch is Latch.STOPPED
    (tmp_path / "now").unlink()
    assert make().value.latch is Latch.STOPPED


def test_a_stop_that_only_tmpfs_had_when_its_guard_was_killed_reaches_the_disk_later(make, tmp_path):
    (tmp_path / "now").write_bytes(to_bytes(Latched(Latch.STOPPED, "button")))
    make()
    wait(lambda: on_disk(tmp_path) == Latched(Latch.STOPPED, "button"))


def test_a_stop_asked_for_while_no_guard_runs_is_latched_before_the_first_tick(make, lines):
    os.eventfd_write(lines["stop_button"], 1)
    assert make().value.latch is Latch.STOPPED


def test_a_stop_beats_a_release_and_resume_that_arrive_with_it(make, lines):
    for name in ("stop_page", "release", "resume"):
        os.eventfd_write(lines[name], 1)
    assert make().value.latch is Latch.STOPPED


def test_resume_without_release_does_nothing(make, lines):
    latch = make()
    os.eventfd_write(lines["stop_button"], 1)
    wait(lambda: latch.value.latch is Latch.STOPPED)
    os.eventfd_write(lines["resume"], 1)
    time.sleep(0.05)
    assert latch.value.latch is Latch.STOPPED
    os.eventfd_write(lines["release"], 1)
    wait(lambda: latch.value.latch is Latch.RELEASED)
    os.eventfd_write(lines["resume"], 1)
    wait(lambda: latch.value.latch is Latch.CLEAR)


@pytest.mark.parametrize("content", [b"", b"CLEARED", b"\xff\xfe", b"STOPPED\n"])
def test_a_latch_file_that_cannot_be_read_counts_as_a_stop(make, tmp_path, content):
    (tmp_path / "later").write_bytes(content)
    assert make().value.latch is Latch.STOPPED


def test_a_full_disk_costs_neither_this_stop_nor_the_next(make, lines, monkeypatch, caplog):
    def full(*_):
        raise OSError("no space left on device")

    latch = make()
    monkeypatch.setattr(stops, "write_atomic", full)
    for word, then in (("stop_usb", Latch.STOPPED), ("release", Latch.RELEASED), ("stop_usb", Latch.STOPPED)):
        os.eventfd_write(lines[word], 1)
        wait(lambda then=then: latch.value.latch is then)
    told = "the latch is STOPPED, but may not be so after a restart: no space left on device"
    wait(lambda: told in said(caplog))


def said(caplog):
    return [record.getMessage() for record in caplog.records]


def test_the_log_says_who_stopped_the_robot_and_what_is_broken(make, lines, caplog):
    latch = make()
    wait(lambda: said(caplog) == ["latch: CLEAR"])
    for number, (line, words) in enumerate(
        (
            ("stop_usb", "STOPPED (usb)"),
            ("limp", "STOPPED (usb, motors off)"),
            ("release", "RELEASED"),
            ("resume", "CLEAR"),
        ),
        2,
    ):
        os.eventfd_write(lines[line], 1)
        wait(lambda number=number: len(said(caplog)) == number)
        assert said(caplog)[-1] == f"latch: {words}"
    latch.fault("a motor")
    wait(lambda: len(said(caplog)) == 6)
    assert said(caplog)[-1] == "latch: FAULT (a motor)"


def test_a_stop_tells_when_it_came(make, lines, tmp_path):
    before = time.monotonic()
    make()
    assert before <= shown(tmp_path).time_s <= time.monotonic()
    pressed = time.monotonic()
    os.eventfd_write(lines["stop_key"], 1)
    wait(lambda: shown(tmp_path).requests == 1)
    assert pressed <= shown(tmp_path).time_s <= time.monotonic()
    assert shown(tmp_path).pid == os.getpid()


def test_neither_thread_keeps_the_process_from_ending_and_both_end_with_the_latch(make):
    others = set(threading.enumerate())
    latch = make()
    threads = set(threading.enumerate()) - others
    assert {thread.name for thread in threads} == {"latch", "latch-disk"}
    assert all(thread.daemon for thread in threads)
    latch.close()
    assert not any(thread.is_alive() for thread in threads)


def test_the_end_waits_for_a_disk_that_stalls_for_a_moment_only(make, lines, monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(stops, "write_atomic", lambda *_: go_on.wait(30.0))
    monkeypatch.setattr(stops, "DISK_WAIT_S", 0.1)
    latch = make()
    begun = time.monotonic()
    latch.close()
    assert 0.1 <= time.monotonic() - begun < 5.0
    go_on.set()


def test_the_latch_waits_for_its_lines_without_being_busy(make):
    make()
    time.sleep(0.05)
    begun = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - begun < 0.1


@pytest.mark.parametrize("source", STOP_SOURCES)
def test_every_source_has_its_line_and_is_named(make, lines, tmp_path, source):
    latch = make()
    os.eventfd_write(lines[f"stop_{source}"], 1)
    wait(lambda: latch.value == Latched(Latch.STOPPED, source))
    wait(lambda: shown(tmp_path).source == source)
    wait(lambda: on_disk(tmp_path).source == source)


def shown(folder):
    return unpack(LatchState, Slot(folder / "latch.slot", size(LatchState)).read()[1])


def test_a_second_stop_is_counted_and_the_first_who_asked_stays_named(make, lines, tmp_path):
    make()
    for number, source in enumerate(("page", "button"), 1):
        os.eventfd_write(lines[f"stop_{source}"], 1)
        wait(lambda number=number: shown(tmp_path).requests == number)
    assert shown(tmp_path).source == "page"


def test_a_disk_that_stalls_delays_no_stop(make, lines, tmp_path, monkeypatch):
    """The disk's thread hangs in its first write; latch, slot and tmpfs go on."""
    latch = make()
    wait((tmp_path / "later").exists)
    go_on = threading.Event()
    written = []

    def stalled(path, data):
        go_on.wait(30.0)
        written.append(data)

    monkeypatch.setattr(stops, "write_atomic", stalled)
    for _ in range(3):
        os.eventfd_write(lines["stop_button"], 1)
        wait(lambda: latch.value.latch is Latch.STOPPED)
        wait(lambda: shown(tmp_path).latched)
        wait(lambda: read_latch(tmp_path / "now").latch is Latch.STOPPED)
        os.eventfd_write(lines["release"], 1)
        wait(lambda: latch.value.latch is Latch.RELEASED)
    go_on.set()
    latch.close()
    assert read_latch(tmp_path / "now").latch is Latch.RELEASED
    assert written[-1] == to_bytes(Latched(Latch.RELEASED)), "the disk ends with the newest"
    assert len(written) <= 3, "and is not made to catch up with each"


def test_a_fault_is_latched_shown_and_kept_like_a_stop(make, lines, tmp_path):
    latch = make()
    latch.fault("tracking: stewart_1 is 40 degrees from where it was sent")
    assert latch.value.latch is Latch.FAULT
    assert shown(tmp_path).latched
    assert "stewart_1" in shown(tmp_path).fault
    wait(lambda: on_disk(tmp_path).latch is Latch.FAULT)
    again = make()
    assert again.value == latch.value
    os.eventfd_write(lines["release"], 1)
    wait(lambda: again.value.latch is Latch.RELEASED or latch.value.latch is Latch.RELEASED)


def test_motors_off_outlives_the_guard_and_not_the_machine(make, lines, tmp_path):
    latch = make()
    os.eventfd_write(lines["limp"], 1)
    os.eventfd_write(lines["stop_usb"], 1)
    wait(lambda: latch.value.latch is Latch.STOPPED)
    os.eventfd_write(lines["limp"], 1)
    wait(lambda: latch.value.limp)
    wait(lambda: on_disk(tmp_path).limp)
    assert make().value.limp
    (tmp_path / "now").unlink()
    assert make().value == Latched(Latch.STOPPED, "usb")


def test_a_robot_that_lost_its_power_comes_up_stopped(make, lines, tmp_path):
    latch = make(unclean=True)
    assert latch.value == Latched(Latch.STOPPED, UNCLEAN_BOOT)
    assert shown(tmp_path).source == UNCLEAN_BOOT
    wait(lambda: on_disk(tmp_path) == latch.value)


def test_a_robot_that_does_not_arm_itself_waits_for_resume(make, lines, tmp_path):
    latch = make(armed=False)
    assert latch.value.latch is Latch.RELEASED
    os.eventfd_write(lines["resume"], 1)
    wait(lambda: latch.value.latch is Latch.CLEAR)
    wait(lambda: read_latch(tmp_path / "now").latch is Latch.CLEAR)
    assert make(armed=False).value.latch is Latch.CLEAR, "a guard that is merely started again goes on"


def test_a_stop_is_not_softened_by_not_arming(make, tmp_path):
    (tmp_path / "later").write_bytes(to_bytes(Latched(Latch.FAULT, "", "a motor")))
    assert make(armed=False, unclean=True).value == Latched(Latch.FAULT, "", "a motor")
