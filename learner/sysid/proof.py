"""Is what is found what was there? Bodies drawn at random, traces made of them, the fit held against them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from learner.sysid.excite import excitation
from learner.sysid.fit import NAMES, fit, values
from learner.sysid.replay import synthetic
from shared.control.kinematics import NEUTRAL
from sim.randomize import MODEL_STRENGTH_NM, Ranges

NOISE_RAD = 0.002


def prove(
    bodies: int, seconds: float, seed: int, tell: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Largest and median error of every parameter over so many bodies that are known.

    Args:
        bodies: how many.
        seconds: of each trace.
        seed: of bodies, motions and noise.
        tell: gets a line for each body.
    """
    ranges = Ranges(strength_nm=(MODEL_STRENGTH_NM, MODEL_STRENGTH_NM))
    rng = np.random.default_rng(seed)
    errors: dict[str, list[float]] = {name: [] for name in NAMES}
    left = []
    for k in range(bodies):
        truth = ranges.draw(rng).dynamics
        told = excitation(NEUTRAL, seconds, seed + k)
        found = fit(synthetic(told, truth, NOISE_RAD, seed + k))
        left.append(found.rms_deg)
        there, here = values(truth), values(found.dynamics)
        for name in NAMES:
            off = abs(here[name] - there[name])
            errors[name].append(off if name == "latency_s" else off / there[name])
        worst = max((name for name in NAMES if name != "latency_s"), key=lambda name: errors[name][-1])
        tell(
            f"body {k + 1} of {bodies}: latency off by {1e3 * errors['latency_s'][-1]:.2f} ms, "
            f"worst factor {worst} by {errors[worst][-1]:.1%}"
        )
    return {
        "bodies": bodies,
        "seconds_each": seconds,
        "noise_rad": NOISE_RAD,
        "left_deg_median": round(float(np.median(left)), 4),
        "error": {
            name: {"median": round(float(np.median(found)), 5), "largest": round(max(found), 5)}
            for name, found in errors.items()
        },
        "unit": "relative; latency_s in s",
    }
