"""`reachy-coach bench ood`: which faults of sensors are noticed, how soon, and how many false alarms."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.evaluation import wilson
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
SEED = 5_000_011
"""Of the traces whose figures are quoted; nothing else may use it."""
LOOK_SEED = 1_000_003
"""Of the traces that may be looked at while something is changed; calibration takes small seeds."""
_STREAMS = 48
_FAULT_STREAMS = 64
_TICKS = 1000
_AT = 120
_LENGTH = 320
"""A fault comes at tick `_AT` of a trace of `_LENGTH` ticks."""


def bench_ood(hours: float = 3.2, trials: int = 256, quick: bool = False) -> dict[str, Any]:
    """Measure; takes some minutes.

    Args:
        hours: of clean robot time, with wordings, objects and start poses that calibration never saw.
        trials: of each fault, over all bodies.
        quick: a twentieth of the time, a quarter of the trials, and traces that may be looked at.

    Returns:
        Figures with units in their names, for JSON.
    """
    seed = SEED
    if quick:
        hours, trials, seed = hours / 20.0, trials // 4, LOOK_SEED
    found = stats()
    return {
        "clean": clean_figures(found, hours, seed=seed),
        "faults": fault_figures(found, trials, seed=seed),
        "update_us": update_us(found),
        "calibrated_on_h": float(found.hours[0]),
    }


def clean_figures(
    found: OodStats, hours: float, bodies: Sequence[str] = tuple(BODIES), seed: int = LOOK_SEED
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
    found: OodStats, trials: int, bodies: Sequence[str] = tuple(BODIES), seed: int = LOOK_SEED
) -> dict[str, Any]:
    """Per kind of fault, and of all of them together: which shares are noticed."""
    each = max(-(-trials // len(bodies)), 1)
    streams = min(each, _FAULT_STREAMS)
    counts = {name: np.zeros(len(_COUNTED), np.int64) for name in FAULTS}
    waits: list[int] = []
    for k, body in enumerate(bodies):
        senses = BODIES[body]
        robots = Robots(streams, seed + 100 + k, senses, "held_out", OTHER_STARTS)
        rng = np.random.default_rng(seed + k)
        for _ in range(-(-each // streams)):
            clean = robots.trace(_LENGTH)
            before = OodDetector(found, streams)
            for tick in range(_AT):
                before.scores(clean[:, tick])
            for name, fault in FAULTS.items():
                if "imu" in name and not senses.imu:
                    continue
                counts[name] += judge(copy.deepcopy(before), clean, fault(clean, _AT, rng), waits)
        robots.close()
    kinds = {name: _shares(count) for name, count in counts.items()}
    return {
        "kinds": kinds,
        "together": _shares(np.sum(list(counts.values()), axis=0)),
        "worst": min(float(kind["noticed"]) for kind in kinds.values()),
        "wait_ticks_p50": float(np.percentile(waits, 50)),
        "wait_ticks_p95": float(np.percentile(waits, 95)),
    }


_COUNTED = ("noticed", "felt", "at once", "ever", "injected")


def _shares(counts: NDArray[np.int64]) -> dict[str, Any]:
    """Shares with Wilson's intervals: of the felt ones noticed within 10 ticks of the first on which they are
    felt; of all, felt or not, noticed within 10 ticks of their beginning, and before the trace ends."""
    noticed, is_felt, at_once, ever, injected = (int(count) for count in counts)
    out: dict[str, Any] = {"felt": is_felt, "injected": injected}
    for name, some, of in (
        ("noticed", noticed, is_felt),
        ("of_all_at_once", at_once, injected),
        ("of_all_within_4_s", ever, injected),
    ):
        out[name] = round(some / max(of, 1), 4)
        out[f"{name}_95"] = [round(bound, 4) for bound in wilson(some, of)]
    return out


def judge(detector: OodDetector, clean: F32, faulty: F32, waits: list[int]) -> NDArray[np.int64]:
    """How many of the streams are `_COUNTED`; `waits` gets the ticks from being felt to being noticed. The
    detector saw all before the fault."""
    alarm = np.zeros(clean.shape[:2], np.bool_)
    for tick in range(_AT, clean.shape[1]):
        alarm[:, tick] = (detector.scores(faulty[:, tick]) > 1.0).any(axis=1)
    bites = felt(clean, faulty)
    # Felt so late that the trace ends before the time is up: does not count as felt.
    bites[:, clean.shape[1] - WITHIN_TICKS :] = False
    is_felt, ever = bites.any(axis=1), alarm.any(axis=1)
    first_felt, first_alarm = bites.argmax(axis=1), alarm.argmax(axis=1)
    wait = first_alarm - first_felt
    in_time = is_felt & ever & (wait <= WITHIN_TICKS)
    at_once = ever & (first_alarm <= _AT + WITHIN_TICKS)
    waits += np.maximum(wait[is_felt & ever], 0).tolist()
    return np.array([in_time.sum(), is_felt.sum(), at_once.sum(), ever.sum(), len(clean)])


def update_us(found: OodStats, ticks: int = 2000) -> dict[str, float]:
    """What one update of one robot costs [us]."""
    robots = Robots(1, LOOK_SEED, BODIES["simulated"])
    obs = robots.trace(400)[0]
    robots.close()
    detector, times = OodDetector(found), np.empty(ticks)
    for k in range(ticks):
        begun = time.perf_counter()
        detector.update(obs[k % len(obs)], k)
        times[k] = time.perf_counter() - begun
    return {"p50": float(np.percentile(times, 50) * 1e6), "p99": float(np.percentile(times, 99) * 1e6)}
