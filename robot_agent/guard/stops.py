"""The latched stop: set at once by an event, kept on tmpfs at once and on disk a moment later.

Whoever may stop the robot holds the stop eventfd; whoever may release or resume it holds those. The link to
the network is given the first and never the others, so the network cannot clear a stop even if taken over.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from robot_agent.frames import LatchState, pack
from robot_agent.guard.machine import Event, Latch, latch_after
from shared.files import write_atomic
from shared.slots import Slot

log = logging.getLogger("latch")


@dataclass(frozen=True)
class StopLines:
    """File descriptors of the eventfds by which events reach the guard."""

    stop: int
    release: int
    resume: int


class StopLatch:
    """The latch and the thread that waits for its events.

    Args:
        now: the latch's file on tmpfs; wins where it exists.
        later: its file on disk, for after a reboot.
        slot: where the latch is shown to other processes.
        lines: eventfds.
    """

    def __init__(self, now: Path, later: Path, slot: Slot, lines: StopLines) -> None:
        self._now, self._later, self._slot, self._lines = now, later, slot, lines
        self._value = _read(now if now.exists() else later)
        self._requests = 0
        self._time_s = time.monotonic()
        self._stop_thread = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="latch", daemon=True)
        self._take()
        self._show()

    @property
    def value(self) -> Latch:
        """Where the latch stands now."""
        return self._value

    def start(self) -> None:
        """Begin to wait for events."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        os.eventfd_write(self._stop_thread, 1)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        poll = select.poll()
        for line in (self._lines.stop, self._lines.release, self._lines.resume, self._stop_thread):
            poll.register(line, select.POLLIN)
        while not any(fd == self._stop_thread for fd, _ in poll.poll()):
            self._take()

    def _take(self) -> None:
        """Take what has arrived; a stop that arrives together with its release wins."""
        before = self._value
        events = [
            event
            for event, line in (
                (Event.RELEASE, self._lines.release),
                (Event.RESUME, self._lines.resume),
                (Event.STOP, self._lines.stop),
            )
            if _ring(line)
        ]
        for event in events:
            self._value = latch_after(self._value, event)
        if Event.STOP in events:
            self._requests += 1
            self._time_s = time.monotonic()
        if not events:
            return
        if self._value is before:
            self._show()
            return
        with _still_in_force(self._value):
            self._now.write_text(self._value.name)
        self._show()
        with _still_in_force(self._value):
            write_atomic(self._later, self._value.name.encode())

    def _show(self) -> None:
        state = LatchState(self._value is Latch.STOPPED, self._requests, self._time_s, os.getpid())
        self._slot.write(pack(state))


@contextlib.contextmanager
def _still_in_force(value: Latch) -> Iterator[None]:
    """A full disk must not cost the next stop: the thread that waits for it goes on."""
    try:
        yield
    except OSError as error:
        log.error("the latch is %s, but may not be so after a restart: %s", value.name, error)


def _ring(line: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        return os.eventfd_read(line) > 0
    return False


def _read(path: Path) -> Latch:
    """A latch file that cannot be read counts as a stop."""
    try:
        return Latch[path.read_text().strip()]
    except FileNotFoundError:
        return Latch.CLEAR
    except (KeyError, OSError, UnicodeDecodeError):
        return Latch.STOPPED
