"""Setpoints that tell much about a body: all kinds of the robot's own motions, behind the guard's shield."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.control import shield
from shared.control.limits import LimiterState
from shared.control.motions import TICKS, plan
from shared.spaces import TICK_S
from shared.tools import TOOL_INDEX

F64 = NDArray[np.float64]

REST_TICKS = 25
"""At the start, so that the body settles, and now and then in between."""
_MOTIONS = (
    "nod", "sway", "wave_antennas", "turn_body", "shake", "set_antennas", "wobble", "turn_head", "bob",
    "pitch_head", "roll_head", "move_head", "track",
)  # fmt: skip


def excitation(start: F64, seconds: float, seed: int = 0) -> F64:
    """(T, 9) rad from where the robot is: home, then motions of all kinds, every setpoint within all limits.

    Args:
        start: (9,) rad, at rest.
        seconds: how long.
        seed: of sizes and tempos.
    """
    rng = np.random.default_rng(seed)
    state, count = LimiterState.at(start[None]), round(seconds / TICK_S)
    parts = [np.repeat(start[None], REST_TICKS, axis=0)]
    names = ["go_home", "go_home"]
    while sum(len(part) for part in parts) < count:
        if not names:
            names = [*rng.permutation(_MOTIONS).tolist(), "go_home", "wait"]
        tool = TOOL_INDEX[names.pop(0)]
        rows = plan(np.array([tool]), rng.uniform(-1.0, 1.0, (1, 4)), state.pos)[:, : TICKS[tool]]
        state, emitted, _ = shield.limit_many(state, rows)
        parts.append(emitted[0])
    return np.concatenate(parts)[:count]
