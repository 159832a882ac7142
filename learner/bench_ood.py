"""`reachy-coach bench ood`: which faults of sensors are noticed, how soon, and how many false alarms."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.rl.ood import stats
from shared.control.ood import CHECKS, QUIET_TICKS, OodDetector, OodStats
from shared.spaces import TICK_S
from sim.faults import FAULTS, felt
from sim.tasks.base import SCENE
from sim.traces import BODIES, Robots

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

WITHIN_TICKS = 10
OTHER_STARTS = replace(
    SCENE,
    count=(1, 6),
    separation_deg=9.0,
    start_roll_deg=9.0,
    start_pitch_deg=(-12.0, 14.0),
    start_yaw_deg=32.0,
    start_body_deg=35.0,
    start_antenna_rad=1.0,
)
"""Start poses and scenes that calibration never saw."""
SEED = 1_000_003
"""Of held-out traces: calibration takes small seeds."""
_STREAMS = 16
_TICKS = 1000
_AT = 120
_LENGTH = 320
"""A fault comes at tick `_AT` of a trace of `_LENGTH` ticks."""


def bench_ood(hours: float = 4.0, trials: int = 256, quick: bool = False) -> dict[str, Any]:
    """Measure; takes some minutes.

    Args:
        hours: of clean robot time, with wordings, objects and start poses that calibration never saw.
        trials: of each fault, over all bodies.
        quick: a twentieth of the time, a quarter of the trials.

    Returns:
        Figures with units in their names, for JSON.
    """
    if quick:
        hours, trials = hours / 20.0, trials // 4
    found = stats()
    return {
        "clean": clean_figures(found, hours),
        "faults": fault_figures(found, trials),
        "update_us": update_us(found),
        "calibrated_on_h": float(found.hours[0]),
    }


def clean_figures(
    found: OodStats, hours: float, bodies: Sequence[str] = tuple(BODIES), seed: int = SEED
) -> dict[str, Any]:
    """False alarms in clean time on these bodies."""
    each = max(round(hours * 3600.0 / TICK_S / len(bodies) / _STREAMS / _TICKS), 1)
    alarms, nearest, by_check = 0, 0.0, dict.fromkeys(CHECKS, 0)
    for k, body in enumerate(bodies):
        robots = Robots(_STREAMS, seed + k, BODIES[body], "held_out", OTHER_STARTS)
        detector = OodDetector(found, _STREAMS)
        quiet = np.full(_STREAMS, QUIET_TICKS)
        for _ in range(each):
            obs = robots.trace(_TICKS)
            for tick in range(_TICKS):
                scores = detector.scores(obs[:, tick])
                worst = scores.max(axis=1)
                nearest = max(nearest, float(worst.max()))
                for i in np.flatnonzero((worst > 1.0) & (quiet >= QUIET_TICKS)):
                    alarms += 1
                    by_check[CHECKS[int(scores[i].argmax())]] += 1
                quiet = np.where(worst > 1.0, 0, quiet + 1)
        robots.close()
    spent = len(bodies) * each * _STREAMS * _TICKS * TICK_S / 3600.0
    return {
        "hours": spent,
        "false_alarms": alarms,
        "false_alarms_per_h": alarms / spent,
        "highest_score": nearest,
        "by_check": {name: count for name, count in by_check.items() if count},
    }


def fault_figures(
    found: OodStats, trials: int, bodies: Sequence[str] = tuple(BODIES), seed: int = SEED
) -> dict[str, Any]:
    """Per kind of fault: how often it is noticed within 10 ticks of the first tick on which it is felt."""
    rounds = max(-(-trials // (_STREAMS * len(bodies))), 1)
    counts = {name: np.zeros(4, np.int64) for name in FAULTS}
    waits: list[int] = []
    for k, body in enumerate(bodies):
        senses = BODIES[body]
        robots = Robots(_STREAMS, seed + 100 + k, senses, "held_out", OTHER_STARTS)
        rng = np.random.default_rng(seed + k)
        for _ in range(rounds):
            clean = robots.trace(_LENGTH)
            for name, fault in FAULTS.items():
                if "imu" in name and not senses.imu:
                    continue
                counts[name] += judge(found, clean, fault(clean, _AT, rng), waits)
        robots.close()
    return {
        "within_10_ticks": {name: round(float(c[0] / max(c[1], 1)), 4) for name, c in counts.items()},
        "worst": min(float(c[0] / max(c[1], 1)) for c in counts.values()),
        "all": float(sum(c[0] for c in counts.values()) / sum(c[1] for c in counts.values())),
        "felt_trials": {name: int(c[1]) for name, c in counts.items()},
        "ever_noticed_though_never_felt": {name: int(c[2]) for name, c in counts.items()},
        "trials": {name: int(c[3]) for name, c in counts.items()},
        "wait_ticks_p50": float(np.percentile(waits, 50)),
        "wait_ticks_p95": float(np.percentile(waits, 95)),
    }


def judge(found: OodStats, clean: F32, faulty: F32, waits: list[int]) -> NDArray[np.int64]:
    """Noticed in time, felt, noticed though never felt, all: counts over the streams."""
    detector, alarm = OodDetector(found, len(clean)), np.zeros(clean.shape[:2], np.bool_)
    for tick in range(clean.shape[1]):
        alarm[:, tick] = (detector.scores(faulty[:, tick]) > 1.0).any(axis=1)
    bites = felt(clean, faulty)
    # Felt so late that the trace ends before the time is up: does not count as felt.
    bites[:, clean.shape[1] - WITHIN_TICKS :] = False
    is_felt, ever = bites.any(axis=1), alarm[:, _AT:].any(axis=1)
    first_felt, first_alarm = bites.argmax(axis=1), _AT + alarm[:, _AT:].argmax(axis=1)
    wait = first_alarm - first_felt
    in_time = is_felt & ever & (wait <= WITHIN_TICKS)
    waits += np.maximum(wait[is_felt & ever], 0).tolist()
    return np.array([in_time.sum(), is_felt.sum(), (ever & ~is_felt).sum(), len(clean)])


def update_us(found: OodStats, ticks: int = 2000) -> dict[str, float]:
    """What one update of one robot costs [us]."""
    robots = Robots(1, SEED, BODIES["simulated"])
    obs = robots.trace(400)[0]
    robots.close()
    detector, times = OodDetector(found), np.empty(ticks)
    for k in range(ticks):
        begun = time.perf_counter()
        detector.update(obs[k % len(obs)], k)
        times[k] = time.perf_counter() - begun
    return {"p50": float(np.percentile(times, 50) * 1e6), "p99": float(np.percentile(times, 99) * 1e6)}
