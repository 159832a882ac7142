"""How like a made tool's motion a measured motion was, whoever made it and by whatever means."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.control.kinematics import forward
from shared.control.motions import joints_of
from shared.control.programs import Library, play
from shared.programs import Program
from sim.tasks.gestures import CONFIG, channels

F64 = NDArray[np.float64]

LAGS = range(9)
"""Ticks by which a body may be late (0.16 s)."""
_SWING = np.array(CONFIG.swing)


def shape(program: Program, library: Library) -> F64:
    """(k, 7) of the gestures' channels while the program is played from home, as asked for."""
    rows, _ = play(program, {}, joints_of(np.zeros((1, 9))), library)
    position, R = forward(rows[0])
    head = np.concatenate([position, np.zeros((len(position), 4))], axis=1)  # R stands for the quaternion
    found: F64 = channels(rows, head[None], R[None])[0]
    return found


def unlikeness(measured: F64, wanted: F64) -> float:
    """How far a motion is from the wanted one, as a share of what the wanted one moves: 0 is the same, 1 as
    far off as not moving at all.

    A motion from elsewhere takes longer to begin, so the ends are compared: each channel around its mean, in
    units of the least swing that counts as one.

    Args:
        measured: (t, 7) channels of one decision, measured.
        wanted: (k, 7) of `shape`.
    """
    moved = _around_mean(wanted)
    scale = float(np.sqrt((moved**2).sum(axis=1).mean()))
    found = np.inf
    for lag in LAGS:
        n = min(len(measured), len(wanted) - lag)
        if n < len(wanted) // 2:
            break
        off = _around_mean(measured[len(measured) - n :]) - _around_mean(
            wanted[len(wanted) - lag - n : len(wanted) - lag]
        )
        found = min(found, float(np.sqrt((off**2).sum(axis=1).mean())))
    return found / scale if scale > 0.0 else np.inf


def _around_mean(rows: F64) -> F64:
    centred: F64 = (rows - rows.mean(axis=0)) / _SWING
    return centred
