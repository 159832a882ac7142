"""Plays motion programs in MuJoCo behind the guard's shield: the only place where an untried one may run."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.control import shield
from shared.control.kinematics import forward
from shared.control.limits import LimiterState
from shared.control.programs import Library, play
from shared.programs import Program
from sim.model import shared_model
from sim.physics import Fleet

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

SETTLE_TICKS = 15
"""Ticks at the end in which the last setpoint stays, so that the body arrives."""


@dataclass(frozen=True)
class Run:
    """One program played once, T ticks; the last `SETTLE_TICKS` of them are the settling."""

    start: F64
    """(9,) rad."""
    planned: F64
    """(T, 9) rad: what the program asked for."""
    emitted: F64
    """(T, 9) rad: what the shield made of it."""
    changed: Bool
    """(T,) whether the two differ."""
    joints: F64
    """(T, 9) rad: measured."""
    head: F64
    """(T, 7): measured head position [m] and quaternion w x y z."""


def perform(
    program: Program,
    trials: Sequence[tuple[Mapping[str, float], F64]],
    library: Library | None = None,
) -> list[Run]:
    """Play a program once for each pair of arguments and start joints (9,) rad, all at once.

    Raises:
        ProgramError: the program cannot be played.
    """
    rows = []
    for args, start in trials:
        setpoints, _ = play(program, args, start[None], library)
        rows.append(np.concatenate([setpoints[0], np.repeat(setpoints[0, -1:], SETTLE_TICKS, axis=0)]))
    ticks = np.array([len(row) for row in rows], np.int64)
    starts = np.stack([start for _, start in trials])
    planned = np.stack([np.pad(row, ((0, int(ticks.max()) - len(row)), (0, 0)), mode="edge") for row in rows])
    _, emitted, changed = shield.limit_many(LimiterState.at(starts), planned)
    fleet = _fleet(len(rows))
    position, R = forward(starts)
    for k in range(len(rows)):
        fleet.place(k, starts[k], position[k], R[k])
    runs: dict[int, Run] = {}
    for some, motion in fleet.start(np.arange(len(rows)), emitted, ticks):
        for i, k in enumerate(some):
            n = int(ticks[k])
            runs[int(k)] = Run(
                starts[k], planned[k, :n], emitted[k, :n], changed[k, :n], motion.joint_pos[i], motion.head[i]
            )
    return [runs[k] for k in range(len(rows))]


@functools.lru_cache(maxsize=8)
def _fleet(n: int) -> Fleet:
    return Fleet(shared_model(), n, threads=1)
