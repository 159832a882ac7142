"""The supervisor: makes the eventfds, starts the table of processes, restarts what dies, ends everything."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import termios
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from robot_agent.config import AgentConfig
from robot_agent.frames import GuardState, frames_hash, size
from robot_agent.guard.latch_file import read_latch
from robot_agent.guard.machine import Latch
from robot_agent.notify import Notifier
from robot_agent.processes import LINES, TABLE, command, config_from
from robot_agent.selftest import may_arm
from robot_agent.ticking import Silence, Watchdog
from shared.child import die_with
from shared.ending import Ending
from shared.errors import CoachError, ConfigError
from shared.files import locked, write_atomic
from shared.slots import Slot

log = logging.getLogger("agent")

POLL_S = 0.05
BACKOFF_S = 0.1
BACKOFF_MAX_S = 5.0
HEALTHY_S = 10.0
"""Alive for this long: the next death starts again with the shortest pause."""
END_S = 3.0
ROBOT = "robot"
"""Name of the simulated robot's process."""
CAMERA = "camera"
"""Name of its camera's."""
END_LAST = ("link", ROBOT)
"""Ended one after the other when all others are gone: the guard brakes on a body that is still there, and its
last record goes to disk."""
MAX_SOCKET_PATH = 107
"""Bytes that Linux takes."""
IN_MEMORY = ("tmpfs", "ramfs")
"""File systems that never wait for a disk."""


@dataclass
class _Child:
    name: str
    arguments: list[str]
    inherited: tuple[int, ...]
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    next_start_s: float = 0.0
    backoff_s: float = BACKOFF_S


def run(config: AgentConfig) -> int:
    """Run the agent until SIGTERM or SIGINT; returns the exit code.

    Raises:
        AlreadyRunning: an agent with this robot id runs on this machine.
        ConfigError: its folders cannot be used.
    """
    runtime = config.runtime
    _make_folders(config)
    complaint = "an agent of this robot is running; stop it, or use another --robot-id"
    with locked(runtime.lock, complaint), _terminal_restored():
        _forget_other_lives(config)
        if config.arms_itself and not may_arm(config):
            config = replace(config, auto_arm=False)
        lines = {name: os.eventfd(0, os.EFD_NONBLOCK) for name in LINES}
        children = _children(config, lines)
        ending = Ending(signal.SIGTERM, signal.SIGINT)
        shown: dict[str, int] = {}
        states = Slot(runtime.state, size(GuardState), create=True)
        watched, silence = Watchdog(Notifier.from_env(), states), Silence(states, 2.0 * POLL_S)
        try:
            while not ending:
                for child in children:
                    _tend(child)
                watched.look(time.monotonic())
                _kill_if_hung(children, silence)
                pids = {child.name: child.process.pid for child in children if child.process is not None}
                if pids != shown:
                    write_atomic(runtime.processes, json.dumps(pids).encode())
                    shown = pids
                time.sleep(POLL_S)
        finally:
            watched.end()
            _end(children)
            runtime.processes.unlink(missing_ok=True)
            for line in lines.values():
                os.close(line)
    return 0


def _make_folders(config: AgentConfig) -> None:
    socket = config.runtime.stop_socket
    if len(os.fsencode(socket)) > MAX_SOCKET_PATH:
        raise ConfigError(f"{socket} is too long for a socket; choose a shorter --runtime-dir")
    for flag, folder in (("runtime", config.runtime.folder), ("data", config.state.folder)):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigError(f"{folder} cannot be made ({error}); choose another --{flag}-dir") from None
        if not os.access(folder, os.W_OK):
            raise ConfigError(f"{folder} cannot be written; choose another --{flag}-dir")
    if (found := file_system(config.runtime.folder)) not in IN_MEMORY:
        log.warning(
            "%s is on %s: the guard waits whenever that disk is busy (0.3 s have been seen); choose a "
            "--runtime-dir on tmpfs, for example below /dev/shm",
            config.runtime.folder,
            found,
        )


def file_system(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """The kind of file system on which a folder lies; `unknown` where the system does not tell."""
    kinds = {"/": "unknown"}
    with contextlib.suppress(OSError):
        kinds |= {row.split()[1]: row.split()[2] for row in mounts.read_text().splitlines()}
    folder = folder.resolve()
    return next(kinds[str(above)] for above in (folder, *folder.parents) if str(above) in kinds)


def _forget_other_lives(config: AgentConfig) -> None:
    """Empty the shared memory where it belongs to other state files than these, to ones that were removed, or
    to a version of this program with other frames.

    Records that wait there carry keys of another count of epochs, or cannot be read. The stop latch stays:
    only a release clears it. One that is clear is forgotten: whether this start may move is the guard's to
    say.
    """
    runtime, mark = config.runtime, config.runtime.folder / "belongs_to"
    owner = f"{config.state.folder}\n{frames_hash()}"
    same = mark.exists() and mark.read_text() == owner
    if not same or not config.state.epoch.exists():
        for path in (*runtime.folder.glob("*.slot"), *runtime.folder.glob("*.ring")):
            path.unlink()
    mark.write_text(owner)
    latch = read_latch(runtime.latch_file)
    if latch is not None and latch.latch is Latch.CLEAR:
        runtime.latch_file.unlink()


def _children(config: AgentConfig, lines: dict[str, int]) -> list[_Child]:
    children = [
        _Child(process.name, *command(process, config, lines)) for process in TABLE if process.needed(config)
    ]
    if config.body == "mujoco":
        robot = [sys.executable, "-m", "sim.robot", "--runtime-dir", str(config.runtime.folder)]
        children.insert(0, _Child(ROBOT, [*robot, "--speed", str(config.speed)], ()))
        if config.eyes == "camera":
            camera = [sys.executable, "-m", "sim.eye", "--runtime-dir", str(config.runtime.folder)]
            children.append(_Child(CAMERA, camera, ()))
    return children


def _tend(child: _Child) -> None:
    """Start what is not running and may be started now."""
    now = time.monotonic()
    if child.process is not None:
        code = child.process.poll()
        if code is None:
            return
        child.process = None
        if now - child.started_s > HEALTHY_S:
            child.backoff_s = BACKOFF_S
        log.warning("%s ended with %s; starting it again in %.1f s", child.name, code, child.backoff_s)
        child.next_start_s = now + child.backoff_s
        child.backoff_s = min(2.0 * child.backoff_s, BACKOFF_MAX_S)
    if now >= child.next_start_s:
        child.process = subprocess.Popen(
            child.arguments,
            pass_fds=child.inherited,
            env={**os.environ, **_THREADS},
            # Ctrl-C in a terminal reaches its foreground group: the guard must brake before the robot ends.
            process_group=0 if child.name == ROBOT else None,
            preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509  # this process has no threads
        )
        child.started_s = now


def _kill_if_hung(children: list[_Child], silence: Silence) -> None:
    """The body holds its last target meanwhile; a stop that was pressed waits for the guard that follows."""
    (guard,) = [child.process for child in children if child.name == "guard"]
    if silence.look(time.monotonic(), guard.pid if guard is not None else None) and guard is not None:
        guard.kill()
        log.error("the guard (pid %d) does not tick any more; killed it, to start it again", guard.pid)


_THREADS = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
"""Nine numbers at a time: a pool of threads would only cost."""


def _end(children: list[_Child]) -> None:
    """Ask all to end, then insist."""
    groups = [[child for child in children if child.name not in END_LAST]]
    groups += [[child for child in children if child.name == name] for name in END_LAST]
    for group in groups:
        running = [child.process for child in group if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + END_S
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def _terminal_restored() -> Any:
    """The process that reads the stop key may be killed with the terminal in its hands."""
    before = termios.tcgetattr(sys.stdin) if sys.stdin and sys.stdin.isatty() else None
    try:
        yield
    finally:
        if before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        sys.exit(run(config_from(json.loads(sys.argv[1]))))
    except CoachError as error:
        log.error("%s", error)
        sys.exit(error.exit_code)
