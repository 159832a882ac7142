"""Bodies that differ: latency, gains, friction, damping, strength, noise and camera, drawn from ranges.

A policy that only ever met one simulated body learns that body. The same parameters are what
`reachy-coach sysid fit` finds for a recorded robot.
"""

from __future__ import annotations

import copy
import zlib
from dataclasses import dataclass, fields

import mujoco
import numpy as np
from numpy.typing import NDArray

from shared.control.rotations import rpy_to_matrix
from shared.errors import ConfigError
from sim.model import joint_addresses
from sim.physics import Fleet

F64 = NDArray[np.float64]
Int = NDArray[np.int64]

MODEL_STRENGTH_NM = 20.0
"""What the MJCF allows its servos: about 38 times what the real ones can do."""
REAL_STRENGTH_NM = 0.52
"""Stall torque of the robot's servos."""
MAX_LATENCY_S = 0.2
GROUPS = ("body", "head", "antennas")
_GROUP_OF_JOINT = np.array([0, 1, 1, 1, 1, 1, 1, 2, 2])
Three = tuple[float, float, float]
"""One factor for each of `GROUPS`."""


@dataclass(frozen=True)
class Dynamics:
    """How a body moves, relative to the MJCF where it says "factor". The default is the MJCF itself."""

    latency_s: float = 0.0
    """From a setpoint's tick to when the servos follow it, beyond the tick itself."""
    gain: Three = (1.0, 1.0, 1.0)
    """Factor of the servos' position gain."""
    damping: Three = (1.0, 1.0, 1.0)
    """Factor of the joints' damping, the servos' own velocity gain included."""
    friction: Three = (1.0, 1.0, 1.0)
    """Factor of the joints' dry friction; the head's also of its rods' ball joints."""
    strength_nm: float = MODEL_STRENGTH_NM
    """Greatest torque of a servo."""

    def __post_init__(self) -> None:
        values = [getattr(self, field.name) for field in fields(self)]
        flat = np.hstack([np.asarray(value, np.float64).ravel() for value in values])
        if flat.shape != (11,) or not np.isfinite(flat).all() or (flat < 0.0).any():
            raise ConfigError(f"no body has {self}: expected numbers of 0 or more, three for each factor")
        if self.latency_s > MAX_LATENCY_S or min(self.gain) <= 0.0 or self.strength_nm <= 0.0:
            raise ConfigError(
                f"no body has {self}: latency at most {MAX_LATENCY_S} s, gain and strength above 0"
            )


@dataclass(frozen=True)
class Camera:
    """How the eye is mounted, off from where it should be."""

    rpy_rad: Three = (0.0, 0.0, 0.0)
    offset_m: Three = (0.0, 0.0, 0.0)
    """In the head's frame."""

    def head_as_seen(self, head_pos: F64, R: F64) -> tuple[F64, F64]:
        """The head pose (n, 3), (n, 3, 3) from which a camera in its right place would see the same."""
        turned = R @ rpy_to_matrix(np.array([self.rpy_rad]))[0]
        return head_pos + R @ np.array(self.offset_m), turned


@dataclass(frozen=True)
class Drawn:
    """One body, with what it measures and sees."""

    dynamics: Dynamics
    joint_noise_rad: float
    """Standard deviation of measured joint positions."""
    velocity_noise: float
    """[rad/s]"""
    camera: Camera


@dataclass(frozen=True)
class Ranges:
    """Lowest and highest value of what is drawn evenly, factors evenly in their logarithm."""

    latency_s: tuple[float, float] = (0.0, 0.06)
    gain: tuple[float, float] = (0.7, 1.4)
    damping: tuple[float, float] = (0.5, 2.0)
    friction: tuple[float, float] = (0.5, 2.0)
    strength_nm: tuple[float, float] = (1.5, MODEL_STRENGTH_NM)
    joint_noise_rad: tuple[float, float] = (0.0005, 0.004)
    velocity_noise: tuple[float, float] = (0.005, 0.04)
    camera_rpy_deg: tuple[float, float] = (-1.5, 1.5)
    camera_offset_mm: tuple[float, float] = (-2.0, 2.0)

    def __post_init__(self) -> None:
        for field in fields(self):
            low, high = getattr(self, field.name)
            if not (np.isfinite([low, high]).all() and low <= high):
                raise ConfigError(
                    f"{field.name} = {low} .. {high}: expected two numbers, the lower one first"
                )
        if min(self.gain[0], self.damping[0], self.friction[0], self.strength_nm[0]) <= 0.0:
            raise ConfigError("gain, damping, friction and strength have to be above 0")

    def draw(self, rng: np.random.Generator) -> Drawn:
        """One body; the same generator state gives the same one."""

        def three(bounds: tuple[float, float]) -> Three:
            a, b, c = np.exp(rng.uniform(np.log(bounds[0]), np.log(bounds[1]), 3)).tolist()
            return a, b, c

        def even(bounds: tuple[float, float]) -> Three:
            a, b, c = rng.uniform(*bounds, 3).tolist()
            return a, b, c

        dynamics = Dynamics(
            latency_s=float(rng.uniform(*self.latency_s)),
            gain=three(self.gain),
            damping=three(self.damping),
            friction=three(self.friction),
            strength_nm=float(np.exp(rng.uniform(*np.log(self.strength_nm).tolist()))),
        )
        roll, pitch, yaw = even(self.camera_rpy_deg)
        x, y, z = even(self.camera_offset_mm)
        return Drawn(
            dynamics,
            float(rng.uniform(*self.joint_noise_rad)),
            float(rng.uniform(*self.velocity_noise)),
            Camera(
                (float(np.deg2rad(roll)), float(np.deg2rad(pitch)), float(np.deg2rad(yaw))),
                (1e-3 * x, 1e-3 * y, 1e-3 * z),
            ),
        )


REALISTIC = Dynamics(strength_nm=REAL_STRENGTH_NM)
"""The MJCF with servos as strong as the real ones."""


def with_dynamics(model: mujoco.MjModel, dynamics: Dynamics) -> mujoco.MjModel:
    """A copy of the model that moves so; latency is not the model's, see `VariedFleet`."""
    changed = copy.copy(model)
    group = _group_of_dof(model)
    changed.dof_damping[:] = model.dof_damping * np.asarray(dynamics.damping)[group]
    changed.dof_frictionloss[:] = model.dof_frictionloss * np.asarray(dynamics.friction)[group]
    gain = np.asarray(dynamics.gain)[_GROUP_OF_JOINT]
    changed.actuator_gainprm[:, 0] = model.actuator_gainprm[:, 0] * gain
    changed.actuator_biasprm[:, 1] = model.actuator_biasprm[:, 1] * gain
    velocity_gain = np.asarray(dynamics.damping)[_GROUP_OF_JOINT]
    changed.actuator_biasprm[:, 2] = model.actuator_biasprm[:, 2] * velocity_gain
    changed.actuator_forcerange[:] = (-dynamics.strength_nm, dynamics.strength_nm)
    return changed


def _group_of_dof(model: mujoco.MjModel) -> NDArray[np.int64]:
    """(nv,) index into `GROUPS`; the rods' ball joints belong to the head."""
    group = np.ones(model.nv, np.int64)
    _, qvel = joint_addresses(model)
    group[qvel] = _GROUP_OF_JOINT
    return group


class VariedFleet(Fleet):
    """A fleet whose robots move each in its own way."""

    def __init__(self, model: mujoco.MjModel, n: int, threads: int) -> None:
        super().__init__(model, n, threads)
        self._models, self._bodies = [model] * n, [Dynamics()] * n
        self._delay = np.zeros(n)  # physics steps
        self._keep = int(np.ceil(MAX_LATENCY_S / model.opt.timestep)) + 1
        self._past = np.zeros((n, self._keep, model.nu))  # what was told last, newest at the end

    def become(self, row: int, dynamics: Dynamics) -> None:
        """Give one robot another body; `place` it afterwards."""
        if dynamics in self._bodies:  # copies of a model are dear
            self._models[row] = self._models[self._bodies.index(dynamics)]
        else:
            self._models[row] = with_dynamics(self.model, dynamics)
        self._bodies[row] = dynamics
        self._delay[row] = dynamics.latency_s / self.model.opt.timestep

    def place(self, row: int, joints: F64, head_pos: F64, head_matrix: F64) -> None:
        """Put one robot at rest with these joints [rad] and this head pose; nothing is under way to it."""
        super().place(row, joints, head_pos, head_matrix)
        self._past[row] = joints

    def _control(self, rows: Int, setpoints: F64) -> F64:
        told = np.concatenate([self._past[rows], super()._control(rows, setpoints)], axis=1)
        self._past[rows] = told[:, -self._keep :]
        whole = np.floor(self._delay[rows]).astype(np.int64)
        part = (self._delay[rows] - whole)[:, None, None]
        steps = np.arange(self._keep, told.shape[1])[None] - whole[:, None]
        row = np.arange(len(rows))[:, None]
        return np.asarray((1.0 - part) * told[row, steps] + part * told[row, steps - 1])

    def _model_of(self, rows: Int) -> list[mujoco.MjModel]:
        return [self._models[row] for row in rows]


class DrawnFleet(VariedFleet):
    """A fleet in which every episode has a body drawn for it; the same start pose gets the same one.

    Args:
        model: what the bodies are variations of.
        n: how many robots.
        threads: for the physics.
        ranges: that bodies are drawn from.
        seed: another one gives other bodies.
    """

    def __init__(
        self, model: mujoco.MjModel, n: int, threads: int, ranges: Ranges | None = None, seed: int = 0
    ) -> None:
        super().__init__(model, n, threads)
        self._ranges, self._seed = ranges or Ranges(), seed
        still = self._ranges.draw(np.random.default_rng(seed))
        self.drawn: list[Drawn] = [still] * n
        """The bodies as they are now; those of robots that were never placed mean nothing."""

    def place(self, row: int, joints: F64, head_pos: F64, head_matrix: F64) -> None:
        """Put one robot at rest there, in a new body."""
        rng = np.random.default_rng([self._seed, zlib.crc32(np.ascontiguousarray(joints).tobytes())])
        self.drawn[row] = self._ranges.draw(rng)
        self.become(row, self.drawn[row].dynamics)
        super().place(row, joints, head_pos, head_matrix)
