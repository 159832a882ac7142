"""The latched stop: set at once by an event, kept on tmpfs at once and on disk a moment later.

Whoever may stop the robot holds a stop eventfd of its own; whoever may release, resume or slacken it holds
those. The link to the network is given the first and never the others, so the network cannot clear a stop
even if taken over. The disk is written by a thread of its own: one that stalls delays nothing else.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from robot_agent.frames import LatchState, pack
from robot_agent.guard.latch_file import read_latch, to_bytes
from robot_agent.guard.machine import STANDING, STOP_SOURCES, Event, Latch, Latched, latch_after
from shared.files import write_atomic
from shared.slots import Slot

log = logging.getLogger("latch")

UNCLEAN_BOOT = "unclean boot"
"""Source of the stop with which the robot comes up after a power cut."""
DISK_WAIT_S = 3.0
"""The end waits this long for a disk that stalls; the latch on tmpfs is written whatever it does."""


@dataclass(frozen=True)
class StopLines:
    """Eventfds by which events reach the guard."""

    stops: Mapping[str, int]
    """By source."""
    release: int
    resume: int
    limp: int

    @classmethod
    def of(cls, lines: Mapping[str, int]) -> StopLines:
        """From the supervisor's lines by name."""
        stops = {source: lines[f"stop_{source}"] for source in STOP_SOURCES}
        return cls(stops, lines["release"], lines["resume"], lines["limp"])


class StopLatch:
    """The latch and the threads that wait for its events and keep it on disk.

    Args:
        now: the latch's file on tmpfs; wins where it exists.
        later: its file on disk, for after a reboot.
        slot: where the latch is shown to other processes.
        lines: eventfds.
        armed: a robot that was switched on may move without somebody's `resume`.
        unclean: the machine lost its power under the last guard: begin stopped.
    """

    def __init__(
        self,
        now: Path,
        later: Path,
        slot: Slot,
        lines: StopLines,
        *,
        armed: bool = True,
        unclean: bool = False,
    ) -> None:
        self._now, self._later, self._slot, self._lines = now, later, slot, lines
        kept, saved = read_latch(now), read_latch(later)
        self._value = _first(kept, saved, armed, unclean)
        self._requests = 0
        self._time_s = time.monotonic()
        self._lock = threading.Lock()
        self._end_line = os.eventfd(0)
        self._thread = threading.Thread(target=self._run, name="latch", daemon=True)
        self._to_disk = threading.Condition()
        self._unsaved: Latched | None = None
        self._problem = ""
        self._ending = False
        self._disk = threading.Thread(target=self._keep, name="latch-disk", daemon=True)
        if self._value != kept:
            self._remember(self._value)
        elif self._value != saved:
            self._unsaved = self._value  # the last guard was killed before the disk had it
        self._show()
        self._take()

    @property
    def value(self) -> Latched:
        """Where the latch stands now."""
        return self._value

    def start(self) -> None:
        """Begin to wait for events."""
        self._disk.start()
        self._thread.start()

    def fault(self, text: str) -> None:
        """Latch a fault: something is broken, in words."""
        self._happen([(Event.FAULT, text)])

    def close(self) -> None:
        """End the threads; the disk gets a moment to take what it has not yet."""
        os.eventfd_write(self._end_line, 1)
        if self._thread.is_alive():
            self._thread.join()
        with self._to_disk:
            self._ending = True
            self._to_disk.notify()
        if self._disk.is_alive():
            self._disk.join(DISK_WAIT_S)

    def _run(self) -> None:
        poll = select.poll()
        lines = self._lines
        for line in (*lines.stops.values(), lines.release, lines.resume, lines.limp, self._end_line):
            poll.register(line, select.POLLIN)
        while not any(fd == self._end_line for fd, _ in poll.poll()):
            self._take()

    def _take(self) -> None:
        """Take what has arrived; a stop that arrives together with its release wins."""
        lines = self._lines
        events = [
            (event, "")
            for event, line in ((Event.RELEASE, lines.release), (Event.RESUME, lines.resume))
            if _ring(line)
        ]
        events += [(Event.STOP, source) for source, line in lines.stops.items() if _ring(line)]
        events += [(Event.LIMP, "")] if _ring(lines.limp) else []
        if events:
            self._happen(events)

    def _happen(self, events: list[tuple[Event, str]]) -> None:
        with self._lock:
            before = self._value
            value = before
            for event, reason in events:
                value = latch_after(value, event, reason)
            self._value = value
            if any(event is Event.STOP for event, _ in events):
                self._requests += 1
                self._time_s = time.monotonic()
            if value != before:
                self._remember(value)
            self._show()

    def _remember(self, value: Latched) -> None:
        """On tmpfs now. On disk, and in the log, by a thread that may hang: nothing waits for it."""
        problem = _saved(Path.write_bytes, self._now, value)
        with self._to_disk:
            self._unsaved, self._problem = value, problem
            self._to_disk.notify()

    def _keep(self) -> None:
        """Put the newest latch on disk, and again whenever it changes."""
        while True:
            with self._to_disk:
                while self._unsaved is None and not self._ending:
                    self._to_disk.wait()
                value, problem, self._unsaved = self._unsaved, self._problem, None
            if value is None:
                return
            problem = _saved(write_atomic, self._later, value) or problem
            log.warning("latch: %s%s", value.latch.name, _because(value))
            if problem:
                log.error("the latch is %s, but may not be so after a restart: %s", value.latch.name, problem)

    def _show(self) -> None:
        value = self._value
        state = LatchState(
            value.latch in STANDING, self._requests, self._time_s, os.getpid(), value.source, value.fault
        )
        self._slot.write(pack(state))


def _first(now: Latched | None, later: Latched | None, armed: bool, unclean: bool) -> Latched:
    """What the latch begins with: a stop that is kept anywhere stays."""
    value = now or later or Latched()
    if value.latch in STANDING:
        # After a reboot the motors are as the body's own software left them.
        return replace(value, limp=now is not None and now.limp)
    if unclean:
        return Latched(Latch.STOPPED, UNCLEAN_BOOT)
    if now is None and not armed:
        return Latched(Latch.RELEASED)
    return value


def _because(value: Latched) -> str:
    words = value.source or value.fault
    return f" ({words}{', motors off' if value.limp else ''})" if words else ""


def _saved(save: Callable[[Path, bytes], object], path: Path, value: Latched) -> str:
    """Write the file; what kept it from being written, in words. A full disk must not cost the next stop."""
    try:
        save(path, to_bytes(value))
    except OSError as error:
        return str(error)
    return ""


def _ring(line: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        return os.eventfd_read(line) > 0
    return False
