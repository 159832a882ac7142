import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest

from robot_agent.frames import GuardState, LatchState, Mode, pack, size
from robot_agent.guard.stops import StopLines
from robot_agent.stop_socket import MAX_LINE, StopDesk, ask, listen
from shared.errors import AlreadyRunning, BodyError
from shared.slots import Slot


@pytest.fixture
def serving(config, lines):
    """The stop process by itself: no guard runs."""
    config.runtime.folder.mkdir(parents=True)
    held = {name: lines[name] for name in ("stop", "release", "resume")}
    code = (
        "import sys, json; from pathlib import Path; from robot_agent.files import RuntimeFiles\n"
        "from robot_agent.guard.stops import StopLines; from robot_agent.stop_socket import run\n"
        "run(RuntimeFiles(Path(sys.argv[1])), StopLines(**json.loads(sys.argv[2])))\n"
    )
    arguments = [sys.executable, "-c", code, str(config.runtime.folder), json.dumps(held)]
    process = subprocess.Popen(arguments, pass_fds=held.values(), stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 10.0
    while not config.runtime.stop_socket.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield config.runtime.stop_socket
    process.terminate()
    process.wait()


def say(path, data):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5.0)
        client.connect(str(path))
        client.sendall(data)
        return json.loads(client.makefile().readline())


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"halt\n",
        b"STOP\n",
        b"stop now\n",
        b"\xff\xfe\x00\n",
        b"{}\n",
        b"x" * 10 * MAX_LINE,
        b"stop" + b"p" * 100,
    ],
)
def test_words_it_does_not_know_are_answered_and_do_nothing(serving, lines, data):
    answer = say(serving, data)
    assert not answer["ok"]
    assert "is not one of stop, release, resume, status" in answer["error"]
    for name in ("stop", "release", "resume"):
        with pytest.raises(BlockingIOError):
            os.eventfd_read(lines[name])


def test_a_client_that_says_nothing_does_not_keep_others_waiting(serving):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(serving))
        begun = time.monotonic()
        assert not say(serving, b"what\n")["ok"]
        assert time.monotonic() - begun < 1.0


def test_only_this_user_may_connect(serving):
    assert serving.stat().st_mode & 0o777 == 0o600


def test_a_stop_without_a_guard_says_so_and_stays_on_the_line(serving, lines):
    answer = ask(serving, "stop")
    assert not answer["ok"]
    assert "as soon as it runs" in answer["error"]
    assert os.eventfd_read(lines["stop"]) == 1


def test_a_stop_is_confirmed_by_the_guards_latch(config, lines):
    config.runtime.folder.mkdir(parents=True)
    latch = Slot(config.runtime.latch, size(LatchState), create=True)
    desk = StopDesk(config.runtime, StopLines(lines["stop"], lines["release"], lines["resume"]))

    def guard():
        while True:
            try:
                os.eventfd_read(lines["stop"])
                break
            except BlockingIOError:
                time.sleep(0.001)
        latch.write(pack(LatchState(True, 1, time.monotonic(), 1)))

    threading.Thread(target=guard).start()
    answer = desk.answer(b"stop")
    assert answer["ok"]
    assert 0.0 <= answer["latched_ms"] < 1000.0


def test_a_guard_that_does_not_tick_is_not_there_whatever_it_said_last(config, lines, bench):
    config.runtime.folder.mkdir(parents=True)
    slot = Slot(config.runtime.state, size(GuardState), create=True)
    state = bench().armed().states[-1]
    slot.write(pack(state))
    desk = StopDesk(config.runtime, StopLines(lines["stop"], lines["release"], lines["resume"]))
    answer = desk.answer(b"status")
    assert (answer["ok"], answer["state"]) == (False, "no guard")
    assert "does not tick" in answer["error"]

    ending = threading.Event()

    def guard():
        while not ending.wait(0.01):
            slot.write(pack(state))

    ticking = threading.Thread(target=guard)
    ticking.start()
    assert desk.answer(b"status") == {"ok": True, "state": Mode.ACTIVE.name}
    ending.set()
    ticking.join()


def test_a_socket_left_by_a_dead_process_is_taken_over_and_a_living_one_is_not(tmp_path):
    path = tmp_path / "stop.sock"
    listen(path).close()
    with listen(path), pytest.raises(AlreadyRunning, match="another agent"):
        listen(path)
    other = tmp_path / "file"
    other.write_text("precious")
    with pytest.raises(AlreadyRunning, match="no socket"):
        listen(other)
    assert other.read_text() == "precious"


def test_nobody_there(tmp_path):
    with pytest.raises(BodyError, match="is it running"):
        ask(tmp_path / "stop.sock", "stop")
