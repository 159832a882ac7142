"""A person takes the motion, at any time, still through the limiter; and hands it back."""

from dataclasses import replace

import numpy as np
import pytest

from robot_agent.episode import next_wish
from robot_agent.frames import Kind, Mode
from robot_agent.guard.check import SetpointCheck
from robot_agent.guard.machine import Latch, Latched
from robot_agent.rehearsal import empty_task
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS
from shared.control.motions import joints_of
from shared.messages import END_REASONS
from shared.spaces import TICK_S

AWAY = joints_of(np.array([[0.0, 0.3, 0.4, 0.0, 0.0, 0.0, 0.3, 0.5, -0.5]]))[0]

CLEAR = Latched()


class Led:
    """A bench robot with a person beside it."""

    def __init__(self, bench):
        self.robot = bench().armed()

    def tick(self, teleop, count=1, latch=CLEAR):
        robot = self.robot
        for _ in range(count):
            tick = robot.core.tick(robot.body.read(), robot.action, latch, 0.0, teleop=teleop)
            robot.body.write(tick.setpoint)
            robot.setpoints.append(tick.setpoint)
            robot.records += tick.records
            robot.states.append(tick.state)
            if robot.action is not None and not robot.silent:
                robot.action = replace(robot.action, state_seq=tick.state.state_seq)
        return tick.state


@pytest.fixture
def led(bench):
    return Led(bench)


def inside_limits(setpoints):
    check = SetpointCheck(setpoints[0])
    return not any(check(p) for p in setpoints[1:])


def test_the_robot_goes_where_the_person_wants_it(led):
    state = led.tick(AWAY, 120)
    assert state.teleop
    assert state.limited_ticks == 0, "these count what a policy asked for"
    assert (state.mode, state.kind) == (Mode.ACTIVE, Kind.TELEOP)
    np.testing.assert_allclose(led.robot.setpoints[-1], AWAY, atol=1e-6)
    assert inside_limits(led.robot.setpoints)


@pytest.mark.parametrize(
    "target", [np.full(9, np.nan), np.full(9, np.inf), np.full(9, 1e308), -np.full(9, 1e3)]
)
def test_what_a_person_asks_for_stays_inside_the_limits(led, target):
    led.robot.nod(raw=1.0)
    led.robot.tick(10)
    led.tick(target, 60)
    led.tick(AWAY, 30)
    assert inside_limits(led.robot.setpoints)


def test_tighter_limits_hold_for_a_person_and_for_a_stop(led):
    robot = led.robot
    robot.act(Kind.START, target=NEUTRAL, limits_profile=0.25)
    robot.until(lambda state: state.finished)
    led.tick(AWAY, 12)
    led.tick(None, 40, Latched(Latch.STOPPED))
    rates = np.array(robot.setpoints)
    for limit in (LIMITS.vel, LIMITS.acc):
        rates = np.diff(rates, axis=0) / TICK_S
        assert (np.abs(rates) <= 0.25 * limit * (1 + 1e-6)).all()
        assert (np.abs(rates) > 0.2 * limit).any()


def test_the_decision_in_force_is_overridden_and_said_so(led):
    led.robot.nod(raw=1.0)
    led.robot.tick(15)
    led.tick(AWAY)
    (record,) = led.robot.records
    assert (END_REASONS[record.end_reason], record.n_ticks) == ("override", 15)


def test_a_new_action_waits_until_the_person_lets_go(led):
    led.robot.nod()
    led.robot.tick(5)
    led.tick(AWAY, 10)
    led.robot.nod(1)
    state = led.tick(AWAY, 20)
    assert state.kind == Kind.TELEOP
    led.tick(None, 2)
    assert led.robot.states[-1].kind == Kind.DECISION
    assert inside_limits(led.robot.setpoints)


def test_after_release_the_robot_holds_and_the_open_episode_is_closed(led):
    led.robot.nod()
    led.robot.tick(5)
    led.tick(AWAY, 8)
    state = led.tick(None, 40)
    assert not state.teleop
    assert (state.kind, state.episode_id, state.finished) == (Kind.IDLE, "e1", True)
    assert led.robot.core.at_rest
    assert next_wish(state, _spec("e1"), ended=False).kind is Kind.CLOSING
    assert inside_limits(led.robot.setpoints)


def test_a_start_pose_from_which_a_person_took_the_robot_is_asked_for_again(led):
    for ticks in (3, 400):
        led.robot.act(Kind.START, target=NEUTRAL + 0.05)
        led.robot.tick(ticks)
        led.tick(AWAY, 8)
        state = led.tick(None, 40)
        assert (state.kind, state.episode_id) == (Kind.IDLE, "")
        assert next_wish(state, _spec("e1"), ended=False).kind is Kind.START


def test_a_closed_episode_stays_closed(led):
    led.robot.nod()
    led.robot.tick(5)
    led.robot.act(Kind.CLOSING, episode_step=1)
    led.robot.tick(3)
    led.tick(AWAY, 8)
    state = led.tick(None, 40)
    assert (state.kind, state.episode_id) == (Kind.CLOSING, "e1")
    assert next_wish(state, _spec("e1"), ended=False) is None


def test_a_silent_policy_does_not_keep_a_person_from_moving_the_robot(led):
    led.robot.silent = True
    led.tick(None, 30)
    assert led.robot.states[-1].mode == Mode.SAFE_HOLD
    assert led.tick(AWAY, 60).mode == Mode.ACTIVE
    np.testing.assert_allclose(led.robot.setpoints[-1], AWAY, atol=1e-6)


@pytest.mark.parametrize("latch", [Latch.STOPPED, Latch.RELEASED, Latch.FAULT])
def test_a_stopped_robot_follows_nobody(led, latch):
    led.tick(AWAY, 5)
    led.tick(AWAY, 40, Latched(latch))
    held = led.robot.setpoints[-1]
    state = led.tick(-AWAY, 40, Latched(latch))
    np.testing.assert_array_equal(led.robot.setpoints[-1], held)
    assert not state.teleop
    assert inside_limits(led.robot.setpoints)


def test_an_action_that_says_it_is_a_person_is_not_sound(led):
    led.robot.act(Kind.TELEOP, target=AWAY)
    led.robot.tick(30)
    assert led.robot.states[-1].mode == Mode.SAFE_HOLD


def _spec(episode_id):
    return empty_task(episode_id, max_decisions=6)
