"""Whether the guard has latched a stop that was just asked for."""

from __future__ import annotations

import time

from robot_agent.frames import LatchState, unpack
from shared.slots import Slot

_LOOK_S = 0.0005


def wait_latched(latches: Slot, asked_s: float, timeout_s: float) -> float | None:
    """Wait for the latch of a stop asked for at `asked_s` on the monotonic clock.

    Returns:
        Time from there to the latch [s]; None if the guard has not shown it within `timeout_s`.
    """
    while time.monotonic() - asked_s < timeout_s:
        found = latches.read()
        latch = unpack(LatchState, found[1]) if found else None
        if latch is not None and latch.latched and latch.time_s >= asked_s:
            return latch.time_s - asked_s
        time.sleep(_LOOK_S)
    return None
