"""Finds the parameters with which a simulated body goes where a recorded one went.

Levenberg and Marquardt's way: least squares of the difference in joint angles, with the derivatives from
bodies that differ a little in one parameter each, all simulated at once. Factors are sought in their
logarithm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from learner.sysid.replay import replay
from learner.sysid.trace import Trace
from sim.randomize import GROUPS, MAX_LATENCY_S, MODEL_STRENGTH_NM, Dynamics

F64 = NDArray[np.float64]

LATENCY_UNIT_S = 0.01
FACTORS = ("gain", "damping", "friction")
NAMES = ("latency_s", *(f"{name}_{group}" for name in FACTORS for group in GROUPS))
_STEP = 0.02
_WIDEST = np.log(8.0)
"""Factors stay within 1/8 .. 8."""
_DAMPINGS = 10.0 ** np.arange(-3.0, 2.0)
MAX_ROUNDS = 25
_ENOUGH = 1e-4
UNKNOWN = 0.5
"""A parameter whose standard error (of its logarithm, or in `LATENCY_UNIT_S`) is larger is not told by the
trace."""


@dataclass(frozen=True)
class Fitted:
    """What was found."""

    dynamics: Dynamics
    errors: dict[str, float]
    """Standard error of each parameter: relative, `latency_s` in s. Too small where what is left is no
    noise."""
    rms_deg: float
    """Of the differences in joint angle that are left."""
    before_deg: float
    """The same with the body that the search began from."""
    rounds: int

    @property
    def unknown(self) -> tuple[str, ...]:
        """Parameters that the trace does not tell."""
        return tuple(
            name
            for name, error in self.errors.items()
            if error > UNKNOWN * (LATENCY_UNIT_S if name == "latency_s" else 1.0)
        )


def fit(
    trace: Trace,
    strength_nm: float = MODEL_STRENGTH_NM,
    tell: Callable[[int, float], None] = lambda *_: None,
    threads: int = 1,
) -> Fitted:
    """The body that fits a trace best.

    Args:
        trace: every piece at rest at its start.
        strength_nm: greatest torque of its servos, which has to be known.
        tell: gets each round's number and what is left, in degrees.
        threads: for the physics.
    """

    in_piece = np.concatenate([np.arange(piece.start, piece.stop) for piece in trace.pieces])

    def off(thetas: F64) -> F64:
        """(m, residuals) rad for m parameter vectors."""
        gone = replay(trace, [body(theta, strength_nm) for theta in thetas], threads)
        return (gone - trace.joints)[:, in_piece].reshape(len(thetas), -1)

    theta = np.zeros(len(NAMES))
    theta[0] = 1.0
    left = off(theta[None])[0]
    before, rounds = _rms_deg(left), 0
    while rounds < MAX_ROUNDS:
        rounds += 1
        slope = _slope(off, theta, left)
        tries = [_bounded(theta + step) for step in _steps(slope, left)]
        found = off(np.array(tries))
        best = int(np.argmin((found**2).sum(axis=1)))
        gained = 1.0 - (found[best] ** 2).sum() / (left**2).sum()
        if gained > 0.0:
            theta, left = tries[best], found[best]
        tell(rounds, _rms_deg(left))
        if gained < _ENOUGH:
            break
    errors = _errors(_slope(off, theta, left), left)
    return Fitted(body(theta, strength_nm), errors, _rms_deg(left), before, rounds)


def body(theta: F64, strength_nm: float) -> Dynamics:
    """The body that a parameter vector stands for."""
    factors = np.exp(theta[1:]).reshape(len(FACTORS), len(GROUPS)).tolist()
    threes = {name: (a, b, c) for name, (a, b, c) in zip(FACTORS, factors, strict=True)}
    return Dynamics(latency_s=LATENCY_UNIT_S * float(theta[0]), strength_nm=strength_nm, **threes)


def values(dynamics: Dynamics) -> dict[str, float]:
    """Every fitted parameter by its name."""
    found = {"latency_s": dynamics.latency_s}
    for name in FACTORS:
        found |= {
            f"{name}_{group}": value for group, value in zip(GROUPS, getattr(dynamics, name), strict=True)
        }
    return found


def _bounded(theta: F64) -> F64:
    out = np.clip(theta, -_WIDEST, _WIDEST)
    out[0] = np.clip(theta[0], 0.0, MAX_LATENCY_S / LATENCY_UNIT_S - 1.0)
    return out


def _slope(off: Callable[[F64], F64], theta: F64, left: F64) -> F64:
    """(residuals, parameters)."""
    return np.asarray((off(theta + _STEP * np.eye(len(theta))) - left).T / _STEP)


def _steps(slope: F64, left: F64) -> list[F64]:
    """Steps towards the least squares, from bold to careful."""
    square, towards = slope.T @ slope, slope.T @ left
    scale = np.diag(np.maximum(np.diag(square), 1e-9))
    return [-np.linalg.solve(square + damping * scale, towards) for damping in _DAMPINGS]


def _errors(slope: F64, left: F64) -> dict[str, float]:
    noise = float(left @ left) / max(len(left) - len(NAMES), 1)
    spread = np.sqrt(noise * np.diag(np.linalg.pinv(slope.T @ slope + 1e-12 * np.eye(len(NAMES)))))
    spread[0] *= LATENCY_UNIT_S
    return dict(zip(NAMES, spread.tolist(), strict=True))


def _rms_deg(left: F64) -> float:
    return float(np.rad2deg(np.sqrt(np.mean(left**2))))


assert {*FACTORS, "latency_s", "strength_nm"} == {field.name for field in fields(Dynamics)}
