"""A USB button, pedal or keypad: any of its keys stops, and so does pulling it out."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import time
from typing import Any

from robot_agent.sources.contact import ButtonLost
from shared.errors import MissingExtra

EVENT = struct.Struct("llHHi")
"""The kernel's `input_event`: seconds, microseconds, type, code, value."""
EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
"""Events were lost: one of them may have been a press."""
MAX_EVENTS = 64


class UsbContact:
    """The keys of one input device.

    Args:
        fd: gives `input_event`s; is closed with the contact.
        name: for messages.
        down: codes of the keys that are pressed already.
    """

    def __init__(self, fd: int, name: str, down: set[int] | None = None) -> None:
        self._fd, self._name = fd, name
        self._down = down or set()
        self._first = bool(self._down)
        self._rest = b""
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

    def read(self, timeout_s: float) -> list[tuple[float, bool]]:
        """Wait for up to `timeout_s`; the changes (monotonic time [s], pressed) since the last call.

        Raises:
            ButtonLost: the device is gone.
        """
        if self._first:
            self._first = False
            return [(time.monotonic(), True)]
        if not self._poll.poll(max(0.0, timeout_s) * 1e3):
            return []
        try:
            data = os.read(self._fd, MAX_EVENTS * EVENT.size)
        except BlockingIOError:
            return []
        except OSError as error:
            raise ButtonLost(f"{self._name} is gone ({error}); plug it in again") from error
        if not data:
            raise ButtonLost(f"{self._name} is gone; plug it in again")
        return self._changes(data, time.monotonic())

    def close(self) -> None:
        """Let go of the device."""
        with contextlib.suppress(OSError):
            os.close(self._fd)

    def _changes(self, data: bytes, now_s: float) -> list[tuple[float, bool]]:
        data = self._rest + data
        whole = len(data) // EVENT.size * EVENT.size
        self._rest = data[whole:]
        changes: list[tuple[float, bool]] = []
        for _, _, kind, code, value in EVENT.iter_unpack(data[:whole]):
            before = bool(self._down)
            if kind == EV_SYN and code == SYN_DROPPED:
                self._down.clear()
                changes += [(now_s, True), (now_s, False)]
            elif kind == EV_KEY and value:  # 1 pressed, 2 held on
                self._down.add(code)
                changes += [] if before else [(now_s, True)]
            elif kind == EV_KEY:
                self._down.discard(code)
                changes += [(now_s, False)] if before and not self._down else []
        return changes


def open_usb(wanted: str) -> UsbContact:
    """Open an input device for itself alone, so that its keys type nowhere else.

    Args:
        wanted: its path, best below /dev/input/by-id, or its name.

    Raises:
        ButtonLost: not there, not readable, without keys, or several of that name.
        MissingExtra: evdev is not installed.
    """
    try:
        import evdev
    except ImportError as error:
        raise MissingExtra("buttons", "evdev") from error
    path = wanted if wanted.startswith("/") else _path_of(wanted, evdev)
    try:
        device = evdev.InputDevice(path, readonly=True)
        with contextlib.closing(device):
            if evdev.ecodes.EV_KEY not in device.capabilities():
                raise ButtonLost(f"{path} ({device.name}) has no keys; choose another button_usb")
            device.grab()
            # The grab belongs to the open file, so it stays with the copy.
            return UsbContact(os.dup(device.fd), f"{device.name} at {path}", set(device.active_keys()))
    except OSError as error:
        raise ButtonLost(
            f"the USB button {path} cannot be read: {error}; plug it in, and let this user be in the group "
            "`input` (reachy-coach doctor tells)"
        ) from error


def _path_of(name: str, evdev: Any) -> str:
    found: dict[str, str] = {}
    for path in evdev.list_devices():
        with contextlib.suppress(OSError):
            device = evdev.InputDevice(path, readonly=True)
            found[path] = device.name
            device.close()
    paths = [path for path, other in found.items() if other.casefold() == name.casefold()]
    if len(paths) != 1:
        several = "several" if paths else "none"
        there = "; ".join(f"{path}: {other}" for path, other in found.items()) or "nothing that may be read"
        raise ButtonLost(f"USB button {name!r}: {several} of that name; there is {there}")
    return paths[0]
