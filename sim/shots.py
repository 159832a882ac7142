"""What stands in front of the robot's eye and where the eye is: drawn anew for every frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from shared.control.rotations import rpy_to_matrix
from shared.control.vision import camera_position
from sim.looks import Family
from sim.tasks.base import SceneConfig, draw_positions
from sim.things import THINGS

F64 = NDArray[np.float64]

NAMES: tuple[str, ...] = tuple(thing.name for thing in THINGS)
"""The detector's classes, in this order."""
CROWD = SceneConfig(
    count=(1, 6), yaw_deg=34.0, pitch_deg=(0.0, 24.0), distance_m=(0.45, 0.88), separation_deg=8.0
)
"""More, nearer and closer together than in the tasks."""
CLUTTER = 6
"""Most things without a name in a frame."""
TURN_DEG: dict[Family, float] = {"train": 180.0, "held_out": 25.0}
"""How far things are turned about the vertical: all around to learn from, and as in the tasks to test on."""
_SHAPES = (
    mujoco.mjtGeom.mjGEOM_SPHERE,
    mujoco.mjtGeom.mjGEOM_BOX,
    mujoco.mjtGeom.mjGEOM_CYLINDER,
    mujoco.mjtGeom.mjGEOM_CAPSULE,
    mujoco.mjtGeom.mjGEOM_ELLIPSOID,
)


@dataclass(frozen=True)
class Piece:
    """Something without a name."""

    shape: int
    """MuJoCo's geom type."""
    size: tuple[float, float, float]
    """Half sizes [m]."""
    position: tuple[float, float, float]
    """[m]"""
    yaw: float
    """[rad]"""
    colour: tuple[float, float, float]


@dataclass(frozen=True)
class Shot:
    """What stands where, and from where it is looked at."""

    names: tuple[int, ...]
    """Indices into `NAMES`."""
    positions: F64
    """(k, 3) m, base frame."""
    yaws: F64
    """(k,) rad: turned about the vertical."""
    pieces: tuple[Piece, ...]
    head_pos: F64
    """(3,) m."""
    head: F64
    """(3, 3) orientation."""


def draw_shot(
    rng: np.random.Generator,
    scene: SceneConfig = CROWD,
    clutter: int = CLUTTER,
    turn_deg: float = TURN_DEG["train"],
) -> Shot:
    """Things on the table in random places, and a head that looks somewhere, mostly their way.

    Args:
        rng: every draw comes from it.
        scene: how many, how far, how close together.
        clutter: most things without a name.
        turn_deg: each thing is turned by at most this, half of them not at all.
    """
    count = int(rng.integers(scene.count[0], scene.count[1] + 1))
    names = tuple(int(i) for i in rng.choice(len(NAMES), count, replace=False))
    positions = np.array(draw_positions(rng, [NAMES[i] for i in names], scene))
    yaws = np.deg2rad(rng.uniform(-turn_deg, turn_deg, count)) * (rng.random(count) < 0.5)
    kind = rng.random()
    head_pos = rng.uniform(-0.01, 0.01, 3)
    roll = np.deg2rad(rng.uniform(-15.0, 15.0))
    if kind < 0.10:
        pitch, yaw = np.deg2rad([rng.uniform(-15.0, 30.0), rng.uniform(-180.0, 180.0)])
    elif kind < 0.35:  # looking at one of them, as a robot does that is nearly there
        to = positions[int(rng.integers(count))] - camera_position(head_pos, np.eye(3))
        yaw = math.atan2(to[1], to[0]) + np.deg2rad(rng.normal(0.0, 4.0))
        pitch = math.atan2(-to[2], math.hypot(to[0], to[1])) + np.deg2rad(rng.normal(0.0, 4.0))
    else:
        pitch, yaw = np.deg2rad([rng.uniform(-15.0, 32.0), rng.uniform(-45.0, 45.0)])
    head = rpy_to_matrix(np.array([[roll, pitch, yaw]]))[0]
    pieces = tuple(_piece(rng, scene) for _ in range(int(rng.integers(clutter + 1))))
    return Shot(names, positions, yaws, pieces, head_pos, head)


def _piece(rng: np.random.Generator, scene: SceneConfig) -> Piece:
    while True:
        shape = int(_SHAPES[int(rng.integers(len(_SHAPES)))])
        a, b, c = np.exp(rng.uniform(np.log(0.008), np.log(0.07), 3)).tolist()
        r, g, b_ = rng.random(3).tolist()
        red_ball = shape == mujoco.mjtGeom.mjGEOM_SPHERE and r > 0.45 and max(g, b_) < 0.35
        blue_cube = shape == mujoco.mjtGeom.mjGEOM_BOX and b_ > 0.4 and max(r, g) < 0.4
        if not (red_ball or blue_cube):  # it would deserve the name
            break
    high = {
        int(mujoco.mjtGeom.mjGEOM_SPHERE): a,
        int(mujoco.mjtGeom.mjGEOM_CYLINDER): b,
        int(mujoco.mjtGeom.mjGEOM_CAPSULE): a + b,
    }.get(shape, c)
    far = scene.table_x_m
    x, y = rng.uniform(0.30, far), rng.uniform(-scene.table_y_m, scene.table_y_m)
    # Most stand on the table, some float where plinths could carry them.
    z = high + (rng.uniform(0.0, 0.25) if rng.random() < 0.3 else 0.0)
    return Piece(
        shape, (a, b, c), (float(x), float(y), float(z)), float(rng.uniform(-np.pi, np.pi)), (r, g, b_)
    )
