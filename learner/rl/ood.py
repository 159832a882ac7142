"""What is normal on a robot, learned from clean robot time: the thresholds of `shared.control.ood`.

`learner/rl/ood.npz` is rebuilt by `python -m learner.rl.ood` whenever motions, limits or physics change. It
does not depend on the policy: the traces go through every tool at random, and no check looks at text.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.control.limits import LIMITS
from shared.control.ood import OodStats, pack_ood
from shared.control.residuals import CHANNELS, NUM_CHANNELS, SENSED, Residuals
from shared.spaces import TICK_S, slot_range
from sim.traces import BODIES, Robots

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

PATH = Path(__file__).with_name("ood.npz")
HOURS = 6.0
"""Of clean robot time, shared by the bodies."""
MARGIN = 1.3
"""Thresholds are this much above anything seen in that time."""
_STREAMS = 32
_TICKS = 1000
_BINS = 40
_WIDEN = 0.5
"""Bounds of slots lie outside what was seen by this share of its range."""
_JOINT_ROOM_RAD = 0.15
_LEAST = np.where([name.startswith(("still", "stuck")) for name in CHANNELS], 0.006, 1e-3)
"""No channel is judged more finely than this: a joint may stand still for four steps of its encoder."""
_LEAST_ROOM = 1e-3
"""No slot is bounded more tightly than this."""


def calibrate(hours: float = HOURS, seed: int = 0, say: Callable[[str], object] = print) -> OodStats:
    """Play for so long on every kind of body and note what is normal."""
    each = max(round(hours * 3600.0 / TICK_S / len(BODIES) / _STREAMS / _TICKS), 1)
    bodies = []
    low, high = np.full(SENSED, np.inf), np.full(SENSED, -np.inf)
    for k, (name, senses) in enumerate(BODIES.items()):
        robots, residuals = Robots(_STREAMS, seed + k, senses), Residuals(_STREAMS)
        value = np.empty((each * _TICKS, _STREAMS, NUM_CHANNELS), np.float32)
        activity = np.empty_like(value)
        for tick in range(len(value)):
            if tick % _TICKS == 0:
                obs = robots.trace(_TICKS)
                sensed = obs[..., :SENSED].reshape(-1, SENSED)
                low, high = np.minimum(low, sensed.min(axis=0)), np.maximum(high, sensed.max(axis=0))
            residual = residuals.update(obs[:, tick % _TICKS])
            value[tick], activity[tick] = residual.value, residual.activity
        robots.close()
        bodies.append((value, activity))
        say(f"{name}: {each * _STREAMS * _TICKS * TICK_S / 3600.0:.2f} h")
    values, activities = zip(*bodies, strict=True)
    return statistics(np.concatenate(values, axis=1), np.concatenate(activities, axis=1), low, high)


def statistics(value: F32, activity: F32, low: F64, high: F64) -> OodStats:
    """What is normal, from clean time.

    Args:
        value: (T, n, 49) residuals of n streams.
        activity: likewise.
        low: (37,) least value of each slot.
        high: (37,) largest.
    """
    # The detector wants two ticks in a row over the threshold.
    size = np.minimum(np.abs(value[1:]), np.abs(value[:-1]))
    calm = np.minimum(activity[1:], activity[:-1])
    envelopes = [_envelope(size[..., c].ravel(), calm[..., c].ravel()) for c in range(NUM_CHANNELS)]
    rest, moving = MARGIN * np.array(envelopes, np.float64).T
    rest = np.maximum(rest, _LEAST)
    hours = np.array([value.shape[0] * value.shape[1] * TICK_S / 3600.0])
    low, high = _bounds(low, high)
    return OodStats(rest, moving, low, high, hours)


def _envelope(size: F32, activity: F32) -> tuple[float, float]:
    """The line rest + moving x activity above all points that leaves the least room above them; activities
    count by the root of the time spent there."""
    edges = np.linspace(0.0, float(activity.max()) + 1e-9, _BINS + 1)
    where = np.digitize(activity, edges[1:-1])
    top = np.zeros(_BINS)
    np.maximum.at(top, where, size)
    often = np.sqrt(np.bincount(where, minlength=_BINS))
    at = edges[:-1]  # a bin's points are all at this activity or more
    rests = np.linspace(float(top[0]), float(top.max()), 40)
    slopes = np.maximum(((top[1:] - rests[:, None]) / at[1:]).max(axis=1), 0.0)
    room = (rests[:, None] + slopes[:, None] * at - top) @ often
    best = int(room.argmin())
    return float(rests[best]), float(slopes[best])


def _bounds(low: F64, high: F64) -> tuple[F64, F64]:
    """Bounds of slots from the extremes of clean time; joints may go wherever their limits let them."""
    widen = _WIDEN * (high - low) + _LEAST_ROOM
    low, high = low - widen, high + widen
    for name in ("joint_pos", "applied_target"):
        at = slot_range(name)
        low[at] = np.minimum(low[at], LIMITS.low - _JOINT_ROOM_RAD)
        high[at] = np.maximum(high[at], LIMITS.high + _JOINT_ROOM_RAD)
    return low, high


@functools.cache
def stats() -> OodStats:
    """The calibration that is part of the package."""
    with np.load(PATH, allow_pickle=False) as file:
        found = OodStats(**{field.name: file[field.name] for field in fields(OodStats)})
    pack_ood(found)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line: calibrate anew and write the file."""
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m learner.rl.ood", description=description)
    parser.add_argument("--hours", type=float, default=HOURS, help="clean robot time")
    options = parser.parse_args(arguments)
    found = calibrate(options.hours)
    np.savez(PATH, **{field.name: getattr(found, field.name) for field in fields(OodStats)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
