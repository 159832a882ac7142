"""Braking to rest as hard as jerk and acceleration allow, in discrete time, without overshooting rest.

Everything here is flat, one number per joint, and scaled so that a tick of full jerk changes the
acceleration by 1: position in `unit` = jerk dt^3, velocity in unit/tick, acceleration in unit/tick^2. A
brake from velocity u that is then let go by 1 a tick travels through u - x, u - x - (x - 1), ...; the
deceleration x that lands exactly at rest solves sum_i max(x - i, 0) = u, a convex, piecewise linear
function, so its inverse is the least of a few lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from shared.spaces import TICK_S

F64 = NDArray[np.float64]

_SHRINK = 1.0 - 1e-7
"""Worked with inside a hair of the limits, so that rounding never shows outside."""
_STILL = 1e-10


@dataclass(frozen=True, eq=False)
class Limits:
    """Hard limits per joint, each (9,), at the setpoints' ticks. Configuration may only tighten them."""

    low: F64
    """rad."""
    high: F64
    """rad."""
    vel: F64
    """rad/s, both ways."""
    acc: F64
    """rad/s^2, both ways."""
    jerk: F64
    """rad/s^3, both ways."""

    def scaled(self, factor: float) -> Limits:
        """Slower by `factor` in (0, 1]: velocity, acceleration and jerk; positions stay.

        Raises:
            ValueError: the factor is outside (0, 1].
        """
        if not 0.0 < factor <= 1.0:
            raise ValueError(f"limits can only be tightened: factor {factor} is outside (0, 1]")
        return Limits(self.low, self.high, self.vel * factor, self.acc * factor, self.jerk * factor)

    def profile(self, n: int) -> Profile:
        """These limits in scaled units for n robots."""
        return _profile(self, n)


@dataclass(frozen=True, eq=False)
class Profile:
    """Limits in scaled units, flat (n * 9,)."""

    low: F64
    """rad."""
    high: F64
    """rad."""
    unit: F64
    """rad: jerk dt^3."""
    vel: F64
    acc: F64
    pieces: int
    """Lines that the inverse above needs."""
    ticks: int
    """No brake takes longer."""

    def at(self, index: NDArray[np.intp]) -> Profile:
        """Only some joints."""
        return Profile(
            self.low[index],
            self.high[index],
            self.unit[index],
            self.vel[index],
            self.acc[index],
            self.pieces,
            self.ticks,
        )


@dataclass(frozen=True)
class Path:
    """Extremes of a braking path, each (m,), scaled; positions relative to the start, which counts too."""

    highest: F64
    lowest: F64
    fastest: F64
    slowest: F64
    end: F64


def step(vel: F64, acc: F64, profile: Profile) -> F64:
    """The acceleration of the next tick of braking, (m,) scaled."""
    half = vel * -0.5
    ideal = half + np.minimum(np.maximum(half, -0.5), 0.5)  # lines 0 and 1: -u, then -(u + 1) / 2
    for k in range(2, profile.pieces):
        line = vel * (-1.0 / (k + 1))
        ideal = np.minimum(np.maximum(ideal, line - 0.5 * k), line + 0.5 * k)
    low = np.maximum(acc - 1.0, -profile.acc)
    high = np.minimum(acc + 1.0, profile.acc)
    return np.minimum(np.maximum(ideal, low), high)


def run(vel: F64, acc: F64, profile: Profile) -> Path:
    """The extremes of the whole braking path from here."""
    v, x = _trace(vel, acc, profile)
    return Path(x.max(axis=0), x.min(axis=0), v.max(axis=0), v.min(axis=0), x[-1])


def positions(vel: F64, acc: F64, profile: Profile) -> F64:
    """Every position of the braking path from here, (k, m), scaled, relative to the start, which comes
    first."""
    return _trace(vel, acc, profile)[1]


def _trace(vel: F64, acc: F64, profile: Profile) -> tuple[F64, F64]:
    """Velocities and positions (k, m) until all are at rest."""
    v = np.empty((profile.ticks + 1, len(vel)))
    x = np.empty_like(v)
    v[0], x[0] = vel, 0.0
    last = 0
    for last in range(1, profile.ticks + 1):
        acc = step(v[last - 1], acc, profile)
        now = np.add(v[last - 1], acc, out=v[last])
        np.add(x[last - 1], now, out=x[last])
        if last % 2 == 0 and np.abs(now).max() < _STILL and np.abs(acc).max() < _STILL:
            break
    return v[: last + 1], x[: last + 1]


def reach(vel: F64, acc: F64, profile: Profile) -> tuple[F64, F64]:
    """Cheap bounds for a braking path that starts towards anywhere: highest speed |u|, longest way, each
    (m,).

    Speed can still grow while the acceleration is let go, by no more than max(|a| - 1, 0) + max(|a| - 2, 0)
    + ...; from there, rest is at most 2 ramps and speed / acceleration ticks away.
    """
    speed = np.abs(vel)
    push = np.abs(acc)
    for k in range(1, profile.pieces):
        speed = speed + np.maximum(push - k, 0.0)
    return speed, speed * (2 * profile.pieces + 1 + speed / profile.acc)


@lru_cache(maxsize=64)
def _profile(limits: Limits, n: int) -> Profile:
    unit = limits.jerk * _SHRINK * TICK_S**3
    vel = limits.vel * _SHRINK * TICK_S / unit
    acc = limits.acc * _SHRINK * TICK_S**2 / unit
    ramp = int(np.ceil(acc.max()))
    return Profile(
        low=np.tile(limits.low + 1e-9, n),
        high=np.tile(limits.high - 1e-9, n),
        unit=np.tile(unit, n),
        vel=np.tile(vel, n),
        acc=np.tile(acc, n),
        pieces=ramp,
        ticks=int(np.ceil((vel / acc).max())) + 2 * ramp + 1,
    )
