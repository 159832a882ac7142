"""A whole agent whose eventfds a bench holds, so that it can press, release and resume."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robot_agent.bundles import BundleFolder
from robot_agent.config import AgentConfig
from robot_agent.files import default_runtime_dir
from robot_agent.frames import GuardState, LatchState, Mode, size, unpack
from robot_agent.processes import LINES, TABLE, command
from robot_agent.rehearsal import REHEARSAL_KEY, RehearsalLearner, empty_task, random_bundle
from robot_agent.sources.usb import EV_KEY, EVENT
from shared.child import die_with
from shared.signing import trust
from shared.slots import Slot
from shared.spaces import TICK_S

START_S = 60.0
ANSWER_S = 2.0
"""A stop that has shown no effect for this long counts as missed."""
LOOK_S = 0.0002
NOMINAL_S = 0.003
"""A tick that is seen further than this from its beat was late, or the bench was."""
PRIORITY = 5
"""SCHED_FIFO priority of the bench itself, so that it sees in time what happens: below the agent's."""
MAX_QUEUED = 50
"""More than the wire has taken would only fill memory."""
USUAL = ("-m", "robot_agent.processes")
"""How the supervisor runs the processes."""
_KEY = 48


class Press(NamedTuple):
    """A press that stopped the robot."""

    source: str
    latch_s: float
    """From the press to the latch."""
    setpoint_s: float
    """From the press to the first setpoint of braking."""
    nominal: bool
    """The tick that braked came on its beat, as seen by a bench that was not kept from looking."""


class Rig:
    """The agent, its learner and a pedal, each in processes of their own.

    Args:
        folder: for everything it keeps.
        runtime: for shared memory and sockets; on tmpfs as in service, or they wait for the disk.
        program: what Python is to run for each process, before its name.
        policy: give it a policy and tasks.
        daemon_port: of the Reachy Mini daemon that is the body; if none is given, the body is MuJoCo's.
    """

    def __init__(
        self,
        folder: Path,
        runtime: Path,
        program: Sequence[str],
        policy: bool,
        daemon_port: int | None = None,
    ) -> None:
        self.blind_s = 0.0
        """Longest time for which the machine did not let the bench look, though it asked to every 0.2 ms."""
        self._policy = policy
        # In a process of its own: what it does must not keep the bench's clock waiting.
        self._learner = subprocess.Popen(
            [sys.executable, "-m", "robot_agent.bench_rig", str(folder), "tasks" if policy else "calm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        port = int(self._hear())
        config = AgentConfig(robot_id="bench", data_dir=folder, runtime_dir=runtime, page_port=_port())
        config = replace(config, learner=f"127.0.0.1:{port}")
        config = replace(config, learner_key=str(folder / "learner.pub"))
        if daemon_port is not None:  # whoever measures on it is there
            config = replace(config, body="reachy", daemon_port=daemon_port, auto_arm=True)
        self.config = replace(config, page_host="127.0.0.1")
        self.config.runtime.folder.mkdir(parents=True, mode=0o700)
        trust(self.config.state.signers, "bench", REHEARSAL_KEY.public)
        if policy:
            BundleFolder(self.config.state.bundles).keep(1, random_bundle(1))
        self.lines = {name: os.eventfd(0, os.EFD_NONBLOCK) for name in LINES}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        if daemon_port is None:
            self._start("robot", [sys.executable, "-m", "sim.robot", "--runtime-dir", str(runtime)], ())
        self._commands: dict[str, tuple[list[str], Sequence[int]]] = {}
        for row in TABLE:
            if row.needed(self.config):
                arguments, held = command(row, self.config, self.lines)
                self._commands[row.name] = [sys.executable, *program, *arguments[3:]], held
                self.start(row.name)
        reader, self._pedal = os.pipe()
        line = self.lines["stop_usb"]
        pedal = [sys.executable, "-m", "robot_agent.bench_stop", "pedal", str(reader), str(line)]
        self._start("pedal", pedal, (reader, line))
        self._latches = Slot(self.config.runtime.latch, size(LatchState), create=True)
        self.states = Slot(self.config.runtime.state, size(GuardState), create=True)
        """The guard's."""
        self.presses: dict[str, Callable[[], None]] = {
            "pedal": self._press_pedal,
            "socket": self._press_socket,
            "page": self._press_page,
        }

    def wait_ready(self) -> None:
        """Wait until the robot may move, or decides if it has a policy, and can be stopped.

        Raises:
            TimeoutError: not within a minute.
        """
        if self._policy:
            self._hear()
        deadline = time.monotonic() + START_S
        while not (self._armed() and self._answers(self._ask_page) and self._answers(self._ask_socket)):
            if time.monotonic() > deadline:
                raise TimeoutError("the agent's guard, page or socket did not come up within a minute")
            time.sleep(0.05)

    def start(self, name: str) -> None:
        """Start a process of the table; also again, once it has ended."""
        self._start(name, *self._commands[name])

    def end(self, name: str) -> None:
        """End a process of the table as the supervisor does."""
        process = self.processes[name]
        process.terminate()
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def flood(self) -> None:
        """Have the learner send as much as the wire takes, from now on."""
        assert self._learner.stdin is not None
        self._learner.stdin.write("flood\n")
        self._learner.stdin.flush()

    def state(self) -> GuardState:
        """What the guard published last."""
        found = self.states.read()
        assert found is not None
        return unpack(GuardState, found[1])

    def free(self) -> None:
        """Release and resume, and wait until the robot may move.

        Raises:
            TimeoutError: it does not follow.
        """
        for line, left in (("release", (Mode.STOPPED,)), ("resume", (Mode.STOPPED, Mode.DISARMED))):
            os.eventfd_write(self.lines[line], 1)
            deadline = time.monotonic() + ANSWER_S
            while self.state().mode in left:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the guard did not follow {line}: {Mode(self.state().mode).name}")
                time.sleep(0.002)

    def press(self, source: str, after_s: float) -> Press | None:
        """Stop the robot, so long after a tick; None if the press was missed."""
        seq, beat_s, blind_s = self.states.seq(), time.monotonic(), 0.0
        while self.states.seq() == seq and time.monotonic() - beat_s < ANSWER_S:
            time.sleep(LOOK_S)
        beat_s = time.monotonic()
        time.sleep(after_s)
        seq, pressed_s = self.states.seq(), time.monotonic()
        self.presses[source]()
        latched_s = braked_s = 0.0
        looked_s = pressed_s
        while not (latched_s and braked_s):
            now = time.monotonic()
            blind_s, looked_s = max(blind_s, now - looked_s), now
            if not latched_s and (found := self._latches.read()) is not None:
                latch = unpack(LatchState, found[1])
                latched_s = latch.time_s if latch.latched and latch.time_s >= pressed_s else 0.0
            if not braked_s and self.states.seq() != seq:
                seq = self.states.seq()
                braked_s = now if self.state().mode == Mode.STOPPED else 0.0
            if now - pressed_s > ANSWER_S:
                return None
            time.sleep(LOOK_S)
        self.blind_s = max(self.blind_s, blind_s)
        off_s = (braked_s - beat_s + TICK_S / 2) % TICK_S - TICK_S / 2
        nominal = blind_s < NOMINAL_S and abs(off_s) < NOMINAL_S
        return Press(source, latched_s - pressed_s, braked_s - pressed_s, nominal)

    def close(self) -> None:
        """End everything, the robot last."""
        for name in reversed(self.processes):
            process = self.processes[name]
            process.send_signal(signal.SIGCONT)
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5.0)
            process.kill()
            process.wait()
        self._learner.kill()
        self._learner.communicate()
        for line in (*self.lines.values(), self._pedal):
            os.close(line)

    def _start(self, name: str, arguments: list[str], held: Sequence[int]) -> None:
        quiet = subprocess.DEVNULL
        self.processes[name] = subprocess.Popen(
            arguments,
            pass_fds=tuple(held),
            stdin=quiet,
            stdout=quiet,
            stderr=quiet,
            preexec_fn=partial(die_with, os.getpid()),  # noqa: PLW1509  # this process has no threads
        )
        for fd in held:
            if fd not in self.lines.values():
                os.close(fd)

    def _hear(self) -> str:
        """The learner's next line.

        Raises:
            TimeoutError: none within a minute.
        """
        assert self._learner.stdout is not None
        if not select.select([self._learner.stdout], [], [], START_S)[0]:
            raise TimeoutError("the agent did not begin to decide within a minute")
        return self._learner.stdout.readline()

    def _armed(self) -> bool:
        found = self.states.read()
        return found is not None and unpack(GuardState, found[1]).mode in (Mode.ACTIVE, Mode.SAFE_HOLD)

    def _press_pedal(self) -> None:
        os.write(self._pedal, EVENT.pack(0, 0, EV_KEY, _KEY, 1) + EVENT.pack(0, 0, EV_KEY, _KEY, 0))

    def _press_socket(self) -> None:
        self._ask_socket(b"stop\n").close()

    def _press_page(self) -> None:
        address = ("127.0.0.1", self.config.page_port)
        with socket.create_connection(address, ANSWER_S) as client:
            client.sendall(b"POST /stop HTTP/1.1\r\nHost: robot\r\nContent-Length: 0\r\n\r\n")

    def _ask_socket(self, word: bytes = b"status\n") -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(ANSWER_S)
        client.connect(str(self.config.runtime.stop_socket))
        client.sendall(word)
        return client

    def _ask_page(self) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.config.page_port, timeout=ANSWER_S)
        connection.request("GET", "/state")
        return connection.getresponse()

    @staticmethod
    def _answers(ask: Callable[[], object]) -> bool:
        try:
            ask()
        except OSError:
            return False
        return True


@contextlib.contextmanager
def rig(program: Sequence[str] = USUAL, policy: bool = True, daemon_port: int | None = None) -> Iterator[Rig]:
    """An agent that decides; ended with the block."""
    with in_memory() as runtime, tempfile.TemporaryDirectory(prefix="reachy-coach-bench-") as name:
        made = Rig(Path(name), runtime, program, policy, daemon_port)
        try:
            made.wait_ready()
            yield made
        finally:
            made.close()


@contextlib.contextmanager
def in_memory() -> Iterator[Path]:
    """A runtime folder where an agent in service has its own; removed with the block."""
    folder = default_runtime_dir(f"bench-{os.getpid()}")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def in_time() -> Iterator[str]:
    """A real-time priority for the bench's clock, where the machine allows one; not for its children."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except OSError:
        yield "ordinary: what it reads late counts as the robot's delay"
        return
    try:
        yield f"real-time {PRIORITY}"
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def percentiles(seconds: Sequence[float], name: str) -> dict[str, float]:
    """`<name>_p50_ms` and so on; nothing of nothing."""
    if not seconds:
        return {}
    ms = np.asarray(seconds) * 1e3
    marks = {"p50": 50.0, "p99": 99.0, "p99_9": 99.9, "max": 100.0}
    return {f"{name}_{mark}_ms": round(float(np.percentile(ms, at)), 2) for mark, at in marks.items()}


def _port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def learn(folder: Path, tasks: bool) -> None:
    """A learner as a process: says its port, then that the robot decides; asked to, it floods the wire."""
    episodes = itertools.count()
    learner = RehearsalLearner(
        folder / "learner.key",
        tasks=(lambda: empty_task(f"e{next(episodes)}", max_decisions=15)) if tasks else None,
    )
    print(learner.port, flush=True)
    if tasks and learner.wait(lambda: len(learner.records) >= 2, START_S):
        print("decides", flush=True)
    if not sys.stdin.readline():
        return
    while True:
        for number in range(max(0, MAX_QUEUED - learner.queued)):
            learner.send(empty_task(f"flood{number}"))
            learner.send_raw(os.urandom(20_000))
        time.sleep(0.002)


if __name__ == "__main__":
    learn(Path(sys.argv[1]), sys.argv[2] == "tasks")
