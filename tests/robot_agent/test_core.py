from dataclasses import replace

import numpy as np
import pytest

from robot_agent.frames import Kind, Mode
from robot_agent.guard.check import SetpointCheck
from robot_agent.guard.core import AT_TARGET_RAD, Core, resume_setpoint
from robot_agent.guard.machine import DECELERATE_AGE, HOLD_AGE, Latch, Latched
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS
from shared.control.motions import joints_of, plan
from shared.control.pilot import ALL_TOOLS
from shared.control.shield import MIN_PROFILE
from shared.messages import END_REASONS, SOURCES
from shared.spaces import NUM_TOOLS, OBS_DIM
from shared.tools import MAX_TICKS, TOOL_INDEX, TOOLS
from tests.robot_agent.made import BOW, validated

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


def test_a_record_carries_its_action_its_key_and_when_it_began(bench):
    robot = bench(epoch=7).armed()
    rng = np.random.default_rng(0)
    robot.nod(3)
    action = robot.action = replace(
        robot.action,
        obs=rng.normal(size=OBS_DIM).astype(np.float32),
        log_prob=-1.5,
        value=0.25,
        tool_mask=ALL_TOOLS >> 1,
        policy_version=5,
        source=1,
    )
    began = robot.core.tick(robot.body.read(), action, Latched(), 1234.5).state
    robot.until(lambda state: state.finished)
    robot.tick()
    (record,) = robot.records
    for name in (
        "episode_id",
        "episode_step",
        "tool",
        "log_prob",
        "value",
        "tool_mask",
        "policy_version",
        "source",
    ):
        assert getattr(record, name) == getattr(action, name), name
    np.testing.assert_array_equal(record.obs, action.obs)
    np.testing.assert_array_equal(record.params, action.params)
    assert (record.boot_epoch, record.decision_seq) == (7, 0)
    assert (record.state_seq, record.time_unix_s) == (began.state_seq, 1234.5)
    assert END_REASONS[robot.states[-1].last_end] == reason(record) == "completed"
    assert robot.states[-1].decision_seq == 1, "the next one"


def test_a_closing_record_begins_where_it_is_written_and_holds_no_rows(bench):
    robot = bench().armed()
    robot.nod()
    robot.until(lambda state: state.finished)
    robot.act(Kind.CLOSING, episode_step=1)
    state = robot.core.tick(robot.body.read(), robot.action, Latched(), 99.5)
    (_, closing) = robot.records + list(state.records)
    assert (closing.state_seq, closing.time_unix_s, closing.violations) == (state.state.state_seq, 99.5, 0)
    for rows in (closing.setpoints, closing.joints, closing.head):
        assert not rows.any()


def test_a_state_tells_what_the_body_measured_and_what_the_guard_does(bench):
    robot = bench(epoch=7).armed()
    action = robot.nod(4)
    rng = np.random.default_rng(0)
    body = replace(
        robot.body.read(),
        joint_vel=rng.normal(size=9),
        head_pos=rng.normal(size=3),
        imu_accel=rng.normal(size=3),
        imu_gyro=rng.normal(size=3),
    )
    latched = Latched(Latch.STOPPED, "page")
    state = robot.core.tick(body, action, latched, 0.0, late_ticks=17).state
    for name in ("time_s", "joint_pos", "joint_vel", "head_pos", "head_quat", "imu_accel", "imu_gyro"):
        np.testing.assert_array_equal(getattr(state, name), getattr(body, name), err_msg=name)
    assert (state.boot_epoch, state.late_ticks, state.stop_source, state.fault) == (7, 17, "page", "")


def test_a_guard_goes_on_from_the_target_if_the_body_is_there_and_else_from_the_body(bench):
    body = bench().body.read()
    for off, there in ((0.0, True), (-0.1, True), (AT_TARGET_RAD, True), (-0.16, False), (0.3, False)):
        held = np.where(np.arange(9) == 3, off, 0.0)
        found = resume_setpoint(replace(body, joint_pos=np.zeros(9)), held)
        np.testing.assert_array_equal(found, held if there else np.zeros(9))
    far = np.full(9, 5.0)
    np.testing.assert_array_equal(resume_setpoint(replace(body, joint_pos=far), far + 0.1), far + 0.1)


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
        ("limits_profile", 1.001),
        ("obs", np.full(OBS_DIM, np.nan, np.float32)),
        ("log_prob", -np.inf),
    ):
        robot = bench().armed()
        robot.nod()
        robot.action = replace(robot.action, **{field: value})
        robot.tick(30)
        assert robot.states[-1].mode == Mode.SAFE_HOLD, field
        np.testing.assert_array_equal(robot.setpoints[-1], NEUTRAL)


def test_an_action_at_the_ends_of_its_ranges_is_one(bench):
    robot = bench().armed()
    robot.act(Kind.START, target=NEUTRAL, limits_profile=MIN_PROFILE)
    robot.until(lambda state: state.kind == Kind.START)
    assert robot.states[-1].limits_profile == MIN_PROFILE
    last = {"tool": NUM_TOOLS - 1, "tool_mask": ALL_TOOLS, "source": len(SOURCES) - 1}
    robot.until(lambda state: state.finished)
    robot.act(Kind.DECISION, **last)
    robot.until(lambda state: state.kind == Kind.DECISION)
    assert robot.states[-1].tool == NUM_TOOLS - 1


def test_the_age_of_an_action_counts_from_the_state_that_it_answers(bench):
    robot = bench().armed()
    robot.nod()
    robot.tick(2)
    robot.silent = True
    modes = [robot.tick().mode for _ in range(HOLD_AGE + 4)]
    by_age = [Mode.ACTIVE] * (DECELERATE_AGE + 1) + [Mode.FALLBACK] * (HOLD_AGE - DECELERATE_AGE)
    assert modes == by_age + [Mode.SAFE_HOLD] * 3


def test_a_tick_that_fails_ends_the_decision_and_brakes(bench):
    robot = bench().armed()
    robot.nod(raw=1.0)
    robot.tick(15)
    for _ in range(30):
        tick = robot.core.tick(robot.body.read(), robot.action, Latched(), 0.0, failed=True)
        robot.records += tick.records
        robot.setpoints.append(tick.setpoint)
        assert tick.state.mode == Mode.FAULT
    assert [reason(r) for r in robot.records] == ["stopped"]
    assert robot.core.at_rest
    assert inside_limits(robot.setpoints)


def test_a_guard_restarted_after_a_closed_episode_shows_it_closed(bench):
    robot = bench().armed()
    robot.nod()
    robot.tick(5)
    robot.act(Kind.CLOSING, episode_step=1)
    before = robot.tick(3)
    again = bench(previous=before, epoch=2)
    state = again.tick()
    assert (state.kind, state.episode_id, state.episode_step) == (Kind.CLOSING, "e1", 1)
    assert (state.state_seq, state.action_seq) == (before.state_seq + 1, before.action_seq)
    assert (state.finished, state.decision_seq, state.tool) == (True, 0, 0)


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


def test_a_start_move_under_tighter_limits_is_planned_inside_them(bench):
    robot = bench().armed()
    robot.act(Kind.START, target=NEUTRAL + 0.1, limits_profile=0.25)
    state = robot.until(lambda state: state.finished and state.kind == Kind.START)
    assert state.limited_ticks == 0
    np.testing.assert_array_equal(robot.setpoints[-1], NEUTRAL + 0.1)


def test_what_was_limited_and_what_got_past_adds_up(bench):
    robot = bench().armed()
    robot.act(Kind.START, target=NEUTRAL, limits_profile=0.25)
    robot.until(lambda state: state.finished)
    counts = [0]
    for step in range(2):
        robot.nod(step, raw=1.0)
        counts.append(robot.until(lambda state: state.finished and state.kind == Kind.DECISION).limited_ticks)
    robot.tick()
    assert np.diff(counts).tolist() == [r.limited_ticks for r in robot.records]
    assert counts[1] > 0
    before = robot.states[-1].violations_applied
    robot.core._check = lambda setpoint: True
    robot.tick(3)
    assert (before, robot.states[-1].violations_applied) == (0, 3)


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


RUN_MADE = TOOL_INDEX["run_made"]


def plays(bench, made, **tools):
    """The record of one decision to play a made tool, by a guard that has `tools`."""
    robot = bench()
    robot.core = Core(1, NEUTRAL, taught={7: validated(**tools)}.get)
    robot.armed()
    robot.act(Kind.DECISION, tool=RUN_MADE, made=made)
    robot.until(lambda state: state.kind == Kind.DECISION and state.finished)
    robot.tick()
    (record,) = robot.records
    assert (reason(record), record.violations, record.limited_ticks) == ("completed", 0, 0)
    assert robot.states[-1].violations_applied == 0
    return record


def test_a_made_tool_is_played_to_its_end_within_every_limit(bench):
    record = plays(bench, 7)
    wanted, ticks = validated().setpoints({}, NEUTRAL[None])
    assert record.n_ticks == ticks[0] > MAX_TICKS
    np.testing.assert_allclose(record.setpoints[: ticks[0]], wanted[0], atol=1e-6)


@pytest.mark.parametrize("made", [0, 8, 2**64 - 1])
def test_a_made_tool_that_is_not_here_is_stillness(bench, made):
    record = plays(bench, made)
    assert record.n_ticks == TOOLS[RUN_MADE].ticks
    assert np.ptp(record.setpoints[: record.n_ticks], axis=0).max() == 0.0


def test_a_made_tool_that_takes_too_long_is_stillness(bench):
    assert plays(bench, 7, program=replace(BOW, steps=BOW.steps * 3)).n_ticks == TOOLS[RUN_MADE].ticks
