"""The stop at the robot: a Unix socket and the space bar, in a process of their own that needs nobody else.

One line in, one JSON line out: `stop` latches, `release` clears the latch, `resume` allows motion, `status`
asks. The socket's folder is readable by this user only; the network never comes here.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import stat
import sys
import termios
import threading
import time
import tty
from dataclasses import asdict
from pathlib import Path
from typing import Any

from robot_agent.confirmation import wait_latched
from robot_agent.files import RuntimeFiles
from robot_agent.frames import GuardState, LatchState, Mode, size, unpack
from robot_agent.guard.stops import StopLines
from shared.errors import AlreadyRunning, BodyError
from shared.slots import Slot

COMMANDS = ("stop", "release", "resume", "status")
MAX_LINE = 64
ANSWER_TIMEOUT_S = 1.0
SILENCE_S = 2.0
GUARD_SILENT_S = 0.5
"""A guard that has not ticked for this long is not there, whatever it said last."""
STOP_KEYS = (b" ",)


class StopDesk:
    """Turns words into events and answers with what became of them."""

    def __init__(self, runtime: RuntimeFiles, lines: StopLines) -> None:
        self._lines: dict[str, int] = asdict(lines)
        self._states = Slot(runtime.state, size(GuardState), create=True)
        self._latches = Slot(runtime.latch, size(LatchState), create=True)

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one line; never raises on what it is given."""
        word = line.strip().decode("ascii", "replace")
        if word not in COMMANDS:
            return {"ok": False, "error": f"{word[:MAX_LINE]!r} is not one of {', '.join(COMMANDS)}"}
        begun = time.monotonic()
        if word in self._lines:
            os.eventfd_write(self._lines[word], 1)
        if word == "stop":
            return self._stopped(begun)
        wanted = {"release": Mode.STOPPED, "resume": Mode.DISARMED}.get(word)
        while wanted is not None and self._mode() == wanted and time.monotonic() - begun < ANSWER_TIMEOUT_S:
            time.sleep(0.005)
        mode = self._mode()
        ok = mode is not None and mode != wanted and not (word == "resume" and mode == Mode.STOPPED)
        answer: dict[str, Any] = {"ok": ok, "state": mode.name if mode is not None else "no guard"}
        if mode is None:
            answer["error"] = "the guard does not tick; the agent starts it again by itself"
        elif not ok:
            hint = "release it first" if mode == Mode.STOPPED else "ask again"
            answer["error"] = f"{word} was not followed by the guard; {hint}"
        return answer

    def _stopped(self, begun: float) -> dict[str, Any]:
        took_s = wait_latched(self._latches, begun, ANSWER_TIMEOUT_S)
        if took_s is not None:
            return {"ok": True, "state": Mode.STOPPED.name, "latched_ms": took_s * 1e3}
        # The event waits in the kernel: a guard that is being started latches before its first setpoint.
        return {"ok": False, "error": "the guard has not confirmed; it latches as soon as it runs"}

    def _mode(self) -> Mode | None:
        """The guard's mode after its next tick; None if there is none."""
        seq, begun = self._states.seq(), time.monotonic()
        while self._states.seq() == seq:
            if time.monotonic() - begun > GUARD_SILENT_S:
                return None
            time.sleep(0.002)
        found = self._states.read()
        return Mode(unpack(GuardState, found[1]).mode) if found else None


def run(runtime: RuntimeFiles, lines: StopLines) -> int:
    """Serve until the process is ended."""
    desk = StopDesk(runtime, lines)
    listener = listen(runtime.stop_socket)
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        keys = _watch_keys(selector)
        with keys:
            while True:
                for key, _ in selector.select():
                    if key.fileobj is listener:
                        connection, _ = listener.accept()
                        # A client that says nothing must not keep the next one from stopping the robot.
                        threading.Thread(target=_serve, args=(connection, desk), daemon=True).start()
                    elif not _key(desk):
                        selector.unregister(key.fileobj)


def listen(path: Path) -> socket.socket:
    """A listening socket at `path`; takes the place of one that a dead process left.

    Raises:
        AlreadyRunning: somebody answers there, or a file that is no socket is in the way.
    """
    if path.exists():
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise AlreadyRunning(f"{path} is in the way and is no socket; remove it")
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(path)) == 0:
                raise AlreadyRunning(f"another agent answers at {path}; stop it, or use another --robot-id")
        path.unlink()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(8)
    return listener


def ask(path: Path, word: str) -> dict[str, Any]:
    """Send one word to a running agent and return its answer.

    Raises:
        BodyError: no agent answers there.
    """
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(ANSWER_TIMEOUT_S + SILENCE_S)
            client.connect(str(path))
            client.sendall(word.encode() + b"\n")
            answer: dict[str, Any] = json.loads(client.makefile().readline() or "{}")
            return answer
    except (OSError, ValueError) as error:
        raise BodyError(f"no agent answers at {path} ({error}); is it running on this machine?") from error


def _serve(connection: socket.socket, desk: StopDesk) -> None:
    """One line; a client that sends nothing useful in time is told so and let go."""
    with connection, contextlib.suppress(OSError):
        connection.settimeout(SILENCE_S)
        line = b""
        with contextlib.suppress(TimeoutError):
            while b"\n" not in line and len(line) <= MAX_LINE and (part := connection.recv(MAX_LINE)):
                line += part
        answer = desk.answer(line.split(b"\n")[0])
        connection.sendall(json.dumps(answer).encode() + b"\n")


def _key(desk: StopDesk) -> bool:
    """One key press; False when the terminal is gone."""
    try:
        key = os.read(sys.stdin.fileno(), 1)
    except OSError:
        return False
    if key in STOP_KEYS:
        answer = desk.answer(b"stop")
        print("STOPPED" if answer["ok"] else answer["error"], file=sys.stderr, flush=True)
    return key != b""


@contextlib.contextmanager
def _raw_terminal() -> Any:
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


def _watch_keys(selector: selectors.BaseSelector) -> contextlib.AbstractContextManager[Any]:
    if sys.stdin is None or sys.stdin.closed or not sys.stdin.isatty():
        return contextlib.nullcontext()
    if os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp():
        return contextlib.nullcontext()
    selector.register(sys.stdin, selectors.EVENT_READ)
    return _raw_terminal()
