"""Reachy Mini through its SDK: the official daemon, on a robot or simulated, on this machine.

The SDK's threads talk to the daemon over a local WebSocket; `read` takes what they have cached, `write`
sends two small messages. Joint-level commands keep the daemon's inverse kinematics from coming between the
limiter and the motors.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot_agent.bodies.daemon_watch import DaemonWatch
from robot_agent.config import DAEMON_PORT
from shared.control.body import BodyState
from shared.control.kinematics import matrix_to_quat
from shared.errors import BodyError, MissingExtra
from shared.spaces import TICK_S

F64 = NDArray[np.float64]

STALE_S = 0.5
"""Wall time without a message from the daemon after which it counts as gone (it sends 50 a second)."""
CONNECT_S = 8.0
_VELOCITY_SHARE = 0.5
"""Weight of the newest difference in the velocity: the daemon gives positions only, at jittered ticks."""


class ReachyBody:
    """`Body` over `reachy_mini.ReachyMini`. Turns the motors on where they are; never moves by itself.

    Args:
        last_target: (9,) rad that an agent before this one wrote last, if known: the daemon holds it still,
            but cannot be asked for it.
        port: TCP port of the daemon on this machine.

    Raises:
        MissingExtra: reachy-mini is not installed.
        BodyError: no daemon answers on this machine.
    """

    def __init__(self, last_target: F64 | None = None, port: int = DAEMON_PORT) -> None:
        try:
            from reachy_mini import ReachyMini
        except ImportError as error:
            raise MissingExtra("robot", "reachy-mini") from error
        try:
            self._robot: Any = ReachyMini(
                media_backend="no_media",
                connection_mode="localhost_only",
                port=port,
                automatic_body_yaw=False,
                timeout=CONNECT_S,
            )
        except (ConnectionError, TimeoutError, OSError) as error:
            raise BodyError(
                f"no Reachy Mini daemon answers on this machine ({error}); start reachy-mini-daemon, "
                "with --sim --headless --no-media for a simulated robot"
            ) from error
        self._client = self._robot.client
        self._seen: Any = None
        self._seen_s = -STALE_S
        self._joints: F64 | None = None
        self._velocity = np.zeros(9)
        self._target = None if last_target is None else np.array(last_target, np.float64)
        self._enabled = False
        self._watch = DaemonWatch(port)
        self._forget_unheld_target()
        self._watch.start()

    def read(self) -> BodyState:
        """What the daemon reported last.

        Raises:
            BodyError: it has gone silent.
        """
        now = time.monotonic()
        message = self._client._last_joint_positions
        if message is not self._seen:
            self._measure(message, now)
        if now - self._seen_s > STALE_S or self._joints is None:
            raise BodyError(f"the Reachy Mini daemon has been silent for {now - self._seen_s:.2f} s")
        pose = np.asarray(self._client.get_current_head_pose(), np.float64)
        imu = self._client.get_current_imu_data()
        target = self._joints if self._target is None else self._target
        return BodyState(
            time_s=self._seen_s,
            joint_pos=self._joints.copy(),
            joint_vel=self._velocity.copy(),
            head_pos=pose[:3, 3].copy(),
            head_quat=matrix_to_quat(pose[None, :3, :3])[0],
            imu_accel=np.array(imu.accelerometer, np.float64) if imu else np.zeros(3),
            imu_gyro=np.array(imu.gyroscope, np.float64) if imu else np.zeros(3),
            target=target.copy(),
        )

    def write(self, target: F64) -> None:
        """Set the joint target, (9,) rad.

        Raises:
            BodyError: the connection is lost.
        """
        target = np.array(target, np.float64)
        try:
            if not self._enabled:
                self._robot.enable_motors()
                self._enabled = True
                self._watch.motors_wanted(True)
            head, antennas = to_sdk(target)
            self._robot._set_joint_positions(head, antennas)
        except (ConnectionError, OSError) as error:
            raise BodyError(f"the Reachy Mini daemon does not take commands: {error}") from error
        self._target = target

    def hold(self) -> None:
        """The daemon holds the last target by itself; say it once more."""
        self.write(self.read().target)

    def relax(self) -> None:
        """Motors off: the head drops."""
        self._watch.motors_wanted(False)
        self._robot.disable_motors()
        self._enabled = False
        self._target = None

    def faults(self) -> tuple[str, ...]:
        """What the daemon says is broken, and what other programs do to the robot."""
        status = self._client._last_status
        backend = getattr(status, "backend_status", None)
        errors = [getattr(status, "error", None), getattr(backend, "error", None)]
        told = tuple(f"daemon: {error}" for error in errors if error)
        return (*told, self._watch.fault) if self._watch.fault else told

    def close(self) -> None:
        """Disconnect; the daemon keeps the target."""
        self._watch.close()
        self._client.disconnect()

    def _forget_unheld_target(self) -> None:
        """Where the motors are off, the robot is where it is."""
        try:
            off = self._watch.mode() != "enabled"
        except (OSError, ValueError):
            return  # an older daemon; the guard compares the target with the pose
        if off:
            self._target = None

    def _measure(self, message: Any, now: float) -> None:
        joints = from_sdk(message.head_joint_positions, message.antennas_joint_positions)
        if self._joints is not None:
            elapsed = max(now - self._seen_s, 0.5 * TICK_S)
            newest = (joints - self._joints) / elapsed
            self._velocity += _VELOCITY_SHARE * (newest - self._velocity)
        self._joints, self._seen, self._seen_s = joints, message, now


def to_sdk(joints: F64) -> tuple[list[float], list[float]]:
    """(9,) rad in `JOINTS` order -> the SDK's head joints (7) and antennas [right, left].

    The SDK counts both antennas in the opposite sense to the MuJoCo model.
    """
    return joints[:7].tolist(), (-joints[7:]).tolist()


def from_sdk(head: list[float], antennas: list[float]) -> F64:
    """The inverse of `to_sdk`."""
    return np.array([*head, *(-np.asarray(antennas))], np.float64)
