"""The seam between control and a body: read a state, write a joint target, hold, relax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class BodyState:
    """What a body measures at one instant."""

    time_s: float
    """Body clock [s]: monotonic on a robot, simulated time in MuJoCo."""
    joint_pos: F64
    """(9,) rad, in the order of `shared.spaces.JOINTS`; antennas in the MuJoCo model's sign."""
    joint_vel: F64
    """(9,) rad/s."""
    head_pos: F64
    """(3,) m: head frame in the robot's base frame; (0, 0, 0) at the neutral pose."""
    head_quat: F64
    """(4,) w x y z, unit: head frame in the base frame; identity looks along +x, z up."""
    imu_accel: F64
    """(3,) m/s^2; zeros where the body has no IMU."""
    imu_gyro: F64
    """(3,) rad/s; zeros where the body has no IMU."""
    target: F64
    """(9,) rad: the joint target the body holds at present."""


class Body(Protocol):
    """A robot body. Joint targets are absolute [rad] in `JOINTS` order; a body adapts signs and orders."""

    def read(self) -> BodyState:
        """The newest state; never blocks longer than a tick.

        Raises:
            BodyError: the body did not answer in time.
        """
        ...

    def write(self, target: F64) -> None:
        """Set the joint target, (9,) rad. Only the guard calls this, once a tick, after the limiter."""
        ...

    def hold(self) -> None:
        """Keep the last target with motors on."""
        ...

    def relax(self) -> None:
        """Motors off; the head drops on a real robot."""
        ...

    def faults(self) -> tuple[str, ...]:
        """What the body says is broken, in words; asked once a tick, so it never waits for anything."""
        ...

    def close(self) -> None:
        """Let go of the body without moving it."""
        ...
