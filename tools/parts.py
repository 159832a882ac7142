"""Processes that belong together: started, watched and ended together, whatever ends first."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from shared.child import die_with
from shared.errors import CoachError

END_S = 8.0
COMMAND = (sys.executable, "-c", "from tools.cli import main; main()")
"""`reachy-coach`, run by this interpreter; its arguments follow."""


class Part:
    """One process with its log."""

    def __init__(self, name: str, arguments: list[str], log: Path) -> None:
        self.name, self.log = name, log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which ends its parts in order
                preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509  # before any thread begins
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def ended(self) -> bool:
        """True once the process is gone."""
        return self._process.poll() is not None

    def ask_to_end(self) -> None:
        """SIGTERM."""
        if not self.ended():
            self._process.send_signal(signal.SIGTERM)

    def end(self, deadline_s: float | None = None) -> None:
        """Ask, wait, then insist."""
        self.ask_to_end()
        left = END_S if deadline_s is None else max(0.0, deadline_s - time.monotonic())
        try:
            self._process.wait(left)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """The end of its log, for an error message."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return f"{lines[-1] if lines else 'it said nothing'} (log: {self.log})"


class Parts:
    """Several processes; ends them in the reverse order of their start."""

    def __init__(self, logs: Path) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._logs = logs
        self._parts: dict[str, Part] = {}

    def start(self, name: str, arguments: list[str]) -> Part:
        """Start `reachy-coach <arguments>` with its output in `<logs>/<name>.log`."""
        return self.start_program(name, [*COMMAND, *arguments])

    def start_program(self, name: str, arguments: list[str]) -> Part:
        """Start any program with its output in `<logs>/<name>.log`."""
        part = self._parts[name] = Part(name, arguments, self._logs / f"{name}.log")
        return part

    def raise_if_ended(self, error: type[CoachError] = CoachError) -> None:
        """All parts still run.

        Raises:
            error: one does not; says which, and its last words.
        """
        for part in self:
            if part.ended():
                raise error(f"the {part.name} ended: {part.last_words()}")

    def __iter__(self) -> Iterator[Part]:
        return iter(self._parts.values())

    def __getitem__(self, name: str) -> Part:
        return self._parts[name]

    def __enter__(self) -> Parts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        deadline_s = time.monotonic() + END_S
        for part in reversed(list(self)):
            with contextlib.suppress(OSError):
                part.end(deadline_s)


def get_json(url: str, timeout_s: float = 5.0) -> Any:
    """GET an answer of our own API.

    Raises:
        OSError: no answer, or not a good one.
    """
    with urllib.request.urlopen(url, timeout=timeout_s) as answer:  # noqa: S310  # http to our own process
        return json.load(answer)


def lan_address() -> str:
    """This machine's address on its network, as a phone would need it; 127.0.0.1 without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # documentation range: picks a route, sends nothing
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
