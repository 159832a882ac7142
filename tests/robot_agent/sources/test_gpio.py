"""The GPIO button over gpiozero's own pins: the real read path down to the edge callback."""

import sys
import threading
import time

import pytest
from gpiozero.pins.mock import MockFactory, MockPin

from robot_agent.sources.contact import ButtonLost
from robot_agent.sources.gpio import GpioContact, board_pins, keep_lgpio_in
from shared.errors import MissingExtra


class WiredPin(MockPin):
    """A pin with a closed contact to ground: the pull-up does not raise it."""

    def _set_pull(self, value):
        self._pull = value


@pytest.fixture
def wired():
    """A board whose pins are wired, and a reader of pin 17."""
    board = MockFactory(pin_class=WiredPin)
    contact = GpioContact(17, board)
    yield board.pin(17), contact
    contact.close()
    board.close()


def read_for(contact, seconds):
    """What is seen within this time."""
    end, changes = time.monotonic() + seconds, []
    while (left := end - time.monotonic()) > 0:
        changes += contact.read(left)
    return [pressed for _, pressed in changes]


def test_the_pin_has_a_pull_up_and_reports_both_edges_without_a_debounce_of_its_own(wired):
    pin, _ = wired
    assert (pin.function, pin.pull, pin.edges, pin.bounce) == ("input", "up", "both", None)


def test_an_opened_circuit_is_a_press_and_a_closed_one_its_end(wired):
    pin, contact = wired
    assert read_for(contact, 0.02) == []
    pin.drive_high()
    assert read_for(contact, 0.1) == [True]
    pin.drive_low()
    assert read_for(contact, 0.1) == [False]


def test_a_press_while_nobody_reads_is_seen_afterwards(wired):
    """30 ms by the edges' own times, however late the reader is."""
    pin, contact = wired
    pin.drive_high()
    time.sleep(0.03)
    pin.drive_low()
    time.sleep(0.05)
    assert read_for(contact, 0.1) == [True, False]


def test_it_wakes_by_the_edge_and_not_by_its_patience(wired):
    pin, contact = wired
    threading.Timer(0.1, pin.drive_high).start()
    begun = time.monotonic()
    while not contact.read(30.0):
        pass
    assert time.monotonic() - begun < 10.0


def test_an_edge_that_got_lost_is_found_by_the_level(wired):
    pin, contact = wired
    pin._when_changed, kept = None, pin._when_changed
    pin._change_state(True)
    pin._when_changed = kept
    assert read_for(contact, 0.5) == [True]


def test_an_unplugged_button_is_pressed_from_the_start():
    board = MockFactory()  # nothing is wired: the pull-up raises the pin
    contact = GpioContact(17, board)
    assert read_for(contact, 0.2) == [True]
    contact.close()


def test_a_pin_that_fails_later_is_lost(wired, monkeypatch):
    _, contact = wired

    def fail(_):
        raise OSError(19, "No such device")

    monkeypatch.setattr(WiredPin, "_get_state", fail)
    with pytest.raises(ButtonLost, match=r"GPIO 17 cannot be read any more.*No such device"):
        contact.read(0.01)


def test_a_pin_that_the_board_does_not_have_is_named():
    with pytest.raises(ButtonLost, match="GPIO 99 cannot be read"):
        GpioContact(99, MockFactory())


def test_a_machine_without_gpio_says_so(tmp_path, monkeypatch):
    monkeypatch.delenv("LG_WD", raising=False)
    keep_lgpio_in(tmp_path)
    with pytest.raises(ButtonLost, match="GPIO 17 cannot be read"):
        GpioContact(17)


def test_a_missing_library_gives_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpiozero.pins.lgpio", None)
    with pytest.raises(MissingExtra, match=r"pip install 'reachy-coach\[buttons\]'"):
        GpioContact(17)
    with pytest.raises(MissingExtra):
        board_pins()
