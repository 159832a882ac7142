import numpy as np
import pytest

from robot_agent.guard.machine import Latch, Latched
from robot_agent.guard.watchdogs import (
    BAND_TICKS,
    FOREIGN_TICKS,
    LATE_TICKS,
    PRESS_TICKS,
    STILL_TICKS,
    TRACKING_TICKS,
    Following,
    Pace,
)
from shared.control.body import BodyState
from shared.control.kinematics import NEUTRAL
from shared.spaces import JOINTS, TICK_S


class Watched:
    """A body told to do one thing and doing another."""

    def __init__(self, antenna_stop=False):
        self.following = Following(NEUTRAL, antenna_stop)
        self.setpoint, self.ticks = NEUTRAL.copy(), 0

    def tick(self, joints=None, target=None, ticks=1, setpoint=None):
        self.ticks += ticks
        joints = self.setpoint if joints is None else joints
        target = self.setpoint if target is None else target
        none = np.zeros(3)
        body = BodyState(
            self.ticks * TICK_S, joints, np.zeros(9), none, np.array([1.0, 0, 0, 0]), none, none, target
        )
        found = self.following.judge(body)
        self.setpoint = self.setpoint if setpoint is None else setpoint
        self.following.wrote(self.setpoint)
        return found

    def until_fault(self, limit, **how):
        for tick in range(limit):
            if found := self.tick(**how):
                return tick + 1, found
        return limit, ""


def off(joint, by):
    away = NEUTRAL.copy()
    away[JOINTS.index(joint)] += by
    return away


@pytest.mark.parametrize(("joint", "by"), [("body_yaw", -0.3), ("stewart_4", 0.6), ("left_antenna", 1.5)])
def test_a_joint_that_stays_away_is_a_fault_that_names_it(joint, by):
    ticks, found = Watched().until_fault(100, joints=off(joint, by))
    assert found == f"tracking: {joint} is {np.rad2deg(abs(by)):.0f} degrees from where it was sent"
    assert ticks == TRACKING_TICKS


def test_a_joint_that_comes_back_in_time_is_none():
    watched = Watched()
    for _ in range(5):
        assert not watched.until_fault(TRACKING_TICKS - 1, joints=off("stewart_1", 1.0))[1]
        assert not watched.tick()


def test_a_body_that_follows_late_but_the_whole_way_is_healthy():
    watched, way = Watched(), [NEUTRAL]
    rng = np.random.default_rng(0)
    for tick in range(400):
        step = 0.08 * np.sin(0.02 * tick) * np.ones(9) + rng.normal(0.0, 0.01, 9)
        way.append(way[-1] + step)
        late = way[max(0, len(way) - BAND_TICKS)]
        assert not watched.tick(joints=late, setpoint=way[-1])


def test_a_stuck_joint_is_noticed_although_the_others_move():
    watched = Watched()
    for tick in range(200):
        moved = NEUTRAL + min(tick, 100) * 0.01
        stuck = moved.copy()
        stuck[3] = NEUTRAL[3]
        if found := watched.tick(joints=stuck, setpoint=moved):
            assert JOINTS[3] in found
            return
    raise AssertionError("not noticed")


def test_a_silent_body_is_neither_there_nor_away():
    watched = Watched()
    assert not watched.until_fault(200, joints=off("stewart_1", 1.0), ticks=0)[1]


def test_a_body_that_jumps_in_time_begins_anew():
    watched = Watched()
    watched.until_fault(TRACKING_TICKS - 2, joints=off("stewart_1", 1.0))
    watched.tick(joints=off("stewart_1", 1.0), ticks=-20)
    assert not watched.until_fault(TRACKING_TICKS - 1, joints=off("stewart_1", 1.0))[1]
    watched.tick(joints=off("stewart_1", 1.0), ticks=1000)
    assert not watched.until_fault(TRACKING_TICKS - 2, joints=off("stewart_1", 1.0))[1]


def test_another_program_is_noticed_by_the_target_it_sets():
    ticks, found = Watched().until_fault(100, target=off("right_antenna", 0.1))
    assert found == "another program moves this robot; end it"
    assert ticks == FOREIGN_TICKS


def test_an_antenna_is_pressed_when_it_gives_way_while_it_should_rest():
    watched = Watched(antenna_stop=True)
    watched.until_fault(STILL_TICKS + 2)
    for tick in range(PRESS_TICKS):
        assert not watched.following.antenna_pressed, tick
        watched.tick(joints=off("left_antenna", 0.5))
    assert watched.following.antenna_pressed
    watched.tick()
    assert not watched.following.antenna_pressed


def test_a_robot_that_moves_while_it_should_stand_still_is_moved_by_somebody():
    watched = Watched()
    watched.until_fault(
        STILL_TICKS + 2, joints=off("stewart_2", 0.15)
    )  # a load: it rests beside its setpoint
    assert not watched.until_fault(100, joints=off("stewart_2", 0.2))[1]
    ticks, found = watched.until_fault(100, joints=off("stewart_2", -0.1))
    assert ticks == TRACKING_TICKS
    assert found == "stewart_2 moves though it is told to stand still: a hand, or another program"


def test_a_joint_at_rest_beside_others_that_move_may_be_pushed_by_them():
    watched = Watched()
    for tick in range(300):
        way = off("stewart_1", 0.001 * tick)
        pushed = way.copy()
        pushed[3] += 0.22 * (tick > 100)
        assert not watched.tick(joints=pushed, setpoint=way)


def test_an_antenna_in_motion_or_without_the_setting_is_not_pressed():
    moving = Watched(antenna_stop=True)
    for tick in range(2 * STILL_TICKS):
        moving.tick(joints=off("left_antenna", 0.5), setpoint=off("left_antenna", 0.001 * tick))
        assert not moving.following.antenna_pressed
    plain = Watched()
    plain.until_fault(STILL_TICKS + 2)
    plain.until_fault(20, joints=off("left_antenna", 0.5))
    assert not plain.following.antenna_pressed


def test_late_ticks_are_a_fault_only_in_a_row():
    pace = Pace()
    late = 0
    for tick in range(4 * LATE_TICKS):
        late += tick % LATE_TICKS != 0
        assert not pace.judge(late)
    assert not pace.judge(late)
    found = [pace.judge(late + k + 1) for k in range(LATE_TICKS)]
    assert not any(found[:-1])
    assert "too busy" in found[-1]
    assert not pace.judge(late + LATE_TICKS + 1), "said once"


def test_late_ticks_count_from_the_first_and_are_said_again_after_as_many():
    pace = Pace()
    found = [bool(pace.judge(late)) for late in range(1, 3 * LATE_TICKS + 1)]
    assert [k + 1 for k, yes in enumerate(found) if yes] == [LATE_TICKS, 2 * LATE_TICKS, 3 * LATE_TICKS]


def test_a_fault_found_in_a_tick_is_given_out_until_it_is_latched(bench):
    robot = bench().armed()
    robot.body.write = lambda target: None  # it does not do as it is told
    robot.nod(raw=1.0)
    faults = []
    for _ in range(200):
        tick = robot.core.tick(robot.body.read(), robot.action, Latched(), 0.0)
        faults.append(tick.fault)
        if tick.fault:
            break
    assert "another program" in faults[-1]
    latched = Latched(Latch.FAULT, "", faults[-1])
    tick = robot.core.tick(robot.body.read(), robot.action, latched, 0.0)
    assert not tick.fault
    assert tick.state.fault == faults[-1]


@pytest.mark.parametrize(("joint", "by"), [("body_yaw", 0.18), ("left_antenna", -1.3)])
def test_a_joint_pushed_away_while_it_should_rest_is_moved_by_somebody(joint, by):
    watched = Watched()
    watched.until_fault(STILL_TICKS + 2)
    ticks, found = watched.until_fault(100, joints=off(joint, by))
    assert ticks == TRACKING_TICKS
    assert found == f"{joint} moves though it is told to stand still: a hand, or another program"
