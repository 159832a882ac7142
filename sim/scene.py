"""The model that pictures are made of: the robot on its table in a bright room, all named things at hand.

It never computes motion: configurations come from measured joints, things stand where a task puts them.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from shared.control.rotations import matrix_to_quat, rpy_to_matrix
from shared.messages import SceneObject
from sim.model import delete_unused_meshes, robot_spec
from sim.things import THINGS, Part, Thing

F64 = NDArray[np.float64]

HIDDEN_PARTS = (
    "bts2_m2",
    "phs_1_7x20",
    "dc15_a01_case",
    "dc15_a01_led",
    "b3b_eh",
    "5w_speaker",
    "bearing_85",
    "arducam",
    "pp01102",
    "dc15_a01_horn",
    "stewart_link_ball",
    "stewart_tricap",
    "stewart_main_plate",
    "m12_fisheye",
    "neck_reference",
    "body_turning",
    "antenna_holder",
)
"""Meshes inside the shells: two thirds of the faces to draw, and nobody sees them."""
ROD_MESH = "stewart_link_rod"
ROD_RADIUS_M = 0.0025
ROBOT_GROUP, COLLISION_GROUP, SET_GROUP = 2, 3, 1
"""MuJoCo geom groups: the robot's meshes, what only collides, and everything else that is drawn."""
AWAY = (0.0, 0.0, -3.0)
"""Where things stand that the episode does not use: under the floor."""
PLINTH_M = 0.12
"""Half height of the column that raises a thing; its lower end is hidden in the table's depth."""
CAMERAS = ("studio_close", "eye_camera")
_MESHES = {"duck": "rubber_duck_toy", "apple": "food_apple_01", "croissant": "croissant"}
_SHAPES = {
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "ellipsoid": mujoco.mjtGeom.mjGEOM_ELLIPSOID,
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
}


@dataclass(frozen=True)
class Set:
    """The compiled render model."""

    model: mujoco.MjModel
    mocap: dict[str, int]
    """Thing name -> mocap index."""

    def place(self, data: mujoco.MjData, objects: Sequence[SceneObject]) -> None:
        """Put these objects where they belong and all other things away; unknown names are left out."""
        data.mocap_pos[:] = AWAY
        for thing in objects:
            if thing.name in self.mocap:
                data.mocap_pos[self.mocap[thing.name]] = thing.position

    def pose(self, data: mujoco.MjData, qpos: F64) -> None:
        """Put the robot into a full configuration (nq,), and everything where it is to be drawn."""
        data.qpos[:] = qpos
        mujoco.mj_kinematics(self.model, data)
        mujoco.mj_comPos(self.model, data)
        mujoco.mj_camlight(self.model, data)


@functools.cache
def build_set() -> Set:
    """Compile the render model, once a process (about two seconds).

    Raises:
        MissingExtra: reachy-mini is not installed.
    """
    return compile_set(set_spec())


def set_spec() -> mujoco.MjSpec:
    """The render model, still to be changed and compiled.

    Raises:
        MissingExtra: reachy-mini is not installed.
    """
    spec = robot_spec("minimal")
    for name in ("duck", "apple", "croissant"):
        spec.detach_body(spec.body(name))
    _lighten(spec)
    _furnish(spec)
    for thing in THINGS:
        _add_thing(spec, thing)
    delete_unused_meshes(spec)
    return spec


def compile_set(spec: mujoco.MjSpec) -> Set:
    """From `set_spec`, with or without changes."""
    model = spec.compile()
    mocap = {thing.name: int(model.body(thing.name).mocapid[0]) for thing in THINGS}
    return Set(model, mocap)


def _lighten(spec: mujoco.MjSpec) -> None:
    """Leave out what is never seen, and draw the rods as the plain cylinders they are."""
    for geom in list(spec.geoms):
        if geom.meshname.startswith(HIDDEN_PARTS) or geom.contype != 0 or geom.name == "floor":
            geom.delete()
        elif geom.meshname == ROD_MESH:
            body = geom.parent
            tip = next((s.pos for s in spec.sites if s.parent == body and s.name.startswith("closing")), None)
            if tip is None:  # the sixth rod carries the head
                tip = next(b.pos for b in spec.bodies if b.parent == body)
            _rod(body, tip, geom.material)
            geom.delete()


def _rod(body: mujoco.MjsBody, tip: F64, material: str) -> None:
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_CAPSULE,
        fromto=[0.0, 0.0, 0.0, *tip],
        size=[ROD_RADIUS_M, 0.0, 0.0],
        material=material,
        group=ROBOT_GROUP,
        contype=0,
        conaffinity=0,
        mass=0.0,
    )


def _furnish(spec: mujoco.MjSpec) -> None:
    """Floor, walls, light, and a studio camera that sees both the robot's face and the table."""
    world = spec.worldbody
    spec.geom("table_geom").group = SET_GROUP
    wall = spec.add_texture(
        name="wall",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.93, 0.95, 0.96],
        rgb2=[0.60, 0.71, 0.78],
        width=256,
        height=256,
    )
    material = spec.add_material(name="wall", emission=0.35, specular=0.0)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = wall.name
    spec.add_material(name="plinth", rgba=[0.86, 0.80, 0.70, 1.0], specular=0.1)
    for name, pos, size in (
        ("floor", (0.0, 0.0, -0.8), (6.0, 6.0, 0.02)),
        ("wall_back", (-2.2, 0.0, 3.2), (0.02, 6.0, 4.0)),
        ("wall_front", (3.2, 0.0, 3.2), (0.02, 6.0, 4.0)),
        ("wall_left", (0.0, 2.8, 3.2), (6.0, 0.02, 4.0)),
        ("wall_right", (0.0, -2.8, 3.2), (6.0, 0.02, 4.0)),
    ):
        world.add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_BOX,
            pos=pos,
            size=size,
            material="wall",
            group=SET_GROUP,
            contype=0,
            conaffinity=0,
        )
    world.add_light(pos=[1.5, -1.5, 2.5], dir=[-0.5, 0.5, -1.0], diffuse=[0.5, 0.48, 0.45], directional=True)
    camera = spec.camera("studio_close")
    camera.mode = mujoco.mjtCamLight.mjCAMLIGHT_FIXED
    camera.pos, camera.quat = _looking((0.84, -0.92, 0.46), (0.37, 0.0, 0.10))
    camera.fovy = 40.0
    spec.visual.headlight.ambient = [0.35, 0.35, 0.35]
    spec.visual.headlight.diffuse = [0.45, 0.45, 0.45]
    spec.visual.map.znear = 0.005
    spec.visual.quality.offsamples = 2
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 1280, 960


def _looking(eye: tuple[float, float, float], at: tuple[float, float, float]) -> tuple[F64, F64]:
    """Position and orientation of a camera (it looks along its -z, y up)."""
    back = np.asarray(eye) - np.asarray(at)
    back /= np.linalg.norm(back)
    right = np.cross([0.0, 0.0, 1.0], back)
    right /= np.linalg.norm(right)
    R = np.stack([right, np.cross(back, right), back], axis=1)
    return np.asarray(eye), matrix_to_quat(R[None])[0]


def _add_thing(spec: mujoco.MjSpec, thing: Thing) -> None:
    # The thing's x is to the robot's right, its y away from the robot.
    half = np.sqrt(0.5)
    body = spec.worldbody.add_body(name=thing.name, mocap=True, pos=AWAY, quat=[half, 0.0, 0.0, -half])
    for i, part in enumerate(thing.parts):
        _add_part(spec, body, f"{thing.name} {i}", part)
    body.add_geom(
        name=f"{thing.name} plinth",
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[min(0.5 * thing.size_m, 0.045), PLINTH_M, 0.0],
        pos=[0.0, 0.0, -0.5 * thing.height_m - PLINTH_M],
        material="plinth",
        group=SET_GROUP,
        contype=0,
        conaffinity=0,
    )


def _add_part(spec: mujoco.MjSpec, body: mujoco.MjsBody, name: str, part: Part) -> None:
    quat = matrix_to_quat(rpy_to_matrix(np.deg2rad([part.tilt])))[0]
    if part.shape.startswith("mesh:"):
        stem = _MESHES[part.shape.removeprefix("mesh:")]
        spec.mesh(f"{stem}_mesh").scale = part.size
        body.add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=f"{stem}_mesh",
            material=f"{stem}_material",
            pos=part.at,
            quat=quat,
            group=SET_GROUP,
            contype=0,
            conaffinity=0,
        )
        return
    body.add_geom(
        name=name,
        type=_SHAPES[part.shape],
        size=part.size,
        pos=part.at,
        quat=quat,
        rgba=[*part.colour, 1.0],
        group=SET_GROUP,
        contype=0,
        conaffinity=0,
    )
