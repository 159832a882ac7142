"""The motion limiter: whatever is asked for, the emitted setpoints stay inside every limit of every joint.

Discrete time, one tick = `TICK_S`: v_k = (p_k - p_{k-1}) / dt, a_k = (v_k - v_{k-1}) / dt, j_k = (a_k -
a_{k-1}) / dt. A next setpoint is emitted only if braking as hard as jerk and acceleration allow would, from
there, stay inside position, velocity, acceleration and jerk limits. The braking step itself therefore
always remains as a way out, and the guarantee follows by induction from a start at rest.

A target that can be met is emitted bit for bit. One that cannot is approached as fast as the limits allow,
never faster than it can be stopped at; a target that is not finite means: brake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.control import braking
from shared.control.braking import F64, Limits, Profile
from shared.spaces import NUM_JOINTS, TICK_S

Bool = NDArray[np.bool_]

_DEG = np.pi / 180.0
_MARGIN_RAD = 3.0 * _DEG

LIMITS = Limits(
    low=np.array([-160.0, -48.0, -80.0, -48.0, -80.0, -70.0, -80.0, -179.0, -179.0]) * _DEG + _MARGIN_RAD,
    high=np.array([160.0, 80.0, 70.0, 80.0, 48.0, 80.0, 48.0, 179.0, 179.0]) * _DEG - _MARGIN_RAD,
    vel=np.array([2.0] + [4.0] * 6 + [6.0] * 2),
    acc=np.array([20.0] + [60.0] * 6 + [100.0] * 2),
    jerk=np.array([500.0] + [1500.0] * 6 + [3000.0] * 2),
)
"""The widest limits there are: servo ranges less 3 degrees; antennas, which have no stop, keep 4 degrees
away from where their servos' angle wraps. `LIMITS.scaled(f)` gives tighter ones."""

MIN_PROFILE = 0.1
"""Least share of `LIMITS` that a policy may be given: slower still, a start pose would take minutes."""

_SNAP_RAD = 1e-5
"""Coming to rest this close to the target is arriving."""
_REST_VEL = 1e-7
_REST_ACC = 1e-5
_TOLERANCE = 1e-9
_CLOSE = 1e-6
_SEARCH_ROUNDS = 6


@dataclass(frozen=True)
class LimiterState:
    """What was emitted last, per robot and joint; everything (n, 9)."""

    pos: F64
    """rad."""
    vel: F64
    """rad/s."""
    acc: F64
    """rad/s^2."""
    on_target: Bool
    """The last target was emitted exactly: following it through a moving point is then meant, not
    overshoot."""

    @classmethod
    def at(cls, pos: F64) -> LimiterState:
        """At rest at `pos`, (n, 9) rad. A position outside the limits is allowed: it may only move inwards.

        Raises:
            ValueError: not (n, 9), or not finite.
        """
        pos = np.array(pos, np.float64)
        if pos.ndim != 2 or pos.shape[1] != NUM_JOINTS or not np.isfinite(pos).all():
            raise ValueError(f"a start needs finite positions of shape (n, {NUM_JOINTS}), got {pos!r}")
        return cls(pos, np.zeros_like(pos), np.zeros_like(pos), np.ones(pos.shape, np.bool_))


def limit(state: LimiterState, target: F64, limits: Limits = LIMITS) -> tuple[LimiterState, Bool]:
    """One tick: the emitted setpoint is `new_state.pos`.

    Args:
        state: (n, 9), from `LimiterState.at` or the last tick.
        target: (n, 9) rad; any float64, also NaN and infinity.
        limits: the same on every tick, or tighter only from rest.

    Returns:
        The new state and (n,) whether any joint's setpoint differs from its target.

    Raises:
        ValueError: targets of another shape than the state's.
    """
    wanted = np.asarray(target, np.float64)
    if wanted.shape != state.pos.shape:
        raise ValueError(f"targets have the shape {wanted.shape}; expected {state.pos.shape} as the state's")
    profile = limits.profile(len(state.pos))
    pos, wanted = state.pos.ravel(), wanted.ravel()
    low, high = profile.low, profile.high
    scaled = _scaled(state, profile)
    if (pos < low).any() or (pos > high).any():
        low, high = _widened(pos, scaled, profile)
    goal = np.minimum(np.maximum(wanted, low), high)  # NaN stays NaN
    exact = _exactly(goal, pos, scaled, (low, high), profile)
    emitted = goal
    if not exact.all():
        emitted = goal.copy()
        rest = np.flatnonzero(~exact)
        emitted[rest] = _approach(pos[rest], scaled.at(rest), goal[rest], profile.at(rest))
    shape = state.pos.shape
    return emit(state, emitted.reshape(shape), wanted.reshape(shape))


Tick = Callable[[LimiterState, F64, Limits], tuple[LimiterState, Bool]]
"""One tick of a limiter: `limit` here, or the shield's."""


def limit_many(
    state: LimiterState, setpoints: F64, limits: Limits = LIMITS, tick: Tick = limit
) -> tuple[LimiterState, F64, Bool]:
    """`tick` for T ticks: setpoints (n, T, 9) -> last state, emitted (n, T, 9), changed (n, T)."""
    n, ticks, _ = setpoints.shape
    out = np.empty((n, ticks, NUM_JOINTS))
    changed = np.empty((n, ticks), np.bool_)
    for k in range(ticks):
        state, changed[:, k] = tick(state, setpoints[:, k], limits)
        out[:, k] = state.pos
    return state, out, changed


def brake(state: LimiterState, limits: Limits = LIMITS) -> LimiterState:
    """One tick of braking as hard as the limits allow; at rest it stays bit-identically where it is."""
    profile = limits.profile(len(state.pos))
    scaled = _scaled(state, profile)
    pos = state.pos.ravel()
    emitted = _emit(pos, scaled, braking.step(scaled.vel, scaled.acc, profile), profile)
    emitted = emitted.reshape(state.pos.shape)
    return _advanced(state, emitted, np.zeros(emitted.shape, np.bool_))


def at_rest(state: LimiterState) -> Bool:
    """(n,) whether every joint of the row stands still."""
    still = (np.abs(state.vel) < _REST_VEL) & (np.abs(state.acc) < _REST_ACC)
    return np.asarray(still.all(axis=1))


def emit(state: LimiterState, pos: F64, target: F64) -> tuple[LimiterState, Bool]:
    """The state after emitting `pos`, (n, 9) rad, when `target` was asked for; results as `limit`'s."""
    hit = pos == target
    return _advanced(state, pos, hit), ~hit.all(axis=1)


def admits(state: LimiterState, pos: F64, limits: Limits = LIMITS) -> Bool:
    """(n,) whether `pos`, (n, 9) rad, may be emitted next: every joint can still brake inside its limits."""
    profile = limits.profile(len(pos))
    scaled, here = _scaled(state, profile), state.pos.ravel()
    low, high = _widened(here, scaled, profile)
    vel = (pos.ravel() - here) / profile.unit
    acc = vel - scaled.vel
    path = braking.run(vel, acc, profile)
    ok = (np.abs(acc - scaled.acc) <= 1.0 + _TOLERANCE) & (np.abs(acc) <= profile.acc + _TOLERANCE)
    ok &= (path.fastest <= profile.vel + _TOLERANCE) & (path.slowest >= -profile.vel - _TOLERANCE)
    ok &= pos.ravel() + path.highest * profile.unit <= high + _TOLERANCE * profile.unit
    ok &= pos.ravel() + path.lowest * profile.unit >= low - _TOLERANCE * profile.unit
    return np.asarray(ok.reshape(pos.shape).all(axis=1))


def braking_path(state: LimiterState, limits: Limits = LIMITS) -> F64:
    """Every setpoint of braking from here, the present one first: (k, n, 9) rad."""
    profile = limits.profile(len(state.pos))
    scaled = _scaled(state, profile)
    way = braking.positions(scaled.vel, scaled.acc, profile) * profile.unit
    return state.pos + way.reshape(-1, *state.pos.shape)


@dataclass(frozen=True)
class _Scaled:
    """Velocity and acceleration, flat, in the units of `braking`: one tick of full jerk is 1."""

    vel: F64
    acc: F64
    on_target: Bool

    def at(self, index: NDArray[np.intp]) -> _Scaled:
        return _Scaled(self.vel[index], self.acc[index], self.on_target[index])


def _scaled(state: LimiterState, profile: Profile) -> _Scaled:
    vel = state.vel.ravel() * (TICK_S / profile.unit)
    acc = state.acc.ravel() * (TICK_S * TICK_S / profile.unit)
    return _Scaled(vel, acc, state.on_target.ravel())


def _advanced(state: LimiterState, pos: F64, on_target: Bool) -> LimiterState:
    """The state is derived from emitted positions alone, exactly as anyone who measures them would."""
    vel = (pos - state.pos) / TICK_S
    return LimiterState(pos, vel, (vel - state.vel) / TICK_S, on_target)


def _emit(pos: F64, scaled: _Scaled, acc: F64, profile: Profile) -> F64:
    vel = scaled.vel + acc
    return np.where(np.abs(vel) < _TOLERANCE, pos, pos + vel * profile.unit)


def _widened(pos: F64, scaled: _Scaled, profile: Profile) -> tuple[F64, F64]:
    """Position limits that admit the way on which a joint that starts outside can stop; never any further
    out."""
    path = braking.run(scaled.vel, scaled.acc, profile)
    return (
        np.minimum(profile.low, pos + path.lowest * profile.unit),
        np.maximum(profile.high, pos + path.highest * profile.unit),
    )


def _exactly(goal: F64, pos: F64, scaled: _Scaled, room: tuple[F64, F64], profile: Profile) -> Bool:
    """Where the goal itself may be emitted, (m,); `room`: lowest and highest position."""
    low, high = room
    vel = (goal - pos) / profile.unit
    acc = vel - scaled.vel
    with np.errstate(invalid="ignore"):
        ok = (np.abs(acc - scaled.acc) <= 1.0) & (np.abs(acc) <= profile.acc)
        speed, way = braking.reach(vel, acc, profile)
        way *= profile.unit
        near = ok & scaled.on_target & (speed <= profile.vel) & (goal + way <= high) & (goal - way >= low)
        if near.all():
            return near
        path = braking.run(vel, acc, profile)
        ok &= goal + path.highest * profile.unit <= high
        ok &= goal + path.lowest * profile.unit >= low
        ok &= (path.fastest <= profile.vel) & (path.slowest >= -profile.vel)
        beyond = np.maximum(path.highest, -path.lowest) * profile.unit
        ok &= scaled.on_target | (beyond <= _SNAP_RAD)
    return np.asarray(near | ok)


def _approach(pos: F64, scaled: _Scaled, goal: F64, profile: Profile) -> F64:
    """The next position (m,) towards goals (m,) that cannot be met at once.

    Mirrored so that the goal lies upwards of where braking would end; then the largest acceleration from
    which one can still stop at the goal, and inside the limits, is searched between braking and full
    throttle.
    """
    stop = braking.run(scaled.vel, scaled.acc, profile)
    lost = ~np.isfinite(goal)
    ahead = np.where(lost, 0.0, (goal - pos) / profile.unit)
    sign = np.where(ahead >= stop.end, 1.0, -1.0)
    up = sign > 0.0
    vel, acc = scaled.vel * sign, scaled.acc * sign
    room_low, room_high = (profile.low - pos) / profile.unit, (profile.high - pos) / profile.unit
    highest = np.where(up, stop.highest, -stop.lowest)
    lowest = np.where(up, stop.lowest, -stop.highest)
    ceiling = np.maximum(highest, np.minimum(ahead * sign, np.where(up, room_high, -room_low)))
    floor = np.minimum(lowest, np.where(up, room_low, -room_high))
    fastest = np.maximum(profile.vel, np.where(up, stop.fastest, -stop.slowest))

    good = braking.step(vel, acc, profile)
    bad = np.maximum(good, np.minimum(acc + 1.0, profile.acc))
    good_excess = highest - ceiling
    bad_excess = np.zeros_like(good)
    trial = np.where(lost, good, bad)
    for round_ in range(_SEARCH_ROUNDS):
        next_vel = vel + trial
        path = braking.run(next_vel, trial, profile)
        excess = np.maximum(next_vel + path.highest - ceiling, path.fastest - fastest)
        fits = (excess <= _TOLERANCE) & (next_vel + path.lowest >= floor - _TOLERANCE)
        good, good_excess = np.where(fits, trial, good), np.where(fits, excess, good_excess)
        bad, bad_excess = np.where(fits, bad, trial), np.where(fits, bad_excess, excess)
        if (fits if round_ == 0 else good_excess > -_CLOSE).all():
            break
        # The excess is piecewise linear in the acceleration: interpolate; bisect now and then to be safe.
        span = bad_excess - good_excess
        share = np.where(span > _TOLERANCE, -good_excess / np.maximum(span, _TOLERANCE), 0.5)
        share = np.clip(share, 0.0, 1.0) if round_ % 3 != 2 else np.full_like(share, 0.5)
        trial = np.where(bad > good, good + share * (bad - good), good)
    return _emit(pos, scaled, good * sign, profile)
