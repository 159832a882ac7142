"""What the guard says: whether it has latched a stop that was just asked for, and how it stands."""

from __future__ import annotations

import time

from robot_agent.files import RuntimeFiles
from robot_agent.frames import GuardState, LatchState, size, unpack
from shared.slots import Slot

GUARD_SILENT_S = 0.5
"""A guard that has not ticked for this long is not there, whatever it said last."""
_LOOK_S = 0.0005
_TICK_LOOK_S = 0.002

WHO = {
    "socket": "somebody in a shell at the robot",
    "key": "the space bar in the agent's terminal",
    "signal": "a signal to the guard",
    "button": "the button at the robot",
    "usb": "the USB button",
    "page": "the robot's page",
    "link": "the learner's page",
    "antenna": "a hand on an antenna",
    "supervisor": "the loss of somebody who watched",
    "policy": "the policy process",
    "unclean boot": "the power, which was cut while the robot ran",
    "damaged file": "a damaged file of the stop latch",
}
"""Who stopped the robot, by `GuardState.stop_source`, in words."""


class Guard:
    """The guard as other processes see it.

    Args:
        runtime: folder of the slots.
    """

    def __init__(self, runtime: RuntimeFiles) -> None:
        self.latches = Slot(runtime.latch, size(LatchState), create=True)
        self._states = Slot(runtime.state, size(GuardState), create=True)

    def state(self) -> GuardState | None:
        """Its state after its next tick; None if it does not tick."""
        seq, begun = self._states.seq(), time.monotonic()
        while self._states.seq() == seq:
            if time.monotonic() - begun > GUARD_SILENT_S:
                return None
            time.sleep(_TICK_LOOK_S)
        found = self._states.read()
        return unpack(GuardState, found[1]) if found else None


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


def stopped_by(source: str) -> str:
    """A source of stops in words."""
    return WHO.get(source, source or "nobody known")
