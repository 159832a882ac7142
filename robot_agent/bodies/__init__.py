"""Robot bodies behind `shared.control.body.Body`: a simulated robot's process, the SDK's daemon."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robot_agent.config import AgentConfig
from robot_agent.frames import GuardState, size, unpack
from shared.control.body import Body
from shared.slots import Slot

F64 = NDArray[np.float64]


def open_body(config: AgentConfig) -> Body:
    """The configured body.

    Raises:
        BodyError: it cannot be reached.
        MissingExtra: its package is not installed.
    """
    if config.body == "mujoco":
        from robot_agent.bodies.simulated import SimulatedBody

        return SimulatedBody(config.runtime.folder)
    if config.body == "reachy":
        from robot_agent.bodies.reachy import ReachyBody

        return ReachyBody(_last_target(config), config.daemon_port)
    from shared.control.still_body import StillBody

    return StillBody()


def _last_target(config: AgentConfig) -> F64 | None:
    """(9,) rad: the setpoint that a guard before this one wrote last, from shared memory."""
    found = Slot(config.runtime.state, size(GuardState), create=True).read()
    state = unpack(GuardState, found[1]) if found else None
    return state.target if state is not None and not state.limp else None
