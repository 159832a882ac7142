"""The buttons' process: threads over real read paths, and what happens when they cannot be read."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import partial

import pytest
from gpiozero.pins.mock import MockFactory

from robot_agent.processes import TABLE, settings
from robot_agent.sources import press
from robot_agent.sources.buttons import Board, ButtonState, Tender, read_board
from robot_agent.sources.contact import ButtonLost
from robot_agent.sources.gpio import GpioContact
from robot_agent.sources.usb import EVENT, UsbContact
from robot_agent.stop_socket import ask

KEY = partial(EVENT.pack, 0, 0, 1, 48)


def until(condition, timeout_s=20.0):
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "did not come about"
        time.sleep(0.005)
    return found


class Tended:
    """A button that is tended in a thread, and what it rang."""

    def __init__(self, folder, open_contact):
        self.stops, self.limps = [], []
        self.path = folder / "buttons.json"
        self.tender = Tender(
            "a button",
            open_contact,
            lambda: self.stops.append(time.monotonic()),
            lambda: self.limps.append(time.monotonic()),
            Board(self.path),
        )
        threading.Thread(target=self.tender.run, daemon=True).start()

    @property
    def state(self):
        return next(iter(read_board(self.path)), ButtonState("none yet"))


@pytest.fixture
def pin():
    board = MockFactory()
    made = board.pin(17)
    yield board, made
    board.close()


@pytest.fixture
def pedal(tmp_path):
    """A USB pedal that can be plugged in and pulled out."""
    path = tmp_path / "event0"

    class Pedal:
        feed = None
        opened = 0

        def plug(self):
            os.mkfifo(path)

        def pull(self):
            path.unlink()
            self.feed.close()

        def open(self):
            try:
                contact = UsbContact(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "a pedal")
            except FileNotFoundError:
                raise ButtonLost("a pedal is not there; plug it in") from None
            self.feed = path.open("wb", buffering=0)
            self.opened += 1
            return contact

    made = Pedal()
    made.plug()
    yield made
    if made.feed is not None:
        made.feed.close()


def test_a_press_stops_and_goes_on_stopping_while_it_lasts(tmp_path, pin):
    board, wire = pin
    tended = Tended(tmp_path, lambda: GpioContact(17, board))
    until(lambda: tended.stops)  # nothing is wired yet: as if unplugged
    wire.drive_low()
    until(lambda: tended.state.present and not tended.state.pressed)
    tended.stops.clear()
    wire.drive_high()
    until(lambda: len(tended.stops) >= 3)
    assert tended.state.pressed
    wire.drive_low()
    until(lambda: not tended.state.pressed)
    assert tended.limps == []


def test_a_long_press_is_announced_before_it_drops_the_head(tmp_path, pedal, monkeypatch, caplog):
    monkeypatch.setattr(press, "LONG_S", 0.3)
    tended = Tended(tmp_path, pedal.open)
    until(lambda: pedal.feed)
    pedal.feed.write(KEY(1))
    until(lambda: tended.state.warned)
    assert tended.limps == []
    assert "hold the head" in caplog.text
    pedal.feed.write(KEY(0))
    until(lambda: tended.limps)
    assert tended.stops[-1] <= tended.limps[0]
    assert not tended.state.warned


def test_a_button_that_is_gone_keeps_the_robot_stopped_until_it_is_back(tmp_path, pedal):
    tended = Tended(tmp_path, pedal.open)
    until(lambda: tended.state.present)
    assert tended.stops == []
    pedal.pull()
    until(lambda: len(tended.stops) >= 2)
    assert not tended.state.present
    assert "plug it in" in tended.state.problem
    pedal.plug()
    until(lambda: tended.state.present)
    tended.stops.clear()
    time.sleep(0.7)
    assert tended.stops == []
    pedal.feed.write(KEY(1) + KEY(0))
    until(lambda: tended.stops)


def test_whatever_goes_wrong_is_a_stop(tmp_path):
    def broken():
        raise ZeroDivisionError("a library went mad")

    tended = Tended(tmp_path, broken)
    until(lambda: len(tended.stops) >= 2)
    assert tended.state.problem == "a library went mad"


def test_what_is_shown_may_fail_and_the_button_still_works(tmp_path, pedal):
    tended = Tended(tmp_path / "no" / "such" / "folder", pedal.open)
    until(lambda: pedal.feed)
    pedal.feed.write(KEY(1))
    until(lambda: tended.stops)


@pytest.fixture
def process(config, lines):
    """Starts the buttons' process as the supervisor does."""
    started = []

    def start(**changes):
        config.runtime.folder.mkdir(parents=True, exist_ok=True)
        row = next(each for each in TABLE if each.name == "buttons")
        held = {name: lines[name] for name in row.lines}
        document = json.dumps({"config": json.loads(settings(replace(config, **changes))), "lines": held})
        command = [sys.executable, "-m", "robot_agent.processes", "buttons", document]
        made = subprocess.Popen(command, pass_fds=held.values(), stderr=subprocess.PIPE, text=True)
        started.append(made)
        return made

    yield start
    for made in started:
        made.kill()
        made.communicate()


def rang(lines, name):
    try:
        return os.eventfd_read(lines[name])
    except BlockingIOError:
        return 0


@pytest.mark.parametrize(
    ("changes", "line", "words"),
    [
        ({"button_gpio": 17}, "stop_button", "the button at GPIO 17 cannot be read"),
        ({"button_usb": "/dev/input/none"}, "stop_usb", "/dev/input/none cannot be read"),
        ({"button_usb": "Big Red Button"}, "stop_usb", "none of that name"),
    ],
)
def test_a_configured_button_that_is_not_there_is_said_once_and_stops(process, lines, changes, line, words):
    made = process(**changes)
    until(lambda: rang(lines, line))
    until(lambda: rang(lines, line))
    made.terminate()
    _, errors = made.communicate(timeout=20)
    assert made.returncode == 0
    assert words in errors
    assert errors.count("stopped:") == 1
    assert "Traceback" not in errors


def test_a_process_that_was_killed_may_have_missed_a_press(process, lines, config):
    made = process(button_usb="/dev/input/none")
    until(config.runtime.buttons.exists)
    made.send_signal(signal.SIGKILL)
    made.wait()
    again = process(button_usb="/dev/input/none")
    assert "a press may have been missed" in again.stderr.readline()
    again.terminate()
    _, errors = again.communicate(timeout=20)
    assert again.returncode == 0, errors
    assert not config.runtime.buttons.exists()


def test_an_agent_whose_button_is_missing_never_moves_and_cannot_be_released(config, tmp_path):
    config = replace(config, button_usb="/dev/input/none")
    agent = subprocess.Popen(
        [sys.executable, "-m", "robot_agent.main", settings(config)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def say(word):
        try:
            return ask(config.runtime.stop_socket, word)
        except Exception:
            return {}

    try:
        until(lambda: say("status").get("stopped_by") == "usb")
        say("release")
        until(lambda: say("status").get("state") == "STOPPED")
        say("resume")
        time.sleep(1.0)
        assert say("status")["state"] == "STOPPED"
    finally:
        agent.terminate()
        agent.wait(20)
