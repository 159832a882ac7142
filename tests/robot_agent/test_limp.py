"""Motors off after a stop, and on again from wherever the robot is then: nothing ever snaps."""

import numpy as np
import pytest

from robot_agent.frames import Mode
from robot_agent.guard.core import Core
from robot_agent.guard.machine import Latch, Latched
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS
from shared.control.motions import joints_of
from shared.control.still_body import StillBody

STOP = Latched(Latch.STOPPED, "button")
LIMP = Latched(Latch.STOPPED, "button", limp=True)
SLEEP = NEUTRAL + np.array([0.0, *([0.8, -0.8] * 3), 1.2, -1.2])
"""The head folded in: far from neutral, most joints near or past a limit."""


def tick(core, body, latch, count=1):
    for _ in range(count):
        done = core.tick(body.read(), None, latch, 0.0)
        if done.state.limp:
            body.relax()
        else:
            body.write(done.setpoint)
    return done


def test_motors_go_off_only_after_the_robot_has_come_to_rest(bench):
    robot = bench().armed()
    robot.nod(raw=1.0)
    robot.tick(15)
    limp_at = next(k for k in range(60) if tick(robot.core, robot.body, LIMP).state.limp)
    assert 1 < limp_at < 20
    assert robot.body.relaxed


def test_motors_do_not_go_off_in_any_other_mode(bench):
    robot = bench().armed()
    for latch in (Latched(), Latched(Latch.RELEASED), STOP):
        assert not tick(robot.core, robot.body, latch, 20).state.limp
    assert tick(robot.core, robot.body, Latched(Latch.FAULT, "", "a motor", True), 20).state.limp


def test_a_slack_robot_is_followed_and_held_where_it_is_let_go(bench):
    robot = bench().armed()
    tick(robot.core, robot.body, LIMP, 20)
    rng = np.random.default_rng(0)
    for _ in range(20):  # by hand
        robot.body._joints = robot.body._joints + rng.normal(0.0, 0.1, 9)
        done = tick(robot.core, robot.body, LIMP)
        assert done.state.mode == Mode.STOPPED
        assert done.state.limp
        np.testing.assert_array_equal(done.state.target, done.state.joint_pos)
    first = tick(robot.core, robot.body, Latched(Latch.RELEASED))
    assert not first.state.limp
    np.testing.assert_array_equal(first.setpoint, first.state.joint_pos)
    held = tick(robot.core, robot.body, Latched(), 100)
    np.testing.assert_array_equal(held.setpoint, first.setpoint)
    assert held.state.violations_applied == 0


def test_a_guard_started_anew_beside_a_slack_robot_leaves_it_slack(bench):
    robot = bench().armed()
    done = tick(robot.core, robot.body, LIMP, 20)
    robot.body._joints = robot.body._joints + 0.3
    again = Core(2, robot.body.read().joint_pos, done.state)
    assert tick(again, robot.body, LIMP).state.limp
    first = tick(again, robot.body, Latched(Latch.RELEASED))
    np.testing.assert_array_equal(first.setpoint, first.state.joint_pos)


def test_after_a_fault_the_robot_goes_on_from_where_it_is(bench):
    """A joint that was held away from its target is let go of, not sent back there."""
    robot = bench().armed()
    stuck = robot.body._joints.copy()
    stuck[4] += 1.1
    fault = ""
    for _ in range(60):
        robot.body._joints = stuck
        fault = robot.core.tick(robot.body.read(), None, Latched(), 0.0).fault or fault
    assert "stewart_4" in fault
    robot.body._joints = stuck
    tick(robot.core, robot.body, Latched(Latch.FAULT, "", fault))
    robot.body._joints = stuck
    first = robot.core.tick(robot.body.read(), None, Latched(Latch.RELEASED), 0.0)
    np.testing.assert_array_equal(first.setpoint, first.state.joint_pos)
    assert not first.fault


def poses(count):
    """Random joint poses: over all servo ranges, with the head anywhere, and folded for sleep."""
    rng = np.random.default_rng(7)
    yield SLEEP
    for k in range(count - 1):
        if k % 2:
            yield rng.uniform(LIMITS.low - 0.1, LIMITS.high + 0.1)
        else:
            pose = rng.uniform(-1.0, 1.0, (1, 9)) * np.array([2.0, 0.3, 0.4, 0.3, 0.0, 0.0, 0.3, 3.0, 3.0])
            joints = joints_of(pose)[0]
            yield np.where(np.isfinite(joints), joints, 0.0)


def enables(count):
    """Largest difference [deg] between the first setpoint after the motors come on and the pose then."""
    worst = 0.0
    for pose in poses(count):
        body = StillBody(pose)
        core = Core(1, body.read().joint_pos)
        first = core.tick(body.read(), None, Latched(), 0.0)
        worst = max(worst, float(np.abs(first.setpoint - first.state.joint_pos).max()))
        tick(core, body, LIMP, 2)
        body._joints = pose[::-1].copy()
        tick(core, body, LIMP, 2)
        first = tick(core, body, Latched(Latch.RELEASED))
        worst = max(worst, float(np.abs(first.setpoint - first.state.joint_pos).max()))
        later = tick(core, body, Latched(), 15)
        assert np.array_equal(later.setpoint, first.setpoint)
        assert later.state.violations_applied == 0
    return np.rad2deg(worst)


def test_enabling_never_snaps():
    assert enables(20) <= 0.5


@pytest.mark.slow
def test_enabling_never_snaps_from_a_thousand_poses():
    assert enables(1000) <= 0.5
