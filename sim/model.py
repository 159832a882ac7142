"""Reachy Mini's physics: the wheel's own MJCF, stripped to what moves and collides, at measured settings.

The settings are a trade of speed against the error to the official daemon's 2 ms reference; see
`docs/decisions/0002-physics-settings.md` and `reachy-coach bench sim`.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from shared.control.geometry import NEUTRAL_HEIGHT_M
from shared.errors import MissingExtra
from shared.spaces import JOINTS, TICK_S

F64 = NDArray[np.float64]

MJCF_JOINTS = ("yaw_body", *JOINTS[1:])
"""The MJCF's names of the nine actuated joints, in the order of `JOINTS`."""
SENSORS = (("head_pos", 3), ("head_quat", 4), ("accel", 3), ("gyro", 3))
"""Sensor runs of the physics model, in order, with their sizes."""


@dataclass(frozen=True)
class Physics:
    """How the physics is stepped."""

    timestep_s: float = 0.005
    implicit_fast: bool = True
    strip_visual: bool = True
    """Leave out meshes that never touch anything."""

    @property
    def substeps(self) -> int:
        """Physics steps in one control tick."""
        return round(TICK_S / self.timestep_s)


STOCK = Physics(timestep_s=0.002, implicit_fast=False, strip_visual=False)
"""The official daemon's settings: the reference for error and speed."""


def mjcf_path(scene: str) -> Path:
    """Path of a scene (`empty` or `minimal`) in the installed reachy-mini package.

    Raises:
        MissingExtra: reachy-mini is not installed.
    """
    # find_spec instead of an import: the SDK itself costs half a second and 68 MB.
    from importlib.util import find_spec

    spec = find_spec("reachy_mini")
    if spec is None or spec.origin is None:
        raise MissingExtra("sim", "reachy-mini")
    return Path(spec.origin).parent / "descriptions" / "reachy_mini" / "mjcf" / "scenes" / f"{scene}.xml"


def robot_spec(scene: str = "empty") -> mujoco.MjSpec:
    """The wheel's scene as an editable spec."""
    return mujoco.MjSpec.from_file(str(mjcf_path(scene)))


def strip_visual(spec: mujoco.MjSpec) -> None:
    """Delete geoms that never collide, and the floor; masses are explicit in the MJCF, so dynamics stay."""
    for geom in list(spec.geoms):
        if (geom.contype == 0 and geom.conaffinity == 0) or geom.name == "floor":
            geom.delete()
    delete_unused_meshes(spec)


def delete_unused_meshes(spec: mujoco.MjSpec) -> None:
    """Leave out what no geom uses: compiling takes a twentieth of the time."""
    used = {geom.meshname for geom in spec.geoms}
    for mesh in list(spec.meshes):
        if (mesh.name or Path(mesh.file).stem) not in used:
            mesh.delete()


def add_sensors(spec: mujoco.MjSpec) -> None:
    """Head pose and IMU as sensors, so that a rollout returns them for every step."""
    site = mujoco.mjtObj.mjOBJ_SITE
    kinds = mujoco.mjtSensor
    for (name, _), kind in zip(
        SENSORS,
        (kinds.mjSENS_FRAMEPOS, kinds.mjSENS_FRAMEQUAT, kinds.mjSENS_ACCELEROMETER, kinds.mjSENS_GYRO),
        strict=True,
    ):
        spec.add_sensor(name=name, type=kind, objtype=site, objname="head")


def build(physics: Physics | None = None, scene: str = "empty") -> mujoco.MjModel:
    """Compile the physics model.

    Raises:
        MissingExtra: reachy-mini is not installed.
    """
    physics = physics or Physics()
    spec = robot_spec(scene)
    if physics.strip_visual:
        strip_visual(spec)
    add_sensors(spec)
    spec.option.timestep = physics.timestep_s
    if physics.implicit_fast:
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    model = spec.compile()
    names = tuple(model.actuator(i).name for i in range(model.nu))
    if names != MJCF_JOINTS:
        raise RuntimeError(f"this reachy-mini's MJCF has actuators {names}; expected {MJCF_JOINTS}")
    return model


@functools.cache
def shared_model() -> mujoco.MjModel:
    """The physics model at the default settings, compiled once a process."""
    return build()


def joint_addresses(model: mujoco.MjModel) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Addresses of the nine joints in qpos and in qvel."""
    qpos = np.array([model.joint(name).qposadr[0] for name in MJCF_JOINTS], np.intp)
    qvel = np.array([model.joint(name).dofadr[0] for name in MJCF_JOINTS], np.intp)
    return qpos, qvel


class Poser:
    """Finds full configurations, ball joints of the rods included, that go with nine joints and a head pose.

    The rods are placed by geometry: each is turned the shortest way from its neutral direction towards its
    anchor on the head; its spin about its own axis is free and does not matter.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._data = mujoco.MjData(model)
        self._joints, _ = joint_addresses(model)
        self._ball = [int(model.joint(f"passive_{i}").qposadr[0]) for i in range(1, 8)]
        self._rod = [int(model.joint(f"passive_{i}").bodyid[0]) for i in range(1, 7)]
        head_site = model.site("head")
        self._head_body = int(head_site.bodyid[0])
        self._head_in_body = _matrix(head_site.quat)
        self._head_at = np.array(head_site.pos)
        # Rods 1-5 end at a site that an equality ties to the head; rod 6 carries the head itself.
        self._tip = [np.array(model.site(f"closing_{i}_1").pos) for i in range(1, 6)]
        self._tip.append(np.array(model.body_pos[self._head_body]))
        self._anchor = [np.array(model.site(f"closing_{i}_2").pos) for i in range(1, 6)]
        self._anchor.append(np.zeros(3))
        self._head_quat0 = _matrix(model.body_quat[self._head_body])

    def qpos(self, joints: F64, head_pos: F64, head_matrix: F64) -> F64:
        """One configuration, (nq,).

        Args:
            joints: (9,) rad.
            head_pos: (3,) m, zero at the neutral pose.
            head_matrix: (3, 3).
        """
        model, data = self._model, self._data
        data.qpos[:] = model.qpos0
        data.qpos[self._joints] = joints
        mujoco.mj_kinematics(model, data)
        body = head_matrix @ self._head_in_body.T
        origin = head_pos + np.array([0.0, 0.0, NEUTRAL_HEIGHT_M]) - body @ self._head_at
        qpos = np.array(data.qpos)
        turn = np.eye(3)
        for ball, rod, tip, anchor in zip(self._ball, self._rod, self._tip, self._anchor, strict=False):
            frame = data.xmat[rod].reshape(3, 3)
            towards = frame.T @ (origin + body @ anchor - data.xpos[rod])
            qpos[ball : ball + 4] = _shortest_turn(tip, towards)
            turn = frame @ _matrix(qpos[ball : ball + 4])
        last = self._ball[6]
        mujoco.mju_mat2Quat(qpos[last : last + 4], ((turn @ self._head_quat0).T @ body).ravel())
        return qpos


def _matrix(quat: F64) -> F64:
    out = np.empty(9)
    mujoco.mju_quat2Mat(out, np.asarray(quat, np.float64))
    return out.reshape(3, 3)


def _shortest_turn(a: F64, b: F64) -> tuple[float, float, float, float]:
    """Quaternion that turns direction a into direction b."""
    ax, ay, az = a.tolist()
    bx, by, bz = b.tolist()
    w = math.sqrt((ax * ax + ay * ay + az * az) * (bx * bx + by * by + bz * bz)) + ax * bx + ay * by + az * bz
    x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    norm = math.sqrt(w * w + x * x + y * y + z * z)
    return w / norm, x / norm, y / norm, z / norm
