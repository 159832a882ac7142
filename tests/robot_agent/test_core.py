from dataclasses import replace

import numpy as np

from robot_agent.frames import Kind, Mode
from robot_agent.guard.check import SetpointCheck
from robot_agent.guard.machine import HOLD_AGE, Latch
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS
from shared.control.motions import joints_of, plan
from shared.messages import END_REASONS
from shared.tools import TOOL_INDEX, TOOLS

NOD = TOOLS[TOOL_INDEX["nod"]].ticks


def reason(record):
    return END_REASONS[record.end_reason]


def inside_limits(setpoints):
    check = SetpointCheck(setpoints[0])
    return not any(check(p) for p in setpoints[1:])


def test_decisions_follow_each_other_without_a_gap(bench):
    robot = bench().armed()
    for index in range(4):
        robot.nod(index)
        robot.until(lambda state: state.finished and state.episode_step == index)  # noqa: B023
    robot.act(Kind.CLOSING, episode_step=4)
    robot.tick(2)
    assert [r.decision_seq for r in robot.records] == [0, 1, 2, 3, 4]
    assert [reason(r) for r in robot.records] == ["completed"] * 4 + ["closing"]
    begins = [r.state_seq for r in robot.records]
    assert np.diff(begins).tolist() == [NOD] * 4, "the next decision begins on the tick after the last"
    assert [r.n_ticks for r in robot.records] == [NOD] * 4 + [0]


def test_a_record_holds_what_was_written_and_measured(bench):
    robot = bench().armed()
    action = robot.nod()
    start = len(robot.setpoints)
    robot.until(lambda state: state.finished)
    robot.tick()
    (record,) = robot.records
    written = np.array(robot.setpoints[start : start + NOD])
    wanted = plan(np.array([action.tool]), action.params[None].astype(float), NEUTRAL[None])[0, :NOD]
    np.testing.assert_array_equal(written, wanted)  # inside the limits: emitted bit for bit
    np.testing.assert_array_equal(record.setpoints[:NOD], written.astype(np.float32))
    measured = np.array([s.joint_pos for s in robot.states[-NOD:]])
    np.testing.assert_array_equal(record.joints[:NOD], measured.astype(np.float32))
    np.testing.assert_array_equal(record.head[NOD - 1, 3:], robot.states[-1].head_quat.astype(np.float32))
    assert record.limited_ticks == record.violations == 0
    assert not record.setpoints[NOD:].any()


def test_a_new_instruction_cuts_the_decision_in_force(bench):
    robot = bench().armed()
    robot.nod()
    robot.tick(20)
    robot.act(Kind.CLOSING, episode_step=1)
    robot.tick(3)
    cut, closing = robot.records
    assert (reason(cut), cut.n_ticks) == ("new_task", 20)
    assert (reason(closing), closing.n_ticks, closing.episode_step) == ("closing", 0, 1)
    robot.tick(30)
    assert robot.core.at_rest
    assert inside_limits(robot.setpoints)


def test_the_same_action_is_never_taken_twice(bench):
    robot = bench().armed()
    robot.nod()
    robot.tick(5 * NOD)
    assert [reason(r) for r in robot.records] == ["completed"]


def test_a_silent_policy_decelerates_then_ends_the_decision(bench):
    robot = bench().armed()
    robot.nod(raw=1.0)
    robot.tick(15)
    robot.silent = True
    robot.tick(HOLD_AGE)
    assert robot.states[-1].mode == Mode.FALLBACK
    assert not robot.records
    robot.tick(2)
    assert robot.states[-1].mode == Mode.SAFE_HOLD
    assert [reason(r) for r in robot.records] == ["stale"]
    robot.tick(30)
    assert robot.core.at_rest
    assert inside_limits(robot.setpoints)
    robot.silent = False
    robot.action = replace(robot.action, state_seq=robot.states[-1].state_seq)
    robot.nod(1)
    robot.until(lambda state: state.finished and state.episode_step == 1)
    robot.tick()
    assert [reason(r) for r in robot.records] == ["stale", "completed"]


def test_a_policy_that_comes_back_in_time_is_followed_again_but_marked(bench):
    robot = bench().armed()
    robot.nod(raw=1.0)
    robot.tick(15)
    robot.silent = True
    robot.tick(6)
    robot.silent = False
    robot.until(lambda state: state.finished)
    robot.tick()
    (record,) = robot.records
    assert (reason(record), record.n_ticks) == ("stale", NOD)
    assert record.limited_ticks > 0
    assert inside_limits(robot.setpoints)


def test_a_stop_brakes_and_nothing_moves_until_resumed(bench):
    robot = bench().armed()
    robot.nod(raw=1.0)
    robot.tick(15)
    robot.latch = Latch.STOPPED
    robot.tick(40)
    assert [reason(r) for r in robot.records] == ["stopped"]
    assert robot.core.at_rest
    held = robot.setpoints[-1]
    for latch in (Latch.STOPPED, Latch.RELEASED):
        robot.latch = latch
        robot.nod(1)
        robot.tick(30)
        np.testing.assert_array_equal(robot.setpoints[-1], held)
    robot.latch = Latch.CLEAR
    robot.until(lambda state: state.mode == Mode.ACTIVE)
    robot.tick(10)
    assert not np.array_equal(robot.setpoints[-1], held)
    assert inside_limits(robot.setpoints)


def test_a_start_move_is_gentle_makes_no_record_and_arrives(bench):
    robot = bench().armed()
    target = joints_of(np.array([[0.0, 0.3, 0.4, 0.0, 0.0, 0.0, 0.3, 0.5, -0.5]]))[0]
    robot.act(Kind.START, target=target)
    robot.until(lambda state: state.finished and state.kind == Kind.START)
    np.testing.assert_allclose(robot.setpoints[-1], target, atol=1e-9)
    speed = np.abs(np.diff(robot.setpoints, axis=0)).max(axis=0) / 0.02
    assert (speed <= 0.41 * LIMITS.vel).all()
    assert not robot.records


def test_an_interrupted_start_move_is_not_taken_for_an_arrival(bench):
    robot = bench().armed()
    robot.act(Kind.START, target=NEUTRAL + 0.2)
    robot.tick(5)
    robot.latch = Latch.STOPPED
    state = robot.tick(3)
    assert (state.kind, state.episode_id, state.finished) == (Kind.IDLE, "", True)


def test_an_action_with_bad_numbers_counts_as_no_action(bench):
    for field, value in (
        ("params", np.array([np.nan, 0, 0, 0], np.float32)),
        ("target", np.full(9, np.inf)),
        ("tool", 20),
        ("kind", 9),
        ("value", np.nan),
        ("limits_profile", 0.0),
        ("limits_profile", 0.01),
        ("tool_mask", 1 << 20),
        ("source", 4),
    ):
        robot = bench().armed()
        robot.nod()
        robot.action = replace(robot.action, **{field: value})
        robot.tick(30)
        assert robot.states[-1].mode == Mode.SAFE_HOLD, field
        np.testing.assert_array_equal(robot.setpoints[-1], NEUTRAL)


def test_an_action_from_the_future_counts_as_no_action(bench):
    robot = bench().armed()
    robot.silent = True
    robot.nod()
    robot.action = replace(robot.action, state_seq=10**6)
    robot.tick(3)
    assert robot.states[-1].mode == Mode.SAFE_HOLD


def test_a_restarted_guard_goes_on_counting_and_shows_the_open_episode(bench):
    robot = bench().armed()
    robot.nod(4)
    before = robot.tick(10)
    again = bench(previous=before, epoch=2)
    again.action = robot.action
    state = again.armed().states[-1]
    assert state.state_seq > before.state_seq
    assert (state.kind, state.episode_id, state.episode_step) == (Kind.IDLE, "e1", 4)
    assert state.boot_epoch == 2
    assert not again.records
    again.tick(20)
    np.testing.assert_array_equal(again.setpoints[-1], NEUTRAL)


def test_tighter_limits_come_with_a_start_move(bench):
    robot = bench().armed()
    robot.act(Kind.START, target=NEUTRAL + 0.1, limits_profile=0.25)
    robot.until(lambda state: state.finished)
    robot.nod(raw=1.0)
    robot.until(lambda state: state.finished)
    speed = np.abs(np.diff(robot.setpoints, axis=0)).max(axis=0) / 0.02
    assert (speed <= 0.25 * LIMITS.vel * (1 + 1e-6)).all()
    robot.tick()
    assert robot.records[0].limited_ticks > 0


def test_a_start_move_asked_for_in_motion_waits_for_rest_so_that_its_limits_hold(bench):
    robot = bench().armed()
    robot.nod(raw=1.0)
    robot.tick(15)
    robot.act(Kind.CLOSING, episode_step=1)
    robot.tick()
    robot.act(Kind.START, target=NEUTRAL + 0.1, limits_profile=0.25, episode_id="e2")
    robot.until(lambda state: state.kind == Kind.START)
    began = len(robot.setpoints)
    robot.until(lambda state: state.finished)
    robot.nod(raw=1.0)
    robot.until(lambda state: state.finished)
    assert inside_limits(robot.setpoints)
    speed = np.abs(np.diff(robot.setpoints[began - 1 :], axis=0)).max(axis=0) / 0.02
    assert (speed <= 0.25 * LIMITS.vel * (1 + 1e-6)).all()


def test_a_start_pose_out_of_this_world_is_gone_for_as_far_as_the_limits_let(bench):
    robot = bench().armed()
    robot.act(Kind.START, target=np.full(9, 1e9))
    robot.until(lambda state: state.finished, limit=2000)
    robot.tick(30)
    assert robot.core.at_rest
    assert inside_limits(robot.setpoints)


def test_the_check_sees_each_kind_of_violation():
    quiet = SetpointCheck(NEUTRAL)
    assert not quiet(NEUTRAL)
    for jump in (0.2, 0.01, 0.0005):
        check = SetpointCheck(NEUTRAL)
        step = NEUTRAL.copy()
        step[1] += jump * 5
        assert check(step) == (jump * 5 / 0.02**3 > LIMITS.jerk[1])
    outside = NEUTRAL.copy()
    outside[1] = LIMITS.high[1] + 1e-3
    check = SetpointCheck(outside)
    assert not check(outside), "a joint that starts outside may be there"
    assert check(outside + 1e-5), "but not go further"
