"""Target sequences that try to talk the limiter into breaking a limit, for tests and `bench limiter`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from shared.control.limits import LIMITS
from shared.control.motions import plan
from shared.spaces import NUM_JOINTS, NUM_PARAMS, NUM_TOOLS, TICK_S

F64 = NDArray[np.float64]
Make = Callable[[np.random.Generator, F64, int], F64]

WEIRD = (np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, -5e-324, 0.0)
_MIDDLE, _HALF = (LIMITS.low + LIMITS.high) / 2.0, (LIMITS.high - LIMITS.low) / 2.0


def uniform(rng: np.random.Generator, start: F64, ticks: int) -> F64:
    """Anywhere, half as far again as the ranges."""
    return rng.uniform(LIMITS.low * 1.5, LIMITS.high * 1.5, (len(start), ticks, NUM_JOINTS))


def bang_bang(rng: np.random.Generator, start: F64, ticks: int) -> F64:
    """From one end to the other, each robot with its own patience."""
    hold = rng.integers(1, 25, (len(start), 1, 1))
    phase = np.arange(ticks)[None, :, None] // hold
    coin = rng.random((len(start), ticks, NUM_JOINTS)) < 0.5
    side = np.take_along_axis(coin, np.broadcast_to(phase, coin.shape), axis=1)
    return np.where(side, LIMITS.low * 2.0, LIMITS.high * 2.0)


def weird(rng: np.random.Generator, start: F64, ticks: int) -> F64:
    """NaN, infinities, 1e308, denormals among reasonable numbers."""
    calm = np.repeat(
        rng.uniform(LIMITS.low, LIMITS.high, (len(start), ticks // 8 + 1, NUM_JOINTS)), 8, axis=1
    )
    odd = rng.choice(WEIRD, (len(start), ticks, NUM_JOINTS))
    share = rng.choice([0.02, 0.3, 1.0], (len(start), 1, 1))
    return np.where(rng.random(odd.shape) < share, odd, calm[:, :ticks])


def hugging(rng: np.random.Generator, start: F64, ticks: int) -> F64:
    """Along the limits: at an end of every joint's range, trembling by tiny to large steps."""
    end = np.where(rng.random((len(start), 1, NUM_JOINTS)) < 0.5, LIMITS.low, LIMITS.high)
    tremble = 10.0 ** rng.uniform(-9, 0, (len(start), 1, 1)) * rng.standard_normal(
        (len(start), ticks, NUM_JOINTS)
    )
    return end + tremble


def chirp(rng: np.random.Generator, start: F64, ticks: int) -> F64:
    """Sines that rise from slow to faster than the ticks can show."""
    t = np.arange(ticks)[None, :, None] * TICK_S
    rise = rng.uniform(0.1, 4.0, (len(start), 1, NUM_JOINTS))
    size = rng.uniform(0.1, 1.3, (len(start), 1, NUM_JOINTS))
    return np.asarray(_MIDDLE + _HALF * size * np.sin(2.0 * np.pi * rise * t * t))


def square(rng: np.random.Generator, start: F64, ticks: int) -> F64:
    """Square waves near the frequencies at which braking just fits."""
    t = np.arange(ticks)[None, :, None] * TICK_S
    rate = rng.uniform(0.2, 12.0, (len(start), 1, NUM_JOINTS))
    return _MIDDLE + 1.3 * _HALF * np.sign(np.sin(2.0 * np.pi * rate * t))


def walk(rng: np.random.Generator, start: F64, ticks: int) -> F64:
    """Random walks of every step size."""
    size = 10.0 ** rng.uniform(-4, -0.5, (len(start), 1, NUM_JOINTS))
    steps = rng.standard_normal((len(start), ticks, NUM_JOINTS)) * size
    return start[:, None] + np.cumsum(steps, axis=1)


def motions(rng: np.random.Generator, start: F64, ticks: int) -> F64:
    """The robot's own tools with wild parameters, replanned from where nothing is, cut off at random."""
    out = np.empty((len(start), ticks, NUM_JOINTS))
    at, here = 0, start
    while at < ticks:
        tool = rng.integers(NUM_TOOLS, size=len(start))
        rows = plan(tool, rng.uniform(-3.0, 3.0, (len(start), NUM_PARAMS)), here)
        length = int(rng.integers(3, 40))
        out[:, at : at + length] = rows[:, : min(length, ticks - at)]
        here, at = rows[:, length - 1], at + length
    return out


def jumps(rng: np.random.Generator, start: F64, ticks: int) -> F64:
    """A good trajectory with jumps in time: ticks left out, repeated, played backwards."""
    smooth = motions(rng, start, ticks)
    when = np.arange(ticks)[None, :] + np.zeros((len(start), 1), int)
    for row in when:
        for cut in rng.integers(0, ticks, 6):
            row[cut:] += rng.integers(-20, 40)
    when += rng.integers(-2, 3, when.shape) * (rng.random(when.shape) < 0.2)
    return np.take_along_axis(smooth, np.clip(when, 0, ticks - 1)[..., None], axis=1)


ADVERSARIES: dict[str, Make] = {
    made.__name__: made for made in (uniform, bang_bang, weird, hugging, chirp, square, walk, motions, jumps)
}
"""By name; each gives targets (n, ticks, 9) rad for robots that start at (n, 9) rad."""
