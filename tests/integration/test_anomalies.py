"""A sensor fails on a simulated robot that works: the policy process notices, names and marks it."""

from dataclasses import replace

import numpy as np
import pytest

from learner.rl import ood
from robot_agent.candidates import Loaded, Restored
from robot_agent.ledger import Ledger
from robot_agent.policy_report import Report
from shared.control.kinematics import NEUTRAL
from sim.robot import SimulatedRobot
from sim.tasks import task_named
from tests.robot_agent.conftest import Bench
from tests.robot_agent.policies import Plain, chooser, together

AT = 120


class FailingBody:
    """The simulated robot as a body, whose measurements pass through `fault` from tick `AT` on."""

    def __init__(self, fault):
        self.robot, self.fault = SimulatedRobot(joints=NEUTRAL), fault
        self.reads, self.kept = 0, None

    def read(self):
        self.robot.tick()
        state = self.robot.read()
        self.reads += 1
        if self.reads < AT:
            self.kept = state
            return state
        return self.fault(state, self.kept)

    def write(self, target):
        self.robot.write(target)


def swapped(state, _):
    return replace(state, joint_pos=state.joint_pos[[0, 2, 1, 3, 4, 5, 6, 7, 8]])


def frozen(state, kept):
    return replace(kept, time_s=state.time_s, target=state.target)


def blind_gyro(state, _):
    return replace(state, imu_gyro=np.full(3, np.nan))


def twice(state, _):
    return replace(state, joint_pos=2.0 * state.joint_pos)


def nothing(state, _):
    return state


def work(fault, ticks=150):
    """Nods with a policy whose bundle brought the shipped calibration; the chooser afterwards."""
    mind, ledger, source = chooser(deterministic=True)
    source.restored = Restored(Loaded(Plain(tool="nod"), ood.stats()))
    mind.give(replace(task_named("nod").reset(np.random.default_rng(0)), episode_id="e1", max_decisions=50))
    robot = Bench()
    robot.body = FailingBody(fault)
    together(robot, mind, ticks)
    assert isinstance(ledger, Ledger)
    return mind, ledger


def test_clean_work_is_not_marked():
    assert not work(nothing, 300)[0].anomalies


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        (swapped, {"linkage", "follow", "move", "range"}),
        (frozen, {"follow", "move", "stuck"}),
        (blind_gyro, {"gyro", "gyroscope"}),
        (twice, {"linkage", "follow", "range", "speed", "move"}),
    ],
)
def test_a_fault_is_marked_with_its_episode(fault, kinds):
    mind, ledger = work(fault)
    finding, state = mind.anomalies[0]
    assert finding.kind in kinds
    assert finding.score > 1.0
    assert state.episode_id == "e1"
    # Nodding stands still for a moment now and then, and what is frozen then is not wrong yet.
    assert AT <= state.state_seq <= AT + 20
    frame = Report(mind, ledger).frame()
    assert (frame.anomaly_kind, frame.anomaly_episode) == (finding.kind, "e1")
    assert frame.anomaly_seq > 0
