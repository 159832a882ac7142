"""The stop at the robot: a Unix socket and the space bar, in a process of their own that needs nobody else.

One line in, one JSON line out: `stop` latches, `release` clears the latch, `resume` allows motion, `status`
asks. `supervise` keeps the connection: whoever sent it watches the robot, says so with an empty line each
second, and is missed if the connection ends or falls silent without a `farewell`. The socket's folder is
readable by this user only; the network never comes here.
"""

from __future__ import annotations

import contextlib
import itertools
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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robot_agent.confirmation import Guard, stopped_by, wait_latched
from robot_agent.files import RuntimeFiles
from robot_agent.frames import GuardState, Mode
from robot_agent.sources.watch import BEAT_S, SILENCE_S, Watchers
from shared.errors import AlreadyRunning, BodyError

COMMANDS = ("stop", "release", "resume", "status", "supervise")
FAREWELL = b"farewell"
MAX_LINE = 64
ANSWER_TIMEOUT_S = 1.0
CLIENT_SILENCE_S = 2.0
STOP_KEYS = (b" ",)
LATCHED = (Mode.STOPPED, Mode.FAULT)


class StopDesk:
    """Turns words into events and answers with what became of them."""

    def __init__(self, runtime: RuntimeFiles, lines: Mapping[str, int]) -> None:
        self._lines = lines
        self._guard = Guard(runtime)

    def answer(self, line: bytes, source: str = "socket") -> dict[str, Any]:
        """The answer to one line; never raises on what it is given. `source`: who says it."""
        word = line.strip().decode("ascii", "replace")
        if word not in COMMANDS:
            return {"ok": False, "error": f"{word[:MAX_LINE]!r} is not one of {', '.join(COMMANDS)}"}
        begun = time.monotonic()
        line_name = f"stop_{source}" if word == "stop" else word
        if line_name in self._lines:
            os.eventfd_write(self._lines[line_name], 1)
        if word == "stop":
            return self._stopped(begun)
        # Modes that the word leads out of.
        leaves = {"release": LATCHED, "resume": (Mode.DISARMED,)}.get(word, ())
        state = self._guard.state()
        while state is not None and state.mode in leaves and time.monotonic() - begun < ANSWER_TIMEOUT_S:
            state = self._guard.state()
        if state is None:
            error = "the guard does not tick; the agent starts it again by itself"
            return {"ok": False, "state": "no guard", "error": error}
        answer: dict[str, Any] = {"ok": True, "state": Mode(state.mode).name, **_reason(state)}
        if state.mode in leaves or (word == "resume" and state.mode in LATCHED):
            held = "it was stopped again at once" if word == "release" else "release it first"
            hint = f"{held}; {_said(state)}" if state.mode in LATCHED else "ask again"
            answer |= {"ok": False, "error": f"{word} was not followed by the guard: {hint}"}
        return answer

    def _stopped(self, begun: float) -> dict[str, Any]:
        took_s = wait_latched(self._guard.latches, begun, ANSWER_TIMEOUT_S)
        if took_s is not None:
            state = self._guard.state()
            reason = _reason(state) if state is not None else {}
            return {"ok": True, "state": Mode.STOPPED.name, "latched_ms": took_s * 1e3, **reason}
        # The event waits in the kernel: a guard that is being started latches before its first setpoint.
        return {"ok": False, "error": "the guard has not confirmed; it latches as soon as it runs"}


def _reason(state: GuardState) -> dict[str, Any]:
    """Why it is stopped, where it is."""
    if state.mode not in LATCHED:
        return {}
    found = {"stopped_by": state.stop_source, "fault": state.fault, "limp": state.limp}
    return {name: value for name, value in found.items() if value}


def _said(state: GuardState) -> str:
    return state.fault if state.fault else f"stopped by {stopped_by(state.stop_source)}"


def run(runtime: RuntimeFiles, lines: Mapping[str, int]) -> int:
    """Serve until the process is ended."""
    desk = StopDesk(runtime, lines)
    watchers = Watchers(runtime.watched("socket"), lambda: os.eventfd_write(lines["stop_supervisor"], 1))
    numbers = itertools.count(1)
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
                        arguments = (connection, desk, watchers, f"shell {next(numbers)}")
                        threading.Thread(target=_serve, args=arguments, daemon=True).start()
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
    path.chmod(0o660)  # whoever may enter the folder
    listener.listen(8)
    return listener


def ask(path: Path, word: str) -> dict[str, Any]:
    """Send one word to a running agent and return its answer.

    Raises:
        BodyError: no agent answers there.
    """
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(ANSWER_TIMEOUT_S + CLIENT_SILENCE_S)
            client.connect(str(path))
            client.sendall(word.encode() + b"\n")
            answer: dict[str, Any] = json.loads(client.makefile().readline() or "{}")
            return answer
    except (OSError, ValueError) as error:
        raise BodyError(f"no agent answers at {path} ({error}); is it running on this machine?") from error


def supervise(path: Path, ending: threading.Event) -> dict[str, Any]:
    """Watch the robot until `ending` is set, then say farewell; being killed in between stops the robot.

    Returns:
        The agent's last word.

    Raises:
        BodyError: no agent answers there, or it has ended.
    """
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(ANSWER_TIMEOUT_S + CLIENT_SILENCE_S)
            client.connect(str(path))
            answers = client.makefile()
            client.sendall(b"supervise\n")
            answer: dict[str, Any] = json.loads(answers.readline() or "{}")
            while answer.get("ok") and not ending.wait(BEAT_S):
                client.sendall(b"\n")
                answer = json.loads(answers.readline() or "{}")
            if answer.get("ok"):
                client.sendall(FAREWELL + b"\n")
                answer = json.loads(answers.readline() or "{}")
            return answer
    except (OSError, ValueError) as error:
        raise BodyError(f"no agent answers at {path} ({error}); is it running on this machine?") from error


def _serve(connection: socket.socket, desk: StopDesk, watchers: Watchers, name: str) -> None:
    """One line, or a watch; a client that sends nothing useful in time is told so and let go."""
    with connection, contextlib.suppress(OSError):
        connection.settimeout(CLIENT_SILENCE_S)
        line = _line(connection)
        if line.strip() == b"supervise":
            _watched(connection, desk, watchers, name)
            return
        _send(connection, desk.answer(line))


def _watched(connection: socket.socket, desk: StopDesk, watchers: Watchers, name: str) -> None:
    """Hear a watcher's beats until its farewell; anything else is its loss."""
    if not watchers.beat(name, time.monotonic()):
        _send(connection, {"ok": False, "error": f"{len(watchers)} watch already; let one of them leave"})
        return
    try:
        connection.settimeout(SILENCE_S)
        _send(connection, desk.answer(b"status") | {"ok": True})
        while (line := _line(connection)) == b"\n":
            _send(connection, desk.answer(b"status") | {"ok": True})
        if line.strip() == FAREWELL:
            watchers.leave(name)
            _send(connection, desk.answer(b"status") | {"ok": True})
    finally:
        watchers.lose(name)


def _line(connection: socket.socket) -> bytes:
    """What comes up to the end of a line; less if the time or the limit runs out first."""
    line = b""
    with contextlib.suppress(TimeoutError):
        while b"\n" not in line and len(line) <= MAX_LINE and (part := connection.recv(MAX_LINE)):
            line += part
    head, end, _ = line.partition(b"\n")
    return head + end


def _send(connection: socket.socket, answer: Mapping[str, Any]) -> None:
    connection.sendall(json.dumps(answer).encode() + b"\n")


def _key(desk: StopDesk) -> bool:
    """One key press; False when the terminal is gone."""
    try:
        key = os.read(sys.stdin.fileno(), 1)
    except OSError:
        return False
    if key in STOP_KEYS:
        answer = desk.answer(b"stop", "key")
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
