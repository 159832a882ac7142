"""Many robots' physics, a whole decision at a time, by `mujoco.rollout`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

import mujoco
import numpy as np
from mujoco import rollout
from numpy.typing import NDArray

from shared.control.geometry import NEUTRAL_HEIGHT_M
from shared.spaces import TICK_S
from sim.model import SENSORS, Poser, joint_addresses

F64 = NDArray[np.float64]
Int = NDArray[np.int64]

_STATE = mujoco.mjtState.mjSTATE_FULLPHYSICS
GRAVITY = 9.81
CHUNK = 4
"""Robots rolled out in one call: large enough for the call not to matter."""


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
    """n robots that share a model; each has its own state.

    Work is cut into chunks of a few robots, the longest first, so that all threads end at about the same
    time: MuJoCo's own pool would have them wait for each other after every tool duration.
    """

    def __init__(self, model: mujoco.MjModel, n: int, threads: int) -> None:
        self.model = model
        self.substeps = round(TICK_S / model.opt.timestep)
        self._qpos, self._qvel = joint_addresses(model)
        self._poser = Poser(model)
        self._workers: SimpleQueue[tuple[rollout.Rollout, mujoco.MjData]] = SimpleQueue()
        for _ in range(max(threads, 1)):
            self._workers.put((rollout.Rollout(nthread=0), mujoco.MjData(model)))
        self._threads = ThreadPoolExecutor(threads, "physics") if threads > 1 else None
        self._state = np.zeros((n, mujoco.mj_stateSize(model, _STATE.value)))
        ends = np.cumsum([0] + [size for _, size in SENSORS])
        self._sensor = {name: slice(ends[i], ends[i + 1]) for i, (name, _) in enumerate(SENSORS)}

    def place(self, row: int, joints: F64, head_pos: F64, head_matrix: F64) -> None:
        """Put one robot at rest with these joints [rad] and this head pose."""
        self._state[row] = 0.0
        self._state[row, 1 : 1 + self.model.nq] = self._poser.qpos(joints, head_pos, head_matrix)

    def start(self, rows: Int, setpoints: F64, ticks: Int) -> Iterator[tuple[Int, Motion]]:
        """Begin to move the robots `rows` through setpoints (m, k, 9), each for its own number of ticks (m,).

        With threads this returns at once and they set to work; without, the work is done while iterating.

        Yields:
            Rows of robots that moved for equally long, and what they measured.
        """
        chunks = []
        for duration in np.unique(ticks)[::-1]:
            on = np.flatnonzero(ticks == duration)
            for i in range(0, len(on), CHUNK):
                some = on[i : i + CHUNK]
                chunks.append((rows[some], setpoints[some, :duration]))
        played = self._threads.map(self._roll, chunks) if self._threads else map(self._roll, chunks)
        return zip((some for some, _ in chunks), played, strict=True)

    def _roll(self, chunk: tuple[Int, F64]) -> Motion:
        rows, setpoints = chunk
        control = self._control(rows, setpoints)
        worker = self._workers.get()
        try:
            pool, data = worker
            states, sensors = pool.rollout(self._model_of(rows), data, self._state[rows], control)
        finally:
            self._workers.put(worker)
        self._state[rows] = states[:, -1]
        states = states[:, self.substeps - 1 :: self.substeps]
        sensors = sensors[:, self.substeps - 1 :: self.substeps]
        head = sensors[..., : self._sensor["head_quat"].stop].copy()
        head[..., 2] -= NEUTRAL_HEIGHT_M
        return Motion(
            states[..., 1 + self._qpos],
            states[..., 1 + self.model.nq + self._qvel],
            head,
            sensors[..., self._sensor["accel"]],
            sensors[..., self._sensor["gyro"]],
        )

    def _control(self, rows: Int, setpoints: F64) -> F64:
        """(m, k x substeps, 9): what the servos are told on each physics step."""
        return np.repeat(setpoints, self.substeps, axis=1)

    def _model_of(self, rows: Int) -> mujoco.MjModel | list[mujoco.MjModel]:
        """The model of these robots, or one for each."""
        return self.model

    def close(self) -> None:
        """End the threads."""
        if self._threads is not None:
            self._threads.shutdown()
