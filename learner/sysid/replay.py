"""The same setpoints, played by simulated bodies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from learner.sysid.trace import Trace
from shared.control.kinematics import forward
from shared.spaces import NUM_JOINTS, TICK_S
from sim.model import shared_model
from sim.randomize import Dynamics, VariedFleet

F64 = NDArray[np.float64]

SETTLE_TICKS = 40
"""Before each piece the first setpoint is held for so long: how far a body sags is its own affair."""


def replay(trace: Trace, bodies: Sequence[Dynamics], threads: int = 1) -> F64:
    """Where each body goes: (m, T, 9) rad at the end of each tick; 0 in rows that belong to no piece.

    Args:
        trace: whose setpoints are played; each piece begins at its first measured joints.
        bodies: m of them.
        threads: for the physics.
    """
    pieces, m = trace.pieces, len(bodies)
    fleet = VariedFleet(shared_model(), len(pieces) * m, threads)
    longest = SETTLE_TICKS + max(piece.stop - piece.start for piece in pieces)
    told = np.zeros((len(pieces) * m, longest, NUM_JOINTS))
    ticks = np.zeros(len(told), np.int64)
    out = np.zeros((m, len(trace.t_s), NUM_JOINTS))
    try:
        for k, piece in enumerate(pieces):
            wanted = trace.setpoints[piece]
            start = trace.joints[piece.start]
            position, R = forward(start[None])
            for j, body in enumerate(bodies):
                row = k * m + j
                fleet.become(row, body)
                fleet.place(row, start, position[0], R[0])
                ticks[row] = SETTLE_TICKS + len(wanted)
                told[row, :SETTLE_TICKS] = wanted[0]
                told[row, SETTLE_TICKS : ticks[row]] = wanted
        for rows, motion in fleet.start(np.arange(len(told)), told, ticks):
            for i, row in enumerate(rows.tolist()):
                out[row % m, pieces[row // m]] = motion.joint_pos[i, SETTLE_TICKS:]
    finally:
        fleet.close()
    return out


def synthetic(setpoints: F64, body: Dynamics, noise_rad: float, seed: int) -> Trace:
    """A trace of a simulated body that begins at its first setpoint (T, 9) rad, with measurement noise."""
    t_s = TICK_S * np.arange(1, len(setpoints) + 1, dtype=np.float64)
    told = Trace(t_s, setpoints, np.repeat(setpoints[:1], len(setpoints), axis=0))
    joints = replay(told, [body])[0]
    joints += noise_rad * np.random.default_rng(seed).standard_normal(joints.shape)
    return Trace(t_s, setpoints, joints)
