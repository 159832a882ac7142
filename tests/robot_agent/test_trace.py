"""The rows of a decision: opened by what is written, closed by what is measured on the next tick."""

from dataclasses import fields, replace

import numpy as np

from robot_agent.frames import Action, Kind
from robot_agent.guard.trace import Trace
from shared.control.still_body import StillBody
from shared.messages import END_REASONS
from shared.spaces import NUM_PARAMS, OBS_DIM
from shared.tools import TRACE_TICKS

RNG = np.random.default_rng(0)
ACTION = Action(
    action_seq=5,
    kind=Kind.DECISION,
    state_seq=77,
    episode_id="e9",
    episode_step=3,
    obs=RNG.normal(size=OBS_DIM).astype(np.float32),
    tool=8,
    params=RNG.normal(size=NUM_PARAMS).astype(np.float32),
    log_prob=-1.5,
    value=0.25,
    tool_mask=6,
    policy_version=12,
    source=2,
)


def states(count):
    """Body states, no two alike."""
    read = StillBody().read()
    return [
        replace(read, joint_pos=RNG.normal(size=9), head_pos=RNG.normal(size=3), head_quat=RNG.normal(size=4))
        for _ in range(count)
    ]


def f32(rows):
    return np.array(rows, np.float32)


def test_a_record_has_a_row_for_each_setpoint_that_was_written_and_then_measured():
    trace, bodies, written = Trace(), states(6), RNG.normal(size=(5, 9))
    trace.measured(bodies[0])  # before there is a row
    trace.begin(ACTION, 90, 1234.5, 3)
    for setpoint, body, limited in zip(written, bodies[1:], (True, False, True, True, False), strict=True):
        trace.wrote(setpoint, limited)
        trace.measured(body)
        trace.measured(bodies[0])  # read again before the next setpoint
    record = trace.record(7, 41, "override")
    for name in {field.name for field in fields(Action)} & {field.name for field in fields(record)} - {
        "state_seq"
    }:
        np.testing.assert_array_equal(getattr(record, name), getattr(ACTION, name), err_msg=name)
    assert (record.boot_epoch, record.decision_seq, record.state_seq) == (7, 41, 90)
    assert (record.n_ticks, record.limited_ticks, record.violations) == (5, 3, 3)
    assert (END_REASONS[record.end_reason], record.time_unix_s) == ("override", 1234.5)
    np.testing.assert_array_equal(record.setpoints[:5], f32(written))
    np.testing.assert_array_equal(record.joints[:5], f32([body.joint_pos for body in bodies[1:]]))
    np.testing.assert_array_equal(record.head[:5, :3], f32([body.head_pos for body in bodies[1:]]))
    np.testing.assert_array_equal(record.head[:5, 3:], f32([body.head_quat for body in bodies[1:]]))
    for rows, width in ((record.setpoints, 9), (record.joints, 9), (record.head, 7)):
        assert (rows.shape, rows.dtype) == ((TRACE_TICKS, width), np.float32)
        assert not rows[5:].any()


def test_a_setpoint_whose_effect_nobody_measured_is_no_row():
    trace, (body,) = Trace(), states(1)
    trace.begin(ACTION, 90, 0.0, 0)
    for _ in range(2):
        trace.wrote(np.ones(9), False)
        trace.measured(body)
    trace.wrote(np.ones(9), False)
    assert trace.record(1, 0, "stopped").n_ticks == 2


def test_the_next_decision_begins_empty_and_leaves_the_last_record_alone():
    trace, (body,) = Trace(), states(1)
    trace.begin(ACTION, 90, 1.0, 2)
    for _ in range(TRACE_TICKS - 1):
        trace.wrote(np.ones(9), True)
        trace.measured(body)
    trace.wrote(np.ones(9), True)  # open when the next one begins
    first = trace.record(1, 0, "completed")
    kept = first.joints.copy()
    trace.begin(replace(ACTION, episode_step=4), 140, 2.0, 0)
    trace.measured(body)
    second = trace.record(1, 1, "closing")
    assert (second.n_ticks, second.limited_ticks, second.violations, second.state_seq) == (0, 0, 0, 140)
    for rows in (second.setpoints, second.joints, second.head):
        assert not rows.any()
    assert first.n_ticks == TRACE_TICKS - 1
    np.testing.assert_array_equal(first.joints, kept)
    assert first.setpoints.all()
