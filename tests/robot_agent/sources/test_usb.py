"""The USB button over a FIFO that is fed with the kernel's own records: the real read path."""

import os
import sys
import time

import pytest
from evdev import ecodes

from robot_agent.sources import usb
from robot_agent.sources.contact import ButtonLost
from robot_agent.sources.usb import EVENT, UsbContact, open_usb
from shared.errors import MissingExtra


def event(kind, code, value):
    return EVENT.pack(1_700_000_000, 123456, kind, code, value)


def key(value, code=ecodes.KEY_B):
    """A key's event as a keyboard reports it, with the SYN that ends the report."""
    return event(ecodes.EV_KEY, code, value) + event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0)


@pytest.fixture
def fifo(tmp_path):
    """A device and the end that feeds it."""
    path = tmp_path / "event0"
    os.mkfifo(path)
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    feed = path.open("wb", buffering=0)
    contact = UsbContact(fd, "a pedal")
    yield contact, feed
    contact.close()
    feed.close()


def changes(contact, timeout_s=0.2):
    return [pressed for _, pressed in contact.read(timeout_s)]


def test_the_record_is_the_kernels():
    from evdev import _input  # the extension was compiled against the kernel's header

    assert EVENT.size in (16, 24)
    assert hasattr(_input, "device_read")
    assert (usb.EV_SYN, usb.EV_KEY, usb.SYN_DROPPED) == (ecodes.EV_SYN, ecodes.EV_KEY, ecodes.SYN_DROPPED)


def test_any_key_is_a_press_until_the_last_is_let_go(fifo):
    contact, feed = fifo
    feed.write(key(1))
    assert changes(contact) == [True]
    feed.write(key(2) + key(1, ecodes.BTN_LEFT) + key(0))
    assert changes(contact) == []
    feed.write(key(0, ecodes.BTN_LEFT))
    assert changes(contact) == [False]


def test_a_whole_press_at_once_is_not_lost(fifo):
    contact, feed = fifo
    feed.write(key(1) + key(0))
    assert changes(contact) == [True, False]


def test_what_is_no_key_is_nothing(fifo):
    contact, feed = fifo
    feed.write(event(ecodes.EV_REL, ecodes.REL_X, 5) + event(ecodes.EV_MSC, ecodes.MSC_SCAN, 458756))
    feed.write(event(ecodes.EV_SYN, ecodes.SYN_REPORT, 0))
    assert changes(contact) == []


def test_a_repeat_of_a_press_that_was_not_seen_is_a_press(fifo):
    contact, feed = fifo
    feed.write(key(2))
    assert changes(contact) == [True]


def test_lost_events_count_as_a_press(fifo):
    contact, feed = fifo
    feed.write(event(ecodes.EV_SYN, ecodes.SYN_DROPPED, 0))
    assert changes(contact) == [True, False]


def test_records_that_come_in_parts(fifo):
    contact, feed = fifo
    data = key(1) + key(0)
    seen = []
    for byte in data:
        feed.write(bytes([byte]))
        seen += changes(contact)
    assert seen == [True, False]


def test_nothing_happens_without_events(fifo):
    contact, _ = fifo
    begun = time.monotonic()
    assert changes(contact, 0.05) == []
    assert time.monotonic() - begun >= 0.04


def test_a_device_that_is_pulled_out_is_lost(fifo):
    contact, feed = fifo
    feed.write(key(1))
    assert changes(contact) == [True]
    feed.close()
    with pytest.raises(ButtonLost, match="a pedal is gone"):
        contact.read(1.0)


def test_a_device_that_fails_is_lost(fifo, monkeypatch):
    contact, feed = fifo
    feed.write(key(1))

    def gone(*_):
        raise OSError(19, "No such device")

    monkeypatch.setattr(usb.os, "read", gone)
    with pytest.raises(ButtonLost, match=r"No such device.*plug it in again"):
        contact.read(1.0)


def test_a_key_that_is_down_already_is_a_press():
    reader, writer = os.pipe()
    contact = UsbContact(reader, "a pedal", {48})
    assert changes(contact) == [True]
    os.write(writer, key(0))
    assert changes(contact) == [False]
    contact.close()
    os.close(writer)


def test_a_path_that_is_not_there_or_no_input_device_is_named(tmp_path):
    with pytest.raises(ButtonLost, match="/dev/input/none cannot be read"):
        open_usb("/dev/input/none")
    plain = tmp_path / "event7"
    plain.write_bytes(key(1))
    with pytest.raises(ButtonLost, match="event7 cannot be read"):
        open_usb(str(plain))


class Device:
    """What evdev gives for a device, over a pipe."""

    def __init__(self, path, readonly=False):
        assert readonly
        if path not in DEVICES:
            raise FileNotFoundError(2, "No such file or directory", path)
        self.path, (self.name, self._keys, self._held) = path, DEVICES[path]
        self.fd, self.feed = os.pipe()
        self.grabbed = False
        Device.last = self

    def capabilities(self):
        return {ecodes.EV_KEY: self._keys} if self._keys else {ecodes.EV_REL: []}

    def active_keys(self):
        return self._held

    def grab(self):
        self.grabbed = True

    def close(self):
        os.close(self.fd)


DEVICES = {
    "/dev/input/event0": ("Big Red Button", [48], []),
    "/dev/input/event1": ("Knob", [], []),
    "/dev/input/event2": ("Twin", [1], []),
    "/dev/input/event3": ("Twin", [1], [1]),
}


@pytest.fixture
def devices(monkeypatch):
    import evdev

    monkeypatch.setattr(evdev, "InputDevice", Device)
    monkeypatch.setattr(evdev, "list_devices", lambda: [*DEVICES, "/dev/input/event9"])


def test_a_device_is_found_by_its_name_and_taken_for_us_alone(devices):
    contact = open_usb("big red button")
    assert Device.last.grabbed
    os.write(Device.last.feed, key(1))
    assert changes(contact) == [True]
    contact.close()


def test_a_device_that_is_held_at_the_start_is_pressed(devices):
    contact = open_usb("/dev/input/event3")
    assert changes(contact) == [True]
    contact.close()


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("Pedal", "none of that name; there is /dev/input/event0: Big Red Button; "),
        ("twin", "several of that name"),
        ("/dev/input/event1", "has no keys"),
    ],
)
def test_a_device_that_will_not_do_is_refused(devices, wanted, words):
    with pytest.raises(ButtonLost, match=words):
        open_usb(wanted)


def test_a_missing_library_gives_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "evdev", None)
    with pytest.raises(MissingExtra, match=r"pip install 'reachy-coach\[buttons\]'"):
        open_usb("/dev/input/event0")


@pytest.mark.skipif(not os.access("/dev/uinput", os.W_OK), reason="no /dev/uinput that may be written here")
def test_a_device_of_the_kernel(monkeypatch):
    from evdev import UInput

    with UInput({ecodes.EV_KEY: [ecodes.KEY_B]}, name="reachy-coach test button") as device:
        contact = open_usb(device.device.path)
        device.write(ecodes.EV_KEY, ecodes.KEY_B, 1)
        device.syn()
        assert changes(contact, 2.0) == [True]
    with pytest.raises(ButtonLost):
        contact.read(5.0)
