"""Two halves: a trajectory inside the limits comes out unchanged; all else comes out changed and inside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shared.control import braking
from shared.control.limits import LIMITS, LimiterState, at_rest, brake, limit, limit_many
from tests.shared import limit_checker as checker
from tests.shared.limit_checker import ACC, HIGH, JERK, LOW, VEL, assert_inside

DT = checker.DT_S
WEIRD = [np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, 0.0]


def starts(rng, n):
    return rng.uniform(LOW, HIGH, (n, 9))


def adversary(kind, rng, n, ticks):
    """Target sequences (n, ticks, 9) that try to break something."""
    shape = (n, ticks, 9)
    t = np.arange(ticks)[None, :, None] * DT
    middle, half = (LOW + HIGH) / 2, (HIGH - LOW) / 2
    frequency = rng.uniform(0.2, 12, (n, 1, 9))
    if kind == "uniform":
        return rng.uniform(LOW * 1.5, HIGH * 1.5, shape)
    if kind == "bang-bang":
        return np.where(rng.random(shape) < 0.5, LOW, HIGH)
    if kind == "slow bang-bang":
        hold = rng.integers(2, 20)
        return np.repeat(np.where(rng.random(shape) < 0.5, LOW * 3, HIGH * 3), hold, axis=1)[:, :ticks]
    if kind == "walk":
        return np.cumsum(rng.standard_normal(shape) * 10.0 ** rng.uniform(-4, -0.5, (n, 1, 9)), axis=1)
    if kind == "weird":
        return rng.choice(WEIRD, shape)
    if kind == "mixed":
        targets = np.repeat(rng.uniform(LOW, HIGH, shape), 4, axis=1)[:, :ticks]
        return np.where(rng.random(shape) < 0.1, rng.choice(WEIRD, shape), targets)
    if kind == "square":
        return middle + 1.3 * half * np.sign(np.sin(2 * np.pi * frequency * t))
    assert kind == "sine"
    return middle + half * rng.uniform(0, 1.3, (n, 1, 9)) * np.sin(2 * np.pi * frequency * t)


KINDS = ["uniform", "bang-bang", "slow bang-bang", "walk", "weird", "mixed", "square", "sine"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_adversary_breaks_a_limit(kind):
    """8 kinds x 40 robots x 120 ticks x 9 joints = 345,600 joint-ticks."""
    rng = np.random.default_rng(KINDS.index(kind))
    start = starts(rng, 40)
    targets = adversary(kind, rng, 40, 120)
    _, out, changed = limit_many(LimiterState.at(start), targets)
    assert_inside(start, out)
    assert changed.any()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_no_adversary_breaks_a_limit_in_millions_of_ticks(seed):
    for kind in KINDS:
        rng = np.random.default_rng([seed, KINDS.index(kind)])
        start = starts(rng, 64)
        _, out, _ = limit_many(LimiterState.at(start), adversary(kind, rng, 64, 1000))
        assert_inside(start, out)


def test_an_adversary_that_sees_the_state_does_not_break_a_limit():
    """Always asks for what hurts most: on at full speed, then back at the last moment."""
    rng = np.random.default_rng(11)
    start = starts(rng, 64)
    state, out = LimiterState.at(start), []
    for _ in range(300):
        to_edge = np.where(state.vel >= 0, HIGH - state.pos, state.pos - LOW)
        braking_way = state.vel**2 / (2 * ACC)
        near = to_edge < braking_way * rng.uniform(0.5, 2.0, (64, 9))
        edge = np.where(state.vel >= 0, HIGH, LOW)
        target = np.where(near & (rng.random((64, 9)) < 0.5), LOW + HIGH - edge, edge * 2)
        state, _ = limit(state, target)
        out.append(state.pos)
    assert_inside(start, np.stack(out, axis=1))


@given(
    arrays(np.float64, (3, 25, 9), elements=st.floats(width=64)),
    arrays(np.float64, (3, 9), elements=st.floats(0.0, 1.0)),
)
def test_any_floats_at_all(targets, where):
    start = LOW + where * (HIGH - LOW)
    state, out, _ = limit_many(LimiterState.at(start), targets)
    assert_inside(start, out)
    for _ in range(15):
        state = brake(state)
    assert at_rest(state).all()


@given(
    st.lists(st.tuples(st.floats(-4, 4), st.integers(1, 12)), min_size=1, max_size=12), st.floats(0.05, 1.0)
)
def test_steps_of_any_size_and_length_under_tightened_limits(steps, factor):
    targets = np.concatenate([np.full((1, ticks, 9), size) for size, ticks in steps], axis=1)
    _, out, _ = limit_many(LimiterState.at(np.zeros((1, 9))), targets, LIMITS.scaled(factor))
    assert_inside(np.zeros((1, 9)), out, factor)


def inside_trajectory(rng, hold, blocks, factor=0.9):
    """Setpoints (1, T, 9) that end at rest, their start (1, 9), and each joint's tightest limit (9,).

    Built without the limiter: random jerk, constant for `hold` ticks, whose mean is zero, then its negative:
    so acceleration and velocity return to zero. Each joint is stretched until it uses `factor` of a limit.
    """
    half = np.repeat(rng.uniform(-1, 1, (blocks, 9)), hold, axis=0)
    half -= half.mean(axis=0)
    jerk = np.concatenate([half, -half])
    acc = np.cumsum(jerk, axis=0) * DT
    vel = np.cumsum(acc, axis=0) * DT
    pos = np.cumsum(vel, axis=0) * DT
    span = np.maximum(pos.max(axis=0), 0) - np.minimum(pos.min(axis=0), 0)
    use = np.stack(
        [
            np.abs(jerk).max(axis=0) / JERK,
            np.abs(acc).max(axis=0) / ACC,
            np.abs(vel).max(axis=0) / VEL,
            span / (HIGH - LOW),
        ]
    )
    pos = pos * (factor / use.max(axis=0))
    start = (LOW + HIGH - np.maximum(pos.max(axis=0), 0) - np.minimum(pos.min(axis=0), 0)) / 2
    return start[None], (start + pos)[None], use.argmax(axis=0)


def test_trajectories_inside_the_limits_come_out_bit_identical():
    tight = np.zeros((4, 9), int)
    for seed in range(300):
        rng = np.random.default_rng([14, seed])
        start, setpoints, which = inside_trajectory(rng, hold=1 + seed % 7, blocks=2 + seed % 12)
        used = checker.worst(start, setpoints)
        assert max(used["velocity"], used["acceleration"], used["jerk"]) < 0.9 + 1e-6
        _, out, changed = limit_many(LimiterState.at(start), setpoints)
        assert (out == setpoints).all()
        assert not changed.any()
        tight[which, np.arange(9)] += 1
    assert (tight.sum(axis=1) > 50).all(), tight  # every limit was the tightest one many times


@pytest.mark.parametrize("distance", [0.05, 0.3, 1.0])
def test_minimum_jerk_moves_come_out_bit_identical(distance):
    """The motions that tools make: 10 s^3 - 15 s^4 + 6 s^5 over a time that keeps them inside."""
    seconds = max(
        (60 * distance / (0.9 * 500)) ** (1 / 3), 1.875 * distance / (0.9 * 2), (5.78 * distance / 18) ** 0.5
    )
    s = np.minimum(np.arange(1, 120) * DT / seconds, 1.0)[None, :, None]
    setpoints = np.broadcast_to(distance * (10 * s**3 - 15 * s**4 + 6 * s**5), (1, 119, 9))
    setpoints = np.clip(setpoints, LOW, HIGH)
    if distance == 1.0:
        setpoints = setpoints * [1, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 1, 1]
    _, out, changed = limit_many(LimiterState.at(np.zeros((1, 9))), setpoints)
    assert (out == setpoints).all()
    assert not changed.any()


@pytest.mark.parametrize("step", [1e-6, 0.02, 0.1, 0.4, 0.7])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_far_step_is_reached_without_overshoot_and_held(step, sign):
    """Steps above one tick's worth of jerk (jerk dt^3: 4, 12, 24 mrad), which is taken at once."""
    goal = np.full((1, 9), sign * step)
    joints = (step > JERK * DT**3) | (step < 1e-3)
    _, out, _ = limit_many(LimiterState.at(np.zeros((1, 9))), np.repeat(goal[:, None], 120, axis=1))
    beyond = (out * sign).max(axis=(0, 1)) - step
    assert (beyond[joints] <= 1e-9).all()
    assert (beyond <= JERK * DT**3).all()
    assert (out[0, 60:] == goal).all()


def test_a_step_takes_no_longer_than_the_limits_ask():
    """Head joint, 0.5 rad at 60 rad/s^2 and 4 rad/s: 0.19 s if jerk were free, and two ramps of 0.04 s."""
    _, out, _ = limit_many(LimiterState.at(np.zeros((1, 9))), np.full((1, 60, 9), 0.5))
    arrived = np.argmax(np.abs(out[0, :, 1] - 0.5) < 1e-3) * DT
    assert arrived <= 0.19 + 0.08


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_target_that_is_not_finite_brakes(bad):
    moving, _, _ = limit_many(LimiterState.at(np.zeros((1, 9))), np.full((1, 5, 9), 0.6))
    assert (np.abs(moving.vel) > 0.5).all()
    braked = by_brake = moving
    for _ in range(12):
        braked, changed = limit(braked, np.full((1, 9), np.nan))
        by_brake = brake(by_brake)
        assert changed.all()
        assert np.allclose(braked.pos, by_brake.pos, rtol=0, atol=1e-12)
    assert at_rest(braked).all()
    if np.isinf(bad):
        far, changed = limit(moving, np.full((1, 9), bad))
        assert changed.all()
        assert np.isfinite(far.pos).all()


def test_one_bad_joint_leaves_the_others_exact():
    target = np.full((2, 9), 0.001)
    target[0, 4] = np.nan
    state, changed = limit(LimiterState.at(np.zeros((2, 9))), target)
    assert changed.tolist() == [True, False]
    assert (np.delete(state.pos[0], 4) == 0.001).all()
    assert state.pos[0, 4] == 0.0


def test_brake_comes_to_rest_within_its_ticks_and_then_holds_bit_for_bit():
    rng = np.random.default_rng(8)
    start = starts(rng, 256)
    state, out, _ = limit_many(LimiterState.at(start), adversary("slow bang-bang", rng, 256, 30))
    emitted = [out]
    ticks = LIMITS.profile(1).ticks
    for _ in range(ticks):
        state = brake(state)
        emitted.append(state.pos[:, None])
    assert at_rest(state).all()
    assert_inside(start, np.concatenate(emitted, axis=1))
    held = brake(brake(state))
    assert (held.pos == state.pos).all()


def test_a_start_outside_may_only_move_inwards():
    start = np.stack([HIGH + 0.04, LOW - 0.04])
    rng = np.random.default_rng(9)
    for targets in (
        np.zeros((2, 200, 9)),
        adversary("bang-bang", rng, 2, 200),
        adversary("weird", rng, 2, 200),
    ):
        _, out, _ = limit_many(LimiterState.at(start), targets)
        assert_inside(start, out)
        outside_by = np.maximum(out - HIGH, LOW - out)
        further = np.diff(np.concatenate([outside_by[:, :1] * 0 + 0.04, outside_by], axis=1), axis=1)
        assert further[outside_by > 0].max(initial=0.0) <= 1e-9


def test_a_trajectory_from_outside_to_inside_is_followed_exactly():
    s = np.minimum(np.arange(1, 80) / 70, 1.0)[None, :, None]
    start = (HIGH + 0.03)[None]
    setpoints = start[:, None] + (HIGH - 0.3 - start)[:, None] * (10 * s**3 - 15 * s**4 + 6 * s**5)
    _, out, changed = limit_many(LimiterState.at(start), setpoints)
    assert (out == setpoints).all()
    assert not changed.any()


def test_rows_do_not_influence_each_other():
    rng = np.random.default_rng(10)
    start, targets = starts(rng, 7), adversary("mixed", rng, 7, 60)
    _, together, _ = limit_many(LimiterState.at(start), targets)
    alone = [limit_many(LimiterState.at(start[i : i + 1]), targets[i : i + 1])[1] for i in range(7)]
    assert np.allclose(together, np.concatenate(alone), rtol=0, atol=1e-7)


def test_limits_can_only_be_tightened():
    for factor in (0.0, -1.0, 1.01, np.nan):
        with pytest.raises(ValueError, match="tightened"):
            LIMITS.scaled(factor)
    half = LIMITS.scaled(0.5)
    assert (half.vel == LIMITS.vel * 0.5).all()
    assert (half.low == LIMITS.low).all()


@pytest.mark.parametrize("start", [np.zeros(9), np.full((1, 9), np.nan), np.zeros((2, 8))])
def test_a_start_that_makes_no_sense_is_refused(start):
    with pytest.raises(ValueError, match="finite positions"):
        LimiterState.at(start)


def test_the_cheap_bound_on_braking_paths_holds():
    """Where `reach` shows that a brake cannot matter, it is not simulated: so never too low."""
    rng = np.random.default_rng(12)
    profile = LIMITS.profile(20_000)
    acc = rng.uniform(-1, 1, profile.acc.shape) * profile.acc
    vel = rng.uniform(-1, 1, acc.shape) * profile.vel * rng.choice([1.0, 0.1, 0.01], acc.shape)
    path = braking.run(vel, acc, profile)
    speed, way = braking.reach(vel, acc, profile)
    assert (np.maximum(path.fastest, -path.slowest) <= speed + 1e-9).all()
    assert (np.maximum(path.highest, -path.lowest) <= way + 1e-9).all()


def test_braking_lands_exactly_at_rest():
    rng = np.random.default_rng(13)
    profile = LIMITS.profile(5000)
    acc = rng.uniform(-1, 1, profile.acc.shape) * profile.acc
    vel = rng.uniform(-1, 1, acc.shape) * profile.vel
    for _ in range(profile.ticks):
        acc = braking.step(vel, acc, profile)
        vel = vel + acc
    assert np.abs(vel).max() < 1e-9
    assert np.abs(acc).max() < 1e-9


def test_a_robot_that_wakes_from_its_sleeping_pose_moves_only_inwards_and_arrives():
    """The SDK's sleeping pose, where several cranks rest beyond their servo limits."""
    asleep = np.array([[0, -0.98482, 1.26247, -0.2439, 0.20555, -1.23639, 1.00322, -3.05, 3.05]])
    assert ((asleep < LOW) | (asleep > HIGH)).sum() >= 4
    goal = np.array([[0, 0.62655, -0.62654, 0.62654, -0.62654, 0.62654, -0.62654, 0, 0]])
    state, out, _ = limit_many(LimiterState.at(asleep), np.repeat(goal[:, None], 120, axis=1))
    assert_inside(asleep, out)
    assert (np.diff(np.abs(np.concatenate([asleep[:, None], out], axis=1) - goal), axis=1) <= 1e-9).all()
    assert (state.pos == goal).all()
    assert at_rest(state).all()
