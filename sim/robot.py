"""The simulated robot as a process of its own: it holds its last target for ever, as the official daemon.

`python -m sim.robot --runtime-dir DIR --speed X [--reference]`. It takes joint targets from one slot and
publishes its state after every tick in another; nobody has to be there on the other side. Started anew, it
stands where the target slot says that it was last sent.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from shared.clock import Ratekeeper
from shared.control.body import BodyState
from shared.control.geometry import NEUTRAL_HEIGHT_M
from shared.control.kinematics import NEUTRAL, forward
from shared.control.limits import LIMITS
from shared.ending import Ending
from shared.errors import CoachError, CodecError, ConfigError
from shared.files import locked
from shared.simlink import STATE_SIZE, STATE_SLOT, TARGET_SIZE, TARGET_SLOT, pack_state, unpack_target
from shared.slots import Slot
from shared.spaces import TICK_S
from sim.model import STOCK, Physics, Poser, build, joint_addresses

F64 = NDArray[np.float64]

LOCK = "sim_robot.lock"


class SimulatedRobot:
    """One robot's physics, a tick at a time.

    Args:
        physics: settings; `STOCK` is the official daemon's.
        joints: (9,) rad to start at, at rest; the neutral pose if absent.
    """

    def __init__(self, physics: Physics | None = None, joints: F64 | None = None) -> None:
        self._physics = physics or Physics()
        self.model = build(self._physics)
        self.data = mujoco.MjData(self.model)
        self._qpos, self._qvel = joint_addresses(self.model)
        joints = NEUTRAL if joints is None else joints
        position, R = forward(joints[None])
        self.data.qpos[:] = Poser(self.model).qpos(joints, position[0], R[0])
        self.data.ctrl[:] = joints
        mujoco.mj_forward(self.model, self.data)

    def write(self, target: F64, relax: bool = False) -> None:
        """Set the joint target, (9,) rad; `relax` takes the motors' power away until the next write."""
        self.data.ctrl[:] = target
        # All actuators are in group 0.
        self.model.opt.disableactuator = 1 if relax else 0

    def tick(self) -> None:
        """Let one control tick (20 ms) of simulated time pass."""
        mujoco.mj_step(self.model, self.data, self._physics.substeps)

    def read(self) -> BodyState:
        """The present state."""
        sensor = self.data.sensordata
        return BodyState(
            time_s=float(self.data.time),
            joint_pos=self.data.qpos[self._qpos].copy(),
            joint_vel=self.data.qvel[self._qvel].copy(),
            head_pos=sensor[:3] - (0.0, 0.0, NEUTRAL_HEIGHT_M),
            head_quat=sensor[3:7].copy(),
            imu_accel=sensor[7:10].copy(),
            imu_gyro=sensor[10:13].copy(),
            target=self.data.ctrl.copy(),
        )


class _Targets:
    """The newest target that somebody wrote, if it is new and makes sense."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._seq = -1

    def fresh(self) -> tuple[F64, bool] | None:
        if self._slot.seq() == self._seq:
            return None
        found = self._slot.read()
        if found is None:
            return None
        self._seq = found[0]
        try:
            return unpack_target(found[1])
        except CodecError as error:
            print(f"sim.robot: a target was ignored: {error}", file=sys.stderr, flush=True)
            return None


def run(runtime_dir: Path, speed: float = 1.0, reference: bool = False) -> int:
    """Simulate until SIGTERM or SIGINT.

    Args:
        runtime_dir: folder of the slots; made if need be.
        speed: simulated seconds in one second of wall time.
        reference: step as the official daemon does (2 ms), more slowly.

    Returns:
        0.

    Raises:
        ConfigError: the speed is not above zero.
        AlreadyRunning: another simulated robot uses this folder.
        MissingExtra: reachy-mini is not installed.
    """
    if not 0.0 < speed < np.inf:
        raise ConfigError(f"speed must be above 0, got {speed}")
    runtime_dir.mkdir(parents=True, exist_ok=True)
    ending = Ending(signal.SIGTERM, signal.SIGINT)
    complaint = f"another simulated robot already uses {runtime_dir}; stop it or choose another --runtime-dir"
    with locked(runtime_dir / LOCK, complaint):
        states = Slot(runtime_dir / STATE_SLOT, STATE_SIZE, create=True)
        targets = _Targets(Slot(runtime_dir / TARGET_SLOT, TARGET_SIZE, create=True))
        last = targets.fresh()
        start = np.clip(last[0], LIMITS.low, LIMITS.high) if last is not None else None
        robot = SimulatedRobot(STOCK if reference else Physics(), start)
        states.write(pack_state(robot.read()))
        keeper = Ratekeeper(TICK_S / speed)
        while not ending:
            keeper.wait()
            target = targets.fresh()
            if target is not None:
                robot.write(*target)
            robot.tick()
            states.write(pack_state(robot.read()))
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the process."""
    parser = argparse.ArgumentParser(prog="python -m sim.robot", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runtime-dir", type=Path, required=True, help="folder of the slots")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds in a second")
    parser.add_argument("--reference", action="store_true", help="the official daemon's 2 ms steps")
    options = parser.parse_args(arguments)
    try:
        return run(options.runtime_dir, options.speed, options.reference)
    except CoachError as error:
        print(f"sim.robot: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
