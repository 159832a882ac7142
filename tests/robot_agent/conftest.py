"""Bodies, states and eventfds for the agent's tests."""

import os
from dataclasses import replace

import numpy as np
import pytest

from robot_agent.config import AgentConfig
from robot_agent.frames import Action, GuardState, Kind, Mode
from robot_agent.guard.core import Core
from robot_agent.guard.machine import Latch, Latched
from robot_agent.processes import LINES
from shared.control.kinematics import NEUTRAL
from shared.control.still_body import StillBody
from tests.robot_agent.official import running_daemon


@pytest.fixture
def lines():
    """The supervisor's eventfds by name."""
    made = {name: os.eventfd(0, os.EFD_NONBLOCK) for name in LINES}
    yield made
    for line in made.values():
        os.close(line)


@pytest.fixture(scope="module")
def daemon_port(tmp_path_factory):
    """A running `reachy-mini-daemon` in simulation, on a port of its own."""
    with running_daemon(tmp_path_factory.mktemp("daemon") / "log") as port:
        yield port


@pytest.fixture
def config(tmp_path):
    """An agent that keeps everything below tmp_path."""
    return AgentConfig(
        robot_id="r1",
        body="still",
        data_dir=tmp_path / "data",
        runtime_dir=tmp_path / "run",
        refused_retry_s=0.3,
        page_port=0,
    )


class Bench:
    """A guard core with a body, and a policy that answers every state with the action it is given."""

    def __init__(self, previous: GuardState | None = None, epoch: int = 1) -> None:
        self.body = StillBody()
        self.core = Core(epoch, NEUTRAL, previous)
        self.action: Action | None = None
        self.latch = Latch.CLEAR
        self.records = []
        self.states: list[GuardState] = []
        self.setpoints = [NEUTRAL]
        self.silent = False

    def tick(self, count: int = 1) -> GuardState:
        for _ in range(count):
            tick = self.core.tick(self.body.read(), self.action, Latched(self.latch), 0.0)
            self.body.write(tick.setpoint)
            self.setpoints.append(tick.setpoint)
            self.records += tick.records
            self.states.append(tick.state)
            if not self.silent:
                standing = self.action or Action(tick.state.action_seq, Kind.IDLE, 0)
                self.action = replace(standing, state_seq=tick.state.state_seq)
        return tick.state

    def until(self, condition, limit: int = 400) -> GuardState:
        for _ in range(limit):
            if condition(state := self.tick()):
                return state
        raise AssertionError("did not come about")

    def armed(self) -> "Bench":
        self.until(lambda state: state.mode == Mode.ACTIVE)
        return self

    def act(self, kind: Kind, **values) -> Action:
        """Stand by a new action from now on."""
        seq = self.states[-1]
        number = max(seq.action_seq, self.action.action_seq) + 1
        values = {"episode_id": "e1", **values}
        self.action = Action(number, kind, seq.state_seq, **values)
        return self.action

    def nod(self, step: int = 0, raw: float = 0.5) -> Action:
        params = np.array([raw, 0.0, 0.0, 0.0], np.float32)
        return self.act(Kind.DECISION, tool=8, params=params, episode_step=step, source=0, policy_version=3)


@pytest.fixture
def bench():
    """Makes a `Bench`."""
    return Bench
