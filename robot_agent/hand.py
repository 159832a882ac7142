"""A person's targets from the learner, as joints in the slot that the guard follows: the newest only, each
with an end."""

from __future__ import annotations

import logging
import time

import numpy as np
from numpy.typing import NDArray

from robot_agent.files import RuntimeFiles
from robot_agent.frames import Teleop, pack, size
from shared.control.envelope import clamp_pose
from shared.control.motions import ANTENNA_LIMIT_RAD, BODY_YAW_LIMIT_RAD, joints_of
from shared.messages import TeleopTarget
from shared.slots import Slot

F64 = NDArray[np.float64]

log = logging.getLogger("hand")

LATE_S = 0.2
"""Targets that may have waited for longer than this before they were read are dropped."""


class Hand:
    """The link's end of the slot."""

    def __init__(self, runtime: RuntimeFiles) -> None:
        self._slot = Slot(runtime.teleop, size(Teleop), create=True)
        self._released = ""

    def follow(self, message: TeleopTarget, waited_s: float) -> None:
        """Have the guard follow a target, or stop following.

        Args:
            message: as received.
            waited_s: how long it may have lain in the socket before this process looked.
        """
        now = time.monotonic()
        if message.active and (waited_s > LATE_S or message.session == self._released):
            log.warning("dropped a target that came too late (it may be %.0f ms old)", waited_s * 1e3)
            return
        if not message.active:
            self._released = message.session
        joints = joints_for(message)
        if joints is None:
            log.warning("dropped a target that no joints reach: %s", message)
            return
        until_s = now + message.deadline_s if message.active else now
        self._slot.write(pack(Teleop(message.active, joints, until_s)))


def joints_for(message: TeleopTarget) -> F64 | None:
    """(9,) rad: the nearest that the robot may be asked for; None where there is nothing of the kind."""
    yaw = np.clip(np.array([message.body_yaw]), -BODY_YAW_LIMIT_RAD, BODY_YAW_LIMIT_RAD)
    position, rpy, _ = clamp_pose(np.zeros((1, 3)), np.array([message.head_rpy]), yaw)
    antennas = np.clip(np.array([message.antennas]), -ANTENNA_LIMIT_RAD, ANTENNA_LIMIT_RAD)
    joints: F64 = joints_of(np.concatenate([rpy, position, yaw[:, None], antennas], axis=1))[0]
    return joints if np.isfinite(joints).all() else None
