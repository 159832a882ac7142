"""Many robots' physics, a whole decision at a time: one `mujoco.rollout` call per tool duration."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from mujoco import rollout
from numpy.typing import NDArray

from sim.model import HEAD_Z_M, SENSORS, Poser, joint_addresses

F64 = NDArray[np.float64]
Int = NDArray[np.int64]

_STATE = mujoco.mjtState.mjSTATE_FULLPHYSICS
GRAVITY = 9.81


@dataclass(frozen=True)
class Motion:
    """What m bodies measured after each of k ticks."""

    joint_pos: F64
    """(m, k, 9) rad."""
    joint_vel: F64
    """(m, k, 9) rad/s."""
    head: F64
    """(m, k, 7): head position [m], quaternion w x y z."""
    accel: F64
    """(m, k, 3) m/s^2."""
    gyro: F64
    """(m, k, 3) rad/s."""


class Fleet:
    """n robots that share a model; each has its own state."""

    def __init__(self, model: mujoco.MjModel, n: int, threads: int) -> None:
        self.model = model
        self.substeps = round(0.02 / model.opt.timestep)
        self._qpos, self._qvel = joint_addresses(model)
        self._poser = Poser(model)
        self._data = [mujoco.MjData(model) for _ in range(max(threads, 1))]
        self._pool = rollout.Rollout(nthread=threads if threads > 1 else 0)
        self._state = np.zeros((n, mujoco.mj_stateSize(model, _STATE.value)))
        ends = np.cumsum([0] + [size for _, size in SENSORS])
        self._sensor = {name: slice(ends[i], ends[i + 1]) for i, (name, _) in enumerate(SENSORS)}

    def place(self, row: int, joints: F64, head_pos: F64, head_matrix: F64) -> None:
        """Put one robot at rest with these joints [rad] and this head pose."""
        self._state[row] = 0.0
        self._state[row, 1 : 1 + self.model.nq] = self._poser.qpos(joints, head_pos, head_matrix)

    def run(self, rows: Int, setpoints: F64) -> Motion:
        """Move the robots `rows` through setpoints (m, k, 9), one a tick; returns what they measured."""
        m, k, _ = setpoints.shape
        control = np.repeat(setpoints, self.substeps, axis=1)
        states, sensors = self._pool.rollout(self.model, self._data, self._state[rows], control)
        self._state[rows] = states[:, -1]
        states = states[:, self.substeps - 1 :: self.substeps]
        sensors = sensors[:, self.substeps - 1 :: self.substeps]
        head = sensors[..., : self._sensor["head_quat"].stop].copy()
        head[..., 2] -= HEAD_Z_M
        return Motion(
            states[..., 1 + self._qpos],
            states[..., 1 + self.model.nq + self._qvel],
            head,
            sensors[..., self._sensor["accel"]],
            sensors[..., self._sensor["gyro"]],
        )

    def close(self) -> None:
        """End the threads."""
        self._pool.close()
