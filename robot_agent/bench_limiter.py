"""`reachy-coach bench limiter`: how fast the shield is, and whether anything makes it break a limit."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot_agent.adversaries import ADVERSARIES
from robot_agent.guard.check import KINDS, SetpointCheck
from shared.control import pose_set, shield
from shared.control.envelope import POSE_LIMITS
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS, LimiterState
from shared.control.motions import joints_of
from shared.spaces import NUM_JOINTS, TICK_S

F64 = NDArray[np.float64]

ROBOTS = 16
"""Judged side by side."""
RUN_TICKS = 40
SEARCH_TICKS = 20
_SPEED_TICKS = 400


def bench_limiter(ticks: int = 100_000, seed: int = 0) -> dict[str, Any]:
    """Drive the shield with every adversary and with a search for the worst case; time it.

    Args:
        ticks: setpoints to judge in all (robots times ticks), shared among the adversaries and the search.
        seed: of everything random.

    Returns:
        Violations by the independent checker per kind of limit, by adversary, and ticks/s.
    """
    rng = np.random.default_rng(seed)
    by_adversary, judged = {}, 0
    share = max(ticks // (len(ADVERSARIES) + 1), 1)
    for name in ADVERSARIES:
        found, count = attack(name, rng, share)
        by_adversary[name] = dict(zip(KINDS, found.tolist(), strict=True))
        judged += count
    found, count, closest = search(rng, share)
    by_adversary["search"] = dict(zip(KINDS, found.tolist(), strict=True))
    total = sum(sum(kinds.values()) for kinds in by_adversary.values())
    return {
        "violations": total,
        "ticks": judged + count,
        "by_adversary": by_adversary,
        "search_closest_to_a_pose_limit": closest,
        "speed": {f"n{n}_{name}": _speed(name, n, rng) for n in (1, 16) for name in ("motions", "bang_bang")},
    }


def starts(rng: np.random.Generator, n: int) -> F64:
    """(n, 9) rad: poses all over the pose set, antennas and body anywhere."""
    out = np.tile(NEUTRAL, (n, 1))
    lim = POSE_LIMITS
    halves = [lim.roll_rad, lim.pitch_rad, lim.yaw_rad, lim.forward_m, lim.sideways_m, lim.up_m]
    pose = np.zeros((n, 9))
    pose[:, :6] = rng.uniform(-0.8, 0.8, (n, 6)) * halves
    joints = joints_of(pose)
    joints[:, [0, 7, 8]] = rng.uniform(0.9 * LIMITS.low[[0, 7, 8]], 0.9 * LIMITS.high[[0, 7, 8]], (n, 3))
    inside = ((joints > LIMITS.low) & (joints < LIMITS.high)).all(axis=1)  # NaN is not
    rows = np.flatnonzero(inside)
    rows = rows[(pose_set.excess(joints[rows]) <= 0.0).all(axis=1)]
    out[rows] = joints[rows]
    return out


def attack(name: str, rng: np.random.Generator, ticks: int) -> tuple[NDArray[np.int64], int]:
    """Violations per kind (6,) under one adversary, and setpoints judged. Each run but the first starts, at
    rest, where half of the robots were torn from in the middle of a motion."""
    found, judged = np.zeros(len(KINDS), np.int64), 0
    start = starts(rng, ROBOTS)
    while judged < ticks:
        emitted = played(start, ADVERSARIES[name](rng, start, RUN_TICKS))
        found += violations(start, emitted)
        judged += emitted.shape[0] * emitted.shape[1]
        torn = rng.random(ROBOTS) < 0.5
        middle = emitted[np.arange(ROBOTS), rng.integers(0, RUN_TICKS, ROBOTS)]
        start = np.where(torn[:, None], middle, starts(rng, ROBOTS))
    return found, judged


def search(rng: np.random.Generator, ticks: int) -> tuple[NDArray[np.int64], int, float]:
    """Climb towards setpoints near a pose limit; as `attack`, and how near they came (0 = on it)."""
    found, judged, closest = np.zeros(len(KINDS), np.int64), 0, -np.inf
    best, start, score = np.empty(0), np.empty(0), np.empty(0)
    generation = 0
    while judged < ticks:
        if generation % 12 == 0:
            start = starts(rng, ROBOTS)
            best = ADVERSARIES["bang_bang"](rng, start, SEARCH_TICKS)
            score = np.full(ROBOTS, -np.inf)
        trial = np.where(
            rng.random((ROBOTS, SEARCH_TICKS, 1)) < 0.15,
            rng.uniform(LIMITS.low, LIMITS.high, (ROBOTS, SEARCH_TICKS, NUM_JOINTS)),
            best + rng.normal(0.0, 0.1, best.shape),
        )
        emitted = played(start, trial)
        found += violations(start, emitted)
        judged += emitted.shape[0] * emitted.shape[1]
        near = pose_set.excess(emitted.reshape(-1, NUM_JOINTS)).reshape(ROBOTS, SEARCH_TICKS, -1)
        reached = near.max(axis=(1, 2))
        better = reached > score
        best[better], score[better] = trial[better], reached[better]
        closest = max(closest, float(score.max()))
        generation += 1
    return found, judged, closest


def played(start: F64, targets: F64) -> F64:
    """What comes out, (n, T, 9)."""
    return shield.limit_many(LimiterState.at(start), targets)[1]


def violations(start: F64, emitted: F64) -> NDArray[np.int64]:
    """Setpoints that break each kind of limit, (6,), by the independent checker."""
    check = SetpointCheck(start)
    return np.asarray(sum(check.broken(emitted[:, k]).sum(axis=0) for k in range(emitted.shape[1])), np.int64)


def _speed(name: str, n: int, rng: np.random.Generator) -> dict[str, float]:
    start = starts(rng, n)
    targets = ADVERSARIES[name](rng, start, _SPEED_TICKS)
    state = LimiterState.at(start)
    took = np.empty(_SPEED_TICKS)
    for k in range(_SPEED_TICKS):
        began = time.perf_counter()
        state, _ = shield.limit(state, targets[:, k])
        took[k] = time.perf_counter() - began
    return {
        "ticks_per_s": round(n / float(np.median(took))),
        "p50_ms": round(1e3 * float(np.percentile(took, 50)), 3),
        "p99_ms": round(1e3 * float(np.percentile(took, 99)), 3),
        "share_of_tick_percent": round(100.0 * float(np.median(took)) / TICK_S, 1),
    }
