import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from robot_agent.frames import GuardState, LatchState, Mode, pack, size
from robot_agent.sources.watch import Watchers
from robot_agent.stop_socket import MAX_LINE, StopDesk, ask, listen, supervise
from shared.errors import AlreadyRunning, BodyError
from shared.slots import Slot


@pytest.fixture
def serving(config, lines):
    """The stop process by itself: no guard runs."""
    config.runtime.folder.mkdir(parents=True)
    held = {name: lines[name] for name in ("stop_socket", "stop_supervisor", "release", "resume")}
    code = (
        "import sys, json; from pathlib import Path; from robot_agent.files import RuntimeFiles\n"
        "from robot_agent.stop_socket import run\n"
        "run(RuntimeFiles(Path(sys.argv[1])), json.loads(sys.argv[2]))\n"
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
    for name in ("stop_socket", "release", "resume"):
        with pytest.raises(BlockingIOError):
            os.eventfd_read(lines[name])


def test_a_client_that_says_nothing_does_not_keep_others_waiting(serving):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(serving))
        begun = time.monotonic()
        assert not say(serving, b"what\n")["ok"]
        assert time.monotonic() - begun < 1.0


def test_only_this_user_may_connect(serving):
    assert serving.stat().st_mode & 0o777 == 0o660


def test_a_stop_without_a_guard_says_so_and_stays_on_the_line(serving, lines):
    answer = ask(serving, "stop")
    assert not answer["ok"]
    assert "as soon as it runs" in answer["error"]
    assert os.eventfd_read(lines["stop_socket"]) == 1


def test_a_stop_is_confirmed_by_the_guards_latch(config, lines):
    config.runtime.folder.mkdir(parents=True)
    latch = Slot(config.runtime.latch, size(LatchState), create=True)
    desk = StopDesk(config.runtime, lines)

    def guard():
        while True:
            try:
                os.eventfd_read(lines["stop_socket"])
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
    desk = StopDesk(config.runtime, lines)
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


def test_the_answers_say_who_stopped_it(config, lines, bench):
    config.runtime.folder.mkdir(parents=True)
    slot = Slot(config.runtime.state, size(GuardState), create=True)
    desk, made = StopDesk(config.runtime, lines), bench()
    made.armed()
    ending, shown = threading.Event(), {"mode": Mode.STOPPED, "stop_source": "button", "limp": True}

    def guard():
        while not ending.wait(0.005):
            slot.write(pack(replace(made.states[-1], **shown)))

    ticking = threading.Thread(target=guard)
    ticking.start()
    try:
        stopped = {"state": "STOPPED", "stopped_by": "button", "limp": True}
        assert desk.answer(b"status") == {"ok": True, **stopped}
        released = desk.answer(b"release")
        assert not released["ok"]
        assert "stopped again at once; stopped by the button at the robot" in released["error"]
        resumed = desk.answer(b"resume")
        assert not resumed["ok"]
        assert "release it first" in resumed["error"]
        shown.update(mode=Mode.FAULT, stop_source="", fault="tracking: joint stewart_1", limp=False)
        time.sleep(0.05)
        assert desk.answer(b"status")["fault"] == "tracking: joint stewart_1"
        assert "tracking: joint stewart_1" in desk.answer(b"resume")["error"]
        shown.update(mode=Mode.DISARMED, fault="")
        time.sleep(0.05)
        assert desk.answer(b"release") == {"ok": True, "state": "DISARMED"}
    finally:
        ending.set()
        ticking.join()


@pytest.fixture
def watched(serving, config, lines):
    """The stop process and a way to see whether it missed a watcher."""

    def missed():
        try:
            return os.eventfd_read(lines["stop_supervisor"])
        except BlockingIOError:
            return 0

    return serving, missed, config.runtime.watched("socket")


def declare(path):
    """A connection that has declared a watch."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(5.0)
    client.connect(str(path))
    client.sendall(b"supervise\n")
    assert json.loads(client.makefile().readline())["ok"]
    return client


def wait(condition, timeout_s=10.0):
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_a_watcher_who_says_farewell_is_not_missed(watched):
    path, missed, mark = watched
    with declare(path) as client:
        assert mark.exists()
        for word in (b"\n", b"\n", b"farewell\n"):
            client.sendall(word)
            assert json.loads(client.makefile().readline())["ok"]
    wait(lambda: not mark.exists())
    time.sleep(0.1)
    assert not missed()


@pytest.mark.parametrize("last_word", [None, b"", b"stop\n", b"x" * 1000])
def test_a_watcher_who_is_lost_stops_the_robot(watched, last_word):
    path, missed, mark = watched
    client = declare(path)
    if last_word is not None:
        client.sendall(last_word)
        client.close()
    wait(missed)  # None: it stays connected and says nothing
    client.close()
    assert not mark.exists()


def test_a_killed_stop_process_has_lost_its_watchers(config, lines, watched):
    path, missed, mark = watched
    client = declare(path)
    assert mark.exists()
    Watchers(mark, lambda: os.eventfd_write(lines["stop_supervisor"], 1))  # as the next one begins
    assert missed()
    client.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGINT])
def test_the_command_that_watches(watched, config, number):
    path, missed, mark = watched
    command = [sys.executable, "-c", "from tools.cli import main; main()", "stop", "--supervise"]
    command += ["--runtime-dir", str(path.parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait(mark.exists)
    process.send_signal(number)
    if number == signal.SIGINT:
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 0, errors
        assert "watching the robot" in errors
        assert not missed()
    else:
        wait(missed)
        process.kill()
        process.communicate()


def test_an_agent_that_ends_ends_the_watch_with_an_error(tmp_path):
    with pytest.raises(BodyError, match="is it running"):
        supervise(tmp_path / "stop.sock", threading.Event())
