"""Kill -9 of every process of a running agent on the MuJoCo body: it comes back and loses nothing."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from robot_agent.config import AgentConfig
from robot_agent.processes import settings
from robot_agent.rehearsal import REHEARSAL_KEY, RehearsalLearner, empty_task, random_bundle
from robot_agent.stop_socket import ask
from shared.control.limits import LIMITS
from shared.signing import trust
from shared.simlink import STATE_SIZE, STATE_SLOT, TARGET_SIZE, TARGET_SLOT, unpack_state, unpack_target
from shared.slots import Slot
from shared.spaces import TICK_S


class Watch:
    """Sees every target that is written to the simulated robot, by polling its slot."""

    def __init__(self, folder: Path) -> None:
        self._slot = Slot(folder / TARGET_SLOT, TARGET_SIZE, create=True)
        self.seen: list[tuple[float, int, np.ndarray]] = []
        self._ending = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        last = 0
        while not self._ending:
            if self._slot.seq() != last and (found := self._slot.read()) is not None:
                last = found[0]
                self.seen.append((time.monotonic(), last, unpack_target(found[1])[0]))
            time.sleep(0.002)

    def close(self) -> None:
        self._ending = True
        self._thread.join()

    def worst_jump(self) -> float:
        """Largest step between targets, as a share of what the speed limits allow in that many ticks."""
        worst = 0.0
        for (_, a, before), (_, b, after) in itertools.pairwise(self.seen):
            worst = max(worst, float((np.abs(after - before) / ((b - a) * LIMITS.vel * TICK_S)).max()))
        return worst


class Agent:
    """A whole agent as a person would start it, with a learner that acknowledges."""

    def __init__(self, folder: Path, body: str) -> None:
        self.folder = folder
        number = itertools.count()
        self.tasks = lambda: empty_task(f"e{next(number)}", max_decisions=6)
        self.learner = RehearsalLearner(folder / "learner.key", tasks=self.tasks)
        self.config = AgentConfig(
            robot_id="r1",
            body=body,
            learner=f"127.0.0.1:{self.learner.port}",
            learner_key=str(folder / "learner.pub"),
            data_dir=folder / "data",
            runtime_dir=folder / "run",
        )
        trust(self.config.state.signers, "rehearsal", REHEARSAL_KEY.public)
        self.log = (folder / "agent.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "robot_agent.main", settings(self.config)],
            stderr=self.log,
            stdin=subprocess.DEVNULL,
        )

    def pids(self) -> dict[str, int]:
        try:
            return json.loads(self.config.runtime.processes.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def kill(self, name: str) -> int:
        pid = self.pids()[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait(self, condition, about: str, timeout_s: float = 30.0) -> None:
        assert self.learner.wait(condition, timeout_s), (
            f"{about}\n{(self.folder / 'agent.log').read_text()[-3000:]}"
        )

    def decisions(self, more: int = 2) -> None:
        """Wait for further decisions to be acknowledged."""
        before = len(self.learner.records)
        self.wait(lambda: len(self.learner.records) >= before + more, "no further decisions arrived")

    def close(self) -> dict[str, int]:
        pids = self.pids()
        self.process.terminate()
        code = self.process.wait(15.0)
        self.learner.close()
        self.log.close()
        assert code == 0, (self.folder / "agent.log").read_text()[-3000:]
        return pids


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def agent(tmp_path):
    made = Agent(tmp_path, "mujoco")
    made.wait(
        lambda: made.learner.status, "no status"
    )  # the supervisor has renewed the shared memory by then
    watch = Watch(made.config.runtime.folder)
    yield made, watch
    watch.close()
    if made.process.poll() is None:
        pids = made.close()
        assert not any(alive(pid) for pid in pids.values()), "something keeps running"


@pytest.mark.alone
def test_every_process_may_be_killed_and_nothing_acknowledged_is_lost(agent):
    robot, watch = agent
    robot.learner.publish(1, random_bundle(1))
    robot.decisions(3)

    # The policy: the guard decelerates and holds; the new process goes on with the same episode.
    robot.kill("policy")
    robot.decisions()

    # The link: the ring keeps what it misses.
    robot.kill("link")
    robot.decisions()

    # The guard, in motion: the body keeps its last target until the next guard goes on from there.
    states = Slot(robot.config.runtime.folder / STATE_SLOT, STATE_SIZE)
    epoch = robot.learner.status.boot_epoch
    dead = robot.kill("guard")
    robot.wait(lambda: not alive(dead), "the guard is still there")
    time.sleep(0.05)
    last = watch.seen[-1]
    first, second = [], []
    for into in (first, second):
        into.append(unpack_state(states.read()[1]))
        time.sleep(0.1)
    if watch.seen[-1][1] == last[1]:  # no new guard yet
        assert second[0].time_s > first[0].time_s, "the simulated robot stands still in time"
        np.testing.assert_array_equal(second[0].target, last[2])
    robot.wait(lambda: robot.learner.status.boot_epoch == epoch + 1, "no new guard")
    after = next(entry for entry in watch.seen if entry[1] > last[1])
    assert np.abs(after[2] - last[2]).max() <= 1e-9, "the new guard begins where the body is"
    robot.decisions()

    # The process that listens for stops, and with a new one a stop works.
    robot.kill("stops")
    robot.wait(lambda: answers(robot), "no answer to status")

    # The simulated robot itself: the guard bridges a short gap, ends at a longer one, and decisions go on.
    robot.kill("robot")
    robot.decisions()

    robot.wait(lambda: robot.learner.status.spooled <= 1, "the spool does not empty")
    status, keys = robot.learner.status, set(robot.learner.records)
    for number in {epoch for epoch, _ in keys}:
        seqs = sorted(seq for e, seq in keys if e == number)
        assert seqs == list(range(len(seqs))), f"records of epoch {number} are missing: {seqs}"
    assert status.lost == 0
    assert status.violations_applied == 0
    assert len(watch.seen) > 200
    assert watch.worst_jump() <= 1.0 + 1e-6


def answers(robot) -> bool:
    try:
        return ask(robot.config.runtime.stop_socket, "status")["ok"]
    except Exception:
        return False


def test_a_learner_that_dies_is_caught_up_with(agent):
    robot, _ = agent
    robot.learner.publish(1, random_bundle(1))
    robot.decisions(2)
    first, port = robot.learner, robot.learner.port
    first.acknowledge = False  # it takes records and dies before its commit
    time.sleep(1.0)
    first.close()
    robot.learner = RehearsalLearner(robot.folder / "learner.key", port=port, tasks=robot.tasks)
    robot.decisions(3)
    keys = set(first.records) | set(robot.learner.records)
    seqs = sorted(seq for _, seq in keys)
    assert seqs == list(range(len(seqs))), seqs


def test_a_stop_outlives_the_guard_and_the_agent_ends_with_its_supervisor(agent):
    robot, watch = agent
    robot.learner.publish(1, random_bundle(1))
    robot.decisions(1)
    os.kill(robot.pids()["guard"], signal.SIGUSR1)
    robot.wait(lambda: robot.learner.status.state == "STOPPED", "SIGUSR1 does not stop")
    time.sleep(0.5)
    held = watch.seen[-1][2]
    epoch = robot.learner.status.boot_epoch
    robot.kill("guard")
    robot.wait(lambda: robot.learner.status.boot_epoch == epoch + 1, "no new guard")
    robot.wait(lambda: robot.learner.status.state == "STOPPED", "the stop did not survive")
    assert not ask(robot.config.runtime.stop_socket, "resume")["ok"], "resumed without a release"
    time.sleep(0.3)
    np.testing.assert_array_equal(watch.seen[-1][2], held)
    assert ask(robot.config.runtime.stop_socket, "release") == {"ok": True, "state": "DISARMED"}
    assert ask(robot.config.runtime.stop_socket, "resume")["ok"]
    robot.decisions(1)

    pids = robot.pids()
    os.kill(robot.process.pid, signal.SIGKILL)
    robot.process.wait()
    robot.wait(lambda: not any(alive(pid) for pid in pids.values()), "children outlive the supervisor")
    robot.learner.close()
    robot.log.close()
