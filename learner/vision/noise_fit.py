"""Fits `shared.control.vision.Measured` to what the detector really missed, misplaced and made up."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learner.vision.evaluate import Look
from shared.control.vision import Measured, causes
from shared.errors import ConfigError
from shared.files import write_atomic
from sim.shots import NAMES

F64 = NDArray[np.float64]

LOG_OF_NORMAL = -0.6352
"""Mean of ln|x| of a standard normal x: minus half of Euler's constant and ln 2."""
FAR = 3.0
"""A centre error beyond this many standard deviations belongs to the tail."""
LEAST_ERROR = 1e-4
RIDGE = 1.0
FEWEST = 50


def fit(looks: Sequence[Look], threshold: float) -> Measured:
    """The noise of a detector that was seen at work.

    Args:
        looks: frames with what was found and what is there.
        threshold: of the detector.

    Raises:
        ConfigError: too few things were found or missed to say anything.
    """
    why, hit = [], []
    at, u_off, v_off, size_off, sure = [], [], [], [], []
    false, chances = 0, 0
    for one in looks:
        truth = one.match.truth[one.match.truth["clear"]]
        rows = _why(truth, one.brightness)
        found = one.match.found[one.match.truth["clear"]]
        why.append(rows)
        hit.append(found)
        for i in np.flatnonzero(one.match.of >= 0):
            seen, thing = one.match.seen[i], one.match.truth[one.match.of[i]]
            at.append(_why(thing[None], one.brightness)[0])
            u_off.append(float(seen["u"] - thing["u"]))
            v_off.append(float(seen["v"] - thing["v"]))
            size_off.append(float(seen["size"] / thing["size"]) - 1.0)
            sure.append(float(seen["confidence"]))
        false += int((one.match.of == -1).sum())
        chances += len(NAMES)
    x, y = np.concatenate(why), np.concatenate(hit)
    if len(at) < FEWEST:
        raise ConfigError(f"{len(at)} things were found; at least {FEWEST} are needed to fit their errors")
    a, u, v = np.array(at), np.array(u_off), np.array(v_off)
    centre = _log_spread(a, u)
    z = np.abs(u) / np.exp(a @ centre)
    # A normal error is beyond FAR in 0.27 % of cases.
    tail = max(float((z > FAR).mean()) - 0.0027, 0.0)
    factor = float(np.sqrt((z[z > FAR] ** 2).mean())) if tail > 0.0 else 1.0
    v_over_u = math.exp(float(np.median(_logs(v)) - np.median(_logs(u))))
    confidence = _least_squares(a, np.array(sure))
    return Measured(
        miss=_four(_logistic(x, ~y)),
        centre=_four(centre),
        v_over_u=v_over_u,
        size=_four(_log_spread(a, np.array(size_off))),
        tail=tail,
        tail_factor=factor,
        confidence=_four(confidence),
        confidence_spread=float(np.std(np.array(sure) - a @ confidence)),
        least_confidence=threshold,
        false_alarm=false / max(chances, 1),
    )


def write(path: Path, measured: Measured, sha256: str, frames: int) -> None:
    """Where `Noise.fitted` reads it, with the detector that it is of."""
    document = {"detector_sha256": sha256, "frames": frames, "measured": asdict(measured)}
    write_atomic(path, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())


def _why(truth: NDArray[np.void], brightness: float) -> F64:
    """(m, 4): 1, small, dim, edge."""
    u, v, size = (truth[name].astype(np.float64) for name in ("u", "v", "size"))
    return np.stack([np.ones(len(truth)), *causes(u, v, size, brightness)], axis=1)


def _logs(off: F64) -> F64:
    return np.asarray(np.log(np.maximum(np.abs(off), LEAST_ERROR)))


def _log_spread(x: F64, off: F64) -> F64:
    """Weights of ln(standard deviation): a regression of ln|error|, in which a tail counts little."""
    weights = _least_squares(x, _logs(off))
    weights[0] -= LOG_OF_NORMAL
    return weights


def _least_squares(x: F64, y: F64) -> F64:
    penalty = RIDGE * np.diag([0.0, *np.ones(x.shape[1] - 1)])
    return np.asarray(np.linalg.solve(x.T @ x + penalty, x.T @ y))


def _logistic(x: F64, y: NDArray[np.bool_]) -> F64:
    """Weights of the log odds of y, by Newton's method with a slight pull to 0."""
    penalty = RIDGE * np.diag([0.0, *np.ones(x.shape[1] - 1)])
    weights = np.zeros(x.shape[1])
    # Never all or none: half a case of each is added.
    mean = (y.sum() + 0.5) / (len(y) + 1.0)
    weights[0] = math.log(mean / (1.0 - mean))
    for _ in range(30):
        p = 1.0 / (1.0 + np.exp(-(x @ weights)))
        slope = x.T @ (y - p) - penalty @ weights
        if np.abs(slope).max() < 1e-8:
            break
        curve = (x * (p * (1.0 - p))[:, None]).T @ x + penalty + 1e-9 * np.eye(x.shape[1])
        weights = weights + np.clip(np.linalg.solve(curve, slope), -2.0, 2.0)
    return weights


def _four(weights: F64) -> tuple[float, float, float, float]:
    a, b, c, d = (round(float(w), 5) for w in weights)
    return a, b, c, d
