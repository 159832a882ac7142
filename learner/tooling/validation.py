"""The trial that every made tool has to pass before it may leave simulation.

First what can be said without playing it (`shared.control.program_bounds`), then MuJoCo behind the guard's
shield: its defaults from four start poses, and every corner of its parameters from two. It fails if the
shield had to change its trajectory materially, if a second opinion finds a limit broken, or if the body
could not follow.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learner.gate import beyond_cone, beyond_motion
from learner.tooling.simulate import Run, perform
from shared.control.clearance import antenna_clearance, head_clearance
from shared.control.kinematics import NEUTRAL, forward
from shared.control.motions import joints_of
from shared.control.program_bounds import check
from shared.control.programs import Library
from shared.errors import ProgramError
from shared.made_tools import FIGURES, Certificate, Validated, closure
from shared.programs import Program
from shared.signing import SigningKey
from shared.spaces import TICK_S

F64 = NDArray[np.float64]

MAX_CHANGED_SHARE = 0.02
"""Share of a run's ticks on which the shield may have stepped in."""
MAX_CHANGE_RAD = np.deg2rad(0.5)
"""How far it may have moved a setpoint."""
MAX_TRACKING_RAD = np.deg2rad(12.0)
"""How far a joint may be from its setpoint in simulation."""
MARGIN_M = 0.002
"""Least distance of head and antennas from the trunk."""

_DEG = np.pi / 180.0
START_POSES: F64 = (
    np.array(
        [
            [0, 0, 0, 0, 0, 0, 0, 0, 0],
            [8, 14, -8, 0, 0, 0, -20, 30, -30],
            [-10, -12, 20, 0, 0, 0, 40, -60, 10],
            [0, 20, -50, 0, 0, 0, -70, 0, 80],
        ]
    )
    * _DEG
)  # roll pitch yaw x y z body right left, base frame
"""Poses that a trial begins from: home, and three that a robot is found in, heads and bodies turned."""


@dataclass(frozen=True)
class Report:
    """How a trial ended."""

    passed: bool
    reason: str = ""
    """Why not, for people."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """See `shared.made_tools.FIGURES`; empty where it was not even played."""


def starts() -> F64:
    """(n, 9) rad: joints of `START_POSES`."""
    return joints_of(START_POSES)


def corners(program: Program) -> list[dict[str, float]]:
    """Default arguments first, then every combination of lowest and highest ones."""
    found = [program.defaults()]
    names = [p.name for p in program.params]
    for ends in itertools.product(*((p.low, p.high) for p in program.params)):
        args = dict(zip(names, ends, strict=True))
        if args not in found:
            found.append(args)
    return found


def validate(program: Program, library: Library | None = None) -> Report:
    """Try a program, whatever it is; never raises for what the program does."""
    library = library or {}
    try:
        check(program, library)
        runs = _played(program, library)
    except ProgramError as error:
        return Report(False, str(error))
    reasons, figures = [], []
    for run, label in runs:
        one = measure(run)
        figures.append(one)
        reason = complaint(one)
        if reason:
            reasons.append(f"{label}: {reason}")
    whole = {name: max(one[name] for one in figures) for name in figures[0]}
    whole["runs"] = float(len(runs))
    whole["violations"] = sum(one["violations"] for one in figures)
    whole["ticks"] = sum(one["ticks"] for one in figures)
    more = f" (and {len(reasons) - 1} more of {len(runs)} runs)" if len(reasons) > 1 else ""
    return Report(not reasons, reasons[0] + more if reasons else "", {k: float(whole[k]) for k in FIGURES})


def certify(program: Program, library: Library, report: Report, key: SigningKey) -> Validated:
    """Sign for a program that passed.

    Raises:
        ProgramError: it did not.
    """
    if not report.passed:
        raise ProgramError(f"{program.name} did not pass its trial: {report.reason}")
    said = Certificate.signed(program.digest, report.figures, key)
    return Validated(program, closure(program, library), said, (key.public,))


def measure(run: Run) -> dict[str, float]:
    """The figures of one run."""
    change = np.abs(run.emitted - run.planned).max(initial=0.0)
    at_rest = np.repeat(run.start[None], 3, axis=0)
    return {
        "ticks": float(len(run.planned)),
        "seconds": len(run.planned) * TICK_S,
        "violations": float(violations(np.concatenate([at_rest, run.emitted]))),
        "changed_share": float(run.changed.mean()),
        "largest_change_deg": float(np.rad2deg(change)),
        "tracking_deg": float(np.rad2deg(np.abs(run.joints - run.emitted).max())),
    }


def complaint(figures: Mapping[str, float]) -> str:
    """What is wrong with a run, or ""."""
    if figures["violations"]:
        return f"{figures['violations']:.0f} setpoints beyond a limit"
    if figures["largest_change_deg"] > np.rad2deg(MAX_CHANGE_RAD):
        return (
            f"the limiter had to move setpoints by up to {figures['largest_change_deg']:.1f} deg "
            f"(at most {np.rad2deg(MAX_CHANGE_RAD):g}): too fast or too far; make it slower or smaller"
        )
    if figures["changed_share"] > MAX_CHANGED_SHARE:
        share = figures["changed_share"]
        return f"the limiter stepped in on {share:.0%} of the ticks; make it slower or smaller"
    if figures["tracking_deg"] > np.rad2deg(MAX_TRACKING_RAD):
        return f"the body lags {figures['tracking_deg']:.1f} deg behind; make it slower"
    return ""


def violations(setpoints: F64) -> int:
    """Setpoints after the first three, (n, 9) rad, that break a limit of motion, cone or clearance."""
    now = setpoints[3:]
    broken = beyond_motion(setpoints) | beyond_cone(now)
    still = now.copy()
    still[:, 0] = 0.0  # clearance is judged as seen from the body
    position, R = forward(still)
    broken |= head_clearance(position, R) < MARGIN_M - 1e-9
    broken |= (antenna_clearance(position, R, now[:, 7:]) < MARGIN_M - 1e-9).any(axis=1)
    return int(broken.sum())


def _played(program: Program, library: Library) -> list[tuple[Run, str]]:
    trials, labels = [], []
    poses = starts()
    for number, args in enumerate(corners(program)):
        told = ", ".join(f"{name} {value:g}" for name, value in args.items()) or "no parameters"
        # Seen from the body, runs differ in the way to the program's start pose and in axes it leaves alone.
        for k in range(len(poses)) if number == 0 else (0, len(poses) - 1):
            start = poses[k]
            trials.append((args, start))
            labels.append(f"{told}, from start pose {k}")
    return list(zip(perform(program, trials, library), labels, strict=True))


assert np.isfinite(starts()).all()
assert np.allclose(starts()[0], NEUTRAL)
