"""The guard's own judge of setpoints: each limit of each joint, a hair inside and a hair outside."""

import numpy as np
import pytest

from robot_agent.guard import check as check_module
from robot_agent.guard.check import KINDS, SetpointCheck, proposal_violations
from shared.control.clearance import antenna_clearance, head_clearance
from shared.control.kinematics import NEUTRAL, forward, inverse, matrix_to_rpy
from shared.spaces import JOINTS
from tests.shared.limit_checker import ACC, DEG, DT_S, HIGH, JERK, LOW, VEL

HAIR = 1e-5
ALLOWED, TOO_MUCH = 1.0 + 0.5e-6, 1.0 + 2e-6
"""Of a limit: rounding may take a millionth."""
ALLOWED_RAD, TOO_FAR_RAD = 0.5e-9, 2e-9
"""Of a position: rounding may take 1e-9 rad."""
ANY_JOINT = pytest.mark.parametrize("joint", range(9), ids=JOINTS)
ANY_SIGN = pytest.mark.parametrize("sign", [-1.0, 1.0], ids=["down", "up"])


def only(joint, value):
    """(9,) zeros but for one joint."""
    return np.where(np.arange(9) == joint, value, 0.0)


def broken(check, setpoint):
    """The names of what one setpoint breaks."""
    (row,) = check.broken(setpoint)
    return {kind for kind, yes in zip(KINDS, row, strict=True) if yes}


def after(*steps):
    """What the last of these steps, (9,) each, breaks after the ones before it, from rest at NEUTRAL."""
    check, at = SetpointCheck(NEUTRAL), NEUTRAL.copy()
    for step in steps:
        at = at + step
        found = broken(check, at)
    return found


def pose(roll=0.0, pitch=0.0, yaw=0.0, up_m=0.0, right=0.0, left=0.0):
    """(9,) joints for a head that is turned so [degrees] and lifted so [m], and antennas [rad]."""
    (cranks,) = inverse(np.array([[0.0, 0.0, up_m]]), np.array([[roll, pitch, yaw]]) * DEG, np.zeros(1))
    return np.array([0.0, *cranks, right, left])


def way(start, end, steps=400):
    """Setpoints on the straight way between two poses: (steps + 1, 9)."""
    return start + (end - start) * np.linspace(0.0, 1.0, steps + 1)[:, None]


def walk(check, start, end):
    """Whether cone and clearance break at each setpoint on the way: (steps + 1, 2)."""
    return np.array([check.broken(at)[0, 4:] for at in way(start, end)])


@ANY_JOINT
@ANY_SIGN
def test_position(joint, sign):
    bound = (HIGH if sign > 0 else LOW)[joint]
    start = NEUTRAL + only(joint, bound - sign * HAIR - NEUTRAL[joint])
    at_bound = start + only(joint, sign * HAIR)
    assert "position" not in broken(SetpointCheck(start), at_bound + only(joint, sign * ALLOWED_RAD))
    assert "position" in broken(SetpointCheck(start), at_bound + only(joint, sign * TOO_FAR_RAD))


@ANY_JOINT
@ANY_SIGN
def test_a_joint_that_starts_outside_may_be_there_and_come_back_but_not_go_further(joint, sign):
    bound = (HIGH if sign > 0 else LOW)[joint]
    outside = NEUTRAL + only(joint, bound + sign * 0.01 - NEUTRAL[joint])
    assert not SetpointCheck(outside)(outside)
    assert "position" not in broken(SetpointCheck(outside), outside - only(joint, sign * HAIR))
    assert "position" not in broken(SetpointCheck(outside), outside + only(joint, sign * ALLOWED_RAD))
    assert "position" in broken(SetpointCheck(outside), outside + only(joint, sign * TOO_FAR_RAD))
    assert SetpointCheck(outside)(outside + only(joint, sign * TOO_FAR_RAD))


@ANY_JOINT
@ANY_SIGN
@pytest.mark.parametrize("factor", [ALLOWED, TOO_MUCH], ids=["inside", "outside"])
def test_speed_acceleration_and_jerk(joint, sign, factor):
    """The last step alone brings one of them to the limit; the steps before lead there."""
    outside = factor == TOO_MUCH
    speed = only(joint, sign * VEL[joint] * DT_S)
    acceleration = only(joint, sign * ACC[joint] * DT_S**2)
    jerk = only(joint, sign * JERK[joint] * DT_S**3)
    assert ("velocity" in after(factor * speed)) == outside
    assert ("velocity" in after(0.5 * speed, factor * speed)) == outside
    assert ("acceleration" in after(factor * acceleration)) == outside
    assert ("acceleration" in after(0.3 * speed, 0.3 * speed + factor * acceleration)) == outside
    assert ("jerk" in after(factor * jerk)) == outside
    v, a = 0.3 * speed, 0.4 * acceleration
    assert ("jerk" in after(v, v + a, v + 2 * a + factor * jerk)) == outside


def test_a_gentle_motion_breaks_nothing_and_the_history_moves_on():
    check = SetpointCheck(NEUTRAL)
    for t in np.arange(200) * DT_S:
        assert not check(NEUTRAL + 0.1 * (1.0 - np.cos(2.0 * t)))


@pytest.mark.parametrize(
    "end", [{"roll": 30.6}, {"roll": -30.6}, {"pitch": 41.0}, {"yaw": 46.0}, {"yaw": -46.0}]
)
@pytest.mark.parametrize("body", [0.0, 1.5])
def test_cone(end, body):
    """Out along one axis, wherever the body looks: broken beyond the angle and nowhere before."""
    path = way(NEUTRAL, pose(**end)) + only(0, body)
    angles = np.abs(matrix_to_rpy(forward(path - only(0, body))[1])) / DEG
    beyond = (angles > [30.0, 40.0, 45.0]).any(axis=1)
    found = walk(SetpointCheck(path[0]), path[0], path[-1])[:, 0]
    np.testing.assert_array_equal(found, beyond)
    assert beyond.any()
    assert not beyond.all()


@pytest.mark.parametrize(
    "end",
    [
        {"pitch": 35.0, "up_m": -0.01},
        {"roll": 25.0, "up_m": -0.025},
        {"pitch": -20.0, "right": -3.0},
        {"pitch": -20.0, "right": 3.0},
        {"left": 3.0},
        {"pitch": -20.0, "left": -3.0},
    ],
)
def test_clearance_of_head_and_antennas(end):
    """Nearer and nearer to the trunk: broken where less than 2 mm are left and nowhere before."""
    path = way(NEUTRAL, pose(**end))
    pos, R = forward(path)
    left_m = np.minimum(head_clearance(pos, R), antenna_clearance(pos, R, path[:, 7:]).min(axis=1))
    found = walk(SetpointCheck(NEUTRAL), path[0], path[-1])[:, 1]
    np.testing.assert_array_equal(found, left_m < 0.002)
    assert found.any()


@pytest.mark.parametrize(
    ("axis", "most"), [("roll", 30.0), ("roll", -30.0), ("pitch", 40.0), ("yaw", 45.0), ("yaw", -45.0)]
)
def test_cone_by_a_hair(axis, most):
    for factor in (ALLOWED, TOO_MUCH):
        check = SetpointCheck(pose(**{axis: 0.97 * most}))
        check._was_inside[:] = True  # pitched that far, the head is near the trunk
        assert ("cone" in broken(check, pose(**{axis: factor * most}))) == (factor == TOO_MUCH)


def left_m(joints):
    """The least distance [m] of head and antennas from the trunk."""
    pos, R = forward(joints[None])
    return min(head_clearance(pos, R).min(), antenna_clearance(pos, R, joints[None, 7:]).min())


@pytest.mark.parametrize(
    "end", [{"pitch": 35.0, "up_m": -0.01}, {"pitch": -20.0, "right": -3.0}, {"left": 3.0}]
)
def test_clearance_by_a_hair(end):
    """Just below the margin, found by halving: rounding may take 1e-9 m."""
    for missing_m, outside in ((0.5e-9, False), (2e-9, True)):
        near, far = pose(**end), NEUTRAL
        for _ in range(60):
            middle = 0.5 * (near + far)
            near, far = (middle, far) if left_m(middle) < 0.002 - missing_m else (near, middle)
        check = SetpointCheck(far + 0.02 * (NEUTRAL - far))
        assert ("clearance" in broken(check, far)) == outside


def test_pose_limits_count_from_the_first_setpoint_that_keeps_them_all():
    outside, inside = pose(roll=31.0), pose(roll=29.0)
    check = SetpointCheck(outside)
    found = walk(check, outside, inside)
    assert not found.any(), "on the way in"
    assert not walk(check, inside, inside).any()
    assert walk(check, inside, outside)[-1].tolist() == [True, False], "and out again"


def test_a_setpoint_that_is_not_known_to_be_inside_counts_as_outside():
    for wild in (np.full(9, np.nan), NEUTRAL + only(3, 2.5)):
        assert SetpointCheck(NEUTRAL).broken(wild)[0, 4:].all()


def test_the_same_setpoint_again_gets_the_same_answer():
    check, outside = SetpointCheck(NEUTRAL), pose(roll=31.0)
    first = walk(check, NEUTRAL, outside)[-1]
    for _ in range(3):
        again = check.broken(outside)
        np.testing.assert_array_equal(again[0, 4:], first)
        again[:] = False  # an answer is the asker's own
    assert not check.broken(outside)[0, :4].any(), "it stands still"


def test_many_robots_are_judged_each_for_itself():
    ends = [pose(roll=5.0), pose(roll=31.0), pose(yaw=-46.0), pose(pitch=35.0, up_m=-0.01), pose(left=3.0)]
    starts = np.array([NEUTRAL, pose(roll=32.0), NEUTRAL, NEUTRAL, pose(roll=20.0)])
    ways = np.stack([way(start, end, 60) for start, end in zip(starts, ends, strict=True)], axis=1)
    together = SetpointCheck(starts)
    alone = [SetpointCheck(start) for start in starts]
    seen = np.zeros((5, 6), bool)
    for at in ways:
        one_by_one = np.concatenate([check.broken(row) for check, row in zip(alone, at, strict=True)])
        found = together.broken(at)
        np.testing.assert_array_equal(found, one_by_one)
        seen |= found
    assert seen[:, 4:].tolist() == [
        [False, False],
        [False, False],
        [True, False],
        [False, True],
        [False, True],
    ]


def test_a_robot_that_stands_still_costs_no_kinematics(monkeypatch):
    solved = []
    monkeypatch.setattr(check_module, "forward", lambda *args: solved.append(1) or forward(*args))
    check = SetpointCheck(NEUTRAL)
    check(pose(roll=1.0))
    before = len(solved)
    assert before > 0
    for _ in range(5):
        assert not check.broken(pose(roll=1.0))[0, 4:].any()
    assert len(solved) == before


def test_a_start_may_be_reused_by_its_owner():
    start = NEUTRAL.copy()
    check = SetpointCheck(start)
    start += 1.0
    assert not check(NEUTRAL)


@ANY_JOINT
@ANY_SIGN
def test_a_plan_is_counted_by_its_ticks_that_are_too_fast_or_outside(joint, sign):
    step = only(joint, sign * VEL[joint] * DT_S)
    inside, outside = ALLOWED * step, TOO_MUCH * step
    assert proposal_violations(NEUTRAL + np.cumsum([inside] * 3, axis=0), NEUTRAL) == 0
    assert proposal_violations(NEUTRAL + np.cumsum([outside, inside, outside], axis=0), NEUTRAL) == 2
    bound = NEUTRAL + only(joint, (HIGH if sign > 0 else LOW)[joint] - NEUTRAL[joint])
    further = np.array([bound + only(joint, sign * TOO_FAR_RAD * k) for k in (1, 2, 2, 1)])
    assert proposal_violations(further, bound) == 2, (
        "outside and further out; staying or coming back is neither"
    )
