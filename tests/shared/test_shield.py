"""The shield: pose limits hold for what is emitted and for braking from it; inside comes out unchanged."""

import numpy as np
import pytest

from robot_agent.adversaries import ADVERSARIES
from robot_agent.bench_limiter import attack, search, starts
from robot_agent.guard.check import KINDS, SetpointCheck
from shared.control import pose_set, shield
from shared.control.clearance import antenna_clearance, head_clearance
from shared.control.envelope import POSE_LIMITS
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS, LimiterState, at_rest
from shared.control.motions import joints_of, plan
from shared.control.rotations import rpy_to_matrix
from shared.spaces import NUM_TOOLS
from tests.shared import limit_checker as checker
from tests.shared.limit_checker import ACC, DEG, HIGH, JERK, LOW, VEL

DT = checker.DT_S
CONE = np.array([30, 40, 45]) * DEG

KNOWN_TO_TOUCH = np.array(
    [
        [0.158, 0.552, -1.161, 0.537, -0.906, 0.581, -0.351, 0.689, 3.072],
        [0.438, 0.939, -1.150, 0.949, -0.479, 0.111, -0.660, 3.072, -1.099],
        [0.018, 1.036, -0.468, 0.247, -1.017, 1.328, -0.739, 1.153, 3.072],
    ]
)
"""Starts [rad] beyond the reach from which a straight way to neutral brings an antenna to the trunk."""

CLIPS_A_CORNER = np.array([-0.5478, 0.448, -0.9811, 0.2437, -0.3941, 0.6534, -0.8572, 0.2935, -0.1456])
TOWARDS = np.array([1.0648, -0.2134, 0.1412, 0.4605, -0.2344, 1.8968, 1.0587, -1.3059, -1.4609])
"""A start [rad] 0.4 mm from the trunk; the way to this target is free at first and then touches."""


@pytest.fixture
def size(request):
    """Setpoints an adversary gets; `--slow` for a hundred thousand each."""
    return 100_000 if request.config.getoption("--slow") else 640


@pytest.mark.parametrize("name", ADVERSARIES)
def test_no_adversary_gets_a_setpoint_past_the_independent_checker(name, size):
    found, judged = attack(name, np.random.default_rng(list(ADVERSARIES).index(name)), size)
    assert judged >= size
    assert dict(zip(KINDS, found.tolist(), strict=True)) == dict.fromkeys(KINDS, 0)


def test_a_search_for_the_worst_case_gets_close_and_no_further(size):
    found, _, closest = search(np.random.default_rng(1), size)
    assert found.sum() == 0
    assert -0.05 < closest <= 0.0


def test_the_second_checker_with_the_daemons_own_data_agrees():
    rng = np.random.default_rng(2)
    start = starts(rng, 12)
    _, out, _ = shield.limit_many(LimiterState.at(start), ADVERSARIES["bang_bang"](rng, start, 40))
    checker.assert_inside(start, out)
    head = checker.head_rpy(np.concatenate([start[:, None], out], axis=1))
    assert (np.abs(head) <= CONE).all()
    assert np.abs(head).max(axis=(0, 1))[1:] == pytest.approx(CONE[1:], rel=0.5)  # it did try


def test_braking_from_every_setpoint_stays_inside_too():
    """The promise behind the promise: at any tick, a stop must not lead out."""
    rng = np.random.default_rng(3)
    start = starts(rng, 8)
    state = LimiterState.at(start)
    targets = ADVERSARIES["bang_bang"](rng, start, 24)
    for k in range(24):
        state, _ = shield.limit(state, targets[:, k])
        braking, check = state, SetpointCheck(state.pos)
        for _ in range(12):
            braking = shield.brake(braking)
            assert not check.broken(braking.pos)[:, 4:].any()
        assert at_rest(braking).all()


def trajectory(rng, room_m):
    """Setpoints (T, 9) at rest at both ends, built in pose space without the limiter; every joint and pose
    limit is used by at most 90 %, and head and antennas keep `room_m` from the trunk."""
    size = np.array([*CONE, 0.02, 0.02, 0.015, rng.uniform(0, 1.5), *rng.uniform(0, 1.9, 2)])
    size *= rng.random(9) < 0.7
    waves = rng.integers(2, 6)
    weight = rng.standard_normal((waves, 9)) / np.arange(1, waves + 1)[:, None]
    phase = rng.uniform(0, 2 * np.pi, (waves, 9))

    def pose(s, share):
        s = 10 * s**3 - 15 * s**4 + 6 * s**5
        angle = np.pi * np.arange(1, waves + 1)[None, :, None] * s[:, None, None] + phase
        return share * size * (weight * np.sin(angle)).sum(axis=1)

    def joints(s, share):
        v = pose(s, share)
        c, w = np.cos(v[:, 6]), np.sin(v[:, 6])
        turned = v.copy()
        turned[:, 2] += v[:, 6]
        turned[:, 3], turned[:, 4] = c * v[:, 3] - w * v[:, 4], w * v[:, 3] + c * v[:, 4]
        return joints_of(turned)

    def inside(share):
        v, q = pose(np.linspace(0, 1, 400), share), joints(np.linspace(0, 1, 400), share)
        R, middle = rpy_to_matrix(v[:, :3]), (LOW + HIGH) / 2
        return (
            (np.abs(v[:, :3]) <= 0.9 * CONE).all()
            and (POSE_LIMITS.norm(v[:, 3:6], v[:, :3], np.zeros(400)) <= 0.9 * pose_set.REACH).all()
            and (np.abs(q - middle) <= 0.9 * (HIGH - LOW) / 2).all()
            and (head_clearance(v[:, 3:6], R) >= room_m).all()
            and (antenna_clearance(v[:, 3:6], R, v[:, 7:]) >= room_m).all()
        )

    low, high = 0.0, 3.0
    for _ in range(12):
        low, high = ((low + high) / 2, high) if inside((low + high) / 2) else (low, (low + high) / 2)
    for ticks in np.unique((20 * 1.05 ** np.arange(80)).astype(int)):
        q = joints(np.clip(np.arange(-3, ticks + 6) / ticks, 0, 1), low)
        v = np.diff(q, axis=0) / DT
        a = np.diff(v, axis=0) / DT
        j = np.diff(a, axis=0) / DT
        if max((np.abs(d) / most).max() for d, most in ((v, VEL), (a, ACC), (j, JERK))) <= 0.9:
            return q
    raise AssertionError("no duration was slow enough")


def test_trajectories_inside_every_limit_come_out_bit_identical(size):
    for seed in range(size // 20):
        setpoints = trajectory(np.random.default_rng([5, seed]), room_m=0.005)
        _, out, changed = shield.limit_many(LimiterState.at(setpoints[:1]), setpoints[None])
        assert (out[0] == setpoints).all(), seed
        assert not changed.any()


def test_the_robots_own_tools_pass_unchanged_unless_their_plan_itself_leaves_the_pose_set():
    rng = np.random.default_rng(6)
    tool = np.arange(NUM_TOOLS).repeat(8)
    start = np.tile(NEUTRAL, (len(tool), 1))
    setpoints = plan(tool, rng.uniform(-1, 1, (len(tool), 4)), start)
    outside = (pose_set.excess(setpoints.reshape(-1, 9)) > 0).any(axis=1).reshape(len(tool), -1).any(axis=1)
    _, out, changed = shield.limit_many(LimiterState.at(start), setpoints)
    assert (changed.any(axis=1) == outside).all()
    assert outside.mean() < 0.05
    assert (out[~outside] == setpoints[~outside]).all()


def test_a_sleeping_robot_wakes_up_by_its_start_move_and_by_a_single_far_target():
    asleep = np.array([[0, -0.98482, 1.26247, -0.2439, 0.20555, -1.23639, 1.00322, -3.05, 3.05]])
    assert (pose_set.excess(asleep) > 0).any()
    state, out, _ = shield.limit_many(LimiterState.at(asleep), np.repeat(NEUTRAL[None, None], 120, axis=1))
    assert (state.pos == NEUTRAL).all()
    checker.assert_inside(asleep, out)


def test_a_robot_that_starts_beyond_the_reach_alone_keeps_cone_and_clearance_on_its_way_in():
    """The straight way to neutral leads some of them through the trunk: they go round it or stay."""
    rng = np.random.default_rng(11)
    spread = 0.45 * np.array([1, 1, 1, 1, 1, 1, 1, 4, 4])
    start = np.clip(rng.normal(NEUTRAL, spread, (3000, 9)), LIMITS.low, LIMITS.high)
    start = np.concatenate([start, KNOWN_TO_TOUCH])
    over = pose_set.excess(start)
    start = start[(over[:, 3] > 0) & (over[:, [0, 1, 2, 4, 5, 6]] <= 0).all(axis=1)]
    check = SetpointCheck(start)
    state, out, _ = shield.limit_many(
        LimiterState.at(start), np.broadcast_to(NEUTRAL, (len(start), 120, 9)).copy()
    )
    for setpoints in out.swapaxes(0, 1):
        assert not check.broken(setpoints).any()
    assert (np.abs(state.pos - NEUTRAL).max(axis=1) < 1e-6).mean() > 0.97


def test_from_outside_a_robot_comes_in_once_and_not_through_a_corner_and_out_again():
    rng = np.random.default_rng(13)
    start = np.clip(rng.normal(NEUTRAL, 0.5, (3000, 9)), LIMITS.low, LIMITS.high)
    start[:, 7:] = 0.0
    over = pose_set.excess(start)
    outside = np.isfinite(over).all(axis=1) & (over[:, [0, 1, 2, 4]] > 0).any(axis=1)
    start = np.concatenate([start[outside], [CLIPS_A_CORNER]])
    target = np.clip(rng.normal(NEUTRAL, 1.0, start.shape), LIMITS.low, LIMITS.high)
    target[-1] = TOWARDS
    check, came_in = SetpointCheck(start), np.zeros(len(start), np.bool_)
    _, out, _ = shield.limit_many(LimiterState.at(start), np.repeat(target[:, None], 60, axis=1))
    for setpoints in out.swapaxes(0, 1):
        assert not check.broken(setpoints).any()
        came_in |= (pose_set.excess(setpoints)[:, [0, 1, 2, 4]] <= 0).all(axis=1)
    assert len(start) > 500
    assert came_in.mean() > 0.2


def test_outside_a_pose_limit_a_robot_may_not_go_further_out():
    pose = np.zeros((1, 9))
    pose[0, :3] = np.array([0, 46, 0]) * DEG  # hull against hull: a head pushed down by hand
    start = joints_of(pose)
    before = pose_set.excess(start)
    assert before.max() > 0
    pose[0, 1] += 0.1
    down = joints_of(pose)
    _, out, changed = shield.limit_many(LimiterState.at(start), np.repeat(down[:, None], 30, axis=1))
    assert changed.all()
    assert (pose_set.excess(out[0])[:, [1, 4]] <= before[:, [1, 4]] + 1e-6).all()


def test_a_target_beyond_a_pose_limit_is_approached_and_then_held_still():
    pose = np.zeros((1, 9))
    pose[0, 1] = 39 * DEG
    beyond = joints_of(pose)
    assert pose_set.excess(beyond).max() > 0
    state, out, _ = shield.limit_many(LimiterState.at(NEUTRAL[None]), np.repeat(beyond[:, None], 200, axis=1))
    left = -pose_set.excess(state.pos).max()
    assert 0 <= left < 0.1
    assert np.abs(np.diff(out[0, -20:], axis=0)).max() < 1e-3


def test_it_never_goes_outside_with_tightened_limits():
    rng = np.random.default_rng(7)
    start = starts(rng, 6)
    limits = LIMITS.scaled(0.4)
    _, out, _ = shield.limit_many(LimiterState.at(start), ADVERSARIES["square"](rng, start, 60), limits)
    checker.assert_inside(start, out, 0.4)
    assert (pose_set.excess(out.reshape(-1, 9)) <= 0).all()


@pytest.mark.parametrize("shape", [(8,), (1, 8), (2, 9), ()])
def test_a_target_of_a_wrong_shape_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        shield.limit(LimiterState.at(NEUTRAL[None]), np.zeros(shape))
