"""The simulated robot as a body: a process of its own that holds the last target, spoken to by slots."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.control.body import BodyState
from shared.errors import BodyError, CodecError
from shared.simlink import (
    STATE_SIZE,
    STATE_SLOT,
    TARGET_SIZE,
    TARGET_SLOT,
    pack_target,
    unpack_state,
)
from shared.slots import Slot

STALE_S = 0.25
"""Wall time without a new state after which the simulated robot counts as gone."""


class SimulatedBody:
    """`Body` over the slots of `sim.robot`, which may be started later, or again.

    Args:
        folder: the runtime folder that both processes use.
    """

    def __init__(self, folder: Path) -> None:
        self._states = Slot(folder / STATE_SLOT, STATE_SIZE, create=True)
        self._targets = Slot(folder / TARGET_SLOT, TARGET_SIZE, create=True)
        # What is in the slot may be from a robot that has died: only what changes from now on counts.
        self._seq = self._states.seq()
        self._changed_s = -STALE_S
        self._target: NDArray[np.float64] | None = None

    def read(self) -> BodyState:
        """The newest state.

        Raises:
            BodyError: the simulated robot's process is gone, or wrote something else than a state.
        """
        now = time.monotonic()
        seq = self._states.seq()
        if seq != self._seq:
            self._seq, self._changed_s = seq, now
        if now - self._changed_s > STALE_S:
            raise BodyError(
                f"no state from the simulated robot for {STALE_S} s (slot {self._states.path}); "
                "its process is started by the agent's supervisor"
            )
        found = self._states.read()
        if found is None:
            raise BodyError("the simulated robot's state cannot be read")
        try:
            return unpack_state(found[1])
        except CodecError as error:
            raise BodyError(f"the simulated robot's state is damaged: {error}") from error

    def write(self, target: NDArray[np.float64]) -> None:
        """Set the joint target, (9,) rad."""
        self._target = np.array(target, np.float64)
        self._targets.write(pack_target(self._target))

    def hold(self) -> None:
        """Motors on at the last target; at the present one if none was written yet."""
        self.write(self._target if self._target is not None else self.read().target)

    def relax(self) -> None:
        """Motors off."""
        target = self._target if self._target is not None else self.read().target
        self._targets.write(pack_target(target, relax=True))

    def faults(self) -> tuple[str, ...]:
        """Its motors do not break."""
        return ()

    def close(self) -> None:
        """Detach; the robot keeps its target."""
        self._states.close()
        self._targets.close()
