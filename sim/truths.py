"""What a faultless detector would say about a frame, from what stands where."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from numpy.typing import NDArray

from shared.control.rotations import quat_to_matrix, rpy_to_matrix
from shared.control.vision import HALF_TAN_U, project
from sim.shots import NAMES, Shot
from sim.things import BY_NAME

F64 = NDArray[np.float64]

MAX_TRUTHS = 8
TRUTH = np.dtype(
    [
        ("name", "<i2"),  # index into NAMES; -1: an empty row
        ("clear", "?"),  # False: hidden for the most part, or its centre outside: neither right nor wrong
        ("u", "<f4"),  # of the centre, as `vision.project` has it
        ("v", "<f4"),
        ("size", "<f4"),  # greatest extent as a fraction of the image width, as `vision.detect` has it
        ("box", "<f4", (4,)),  # left, top, right, bottom of what is inside the image, in u and v
    ]
)
"""The truth about one thing in a frame; `MAX_TRUTHS` rows a frame."""
SEEN = 0.5
"""A thing of which less can be seen is not clear."""


def truths(shot: Shot, outlines: Sequence[F64], seen: Sequence[float]) -> NDArray[np.void]:
    """What a faultless detector would say about a shot, (MAX_TRUTHS,) of `TRUTH`.

    Args:
        shot: what stands where.
        outlines: for each of `NAMES` points on its surface (k, 3) in its own frame [m].
        seen: for each thing of the shot the share of it inside the image that nothing stands before.
    """
    out = np.zeros(MAX_TRUTHS, TRUTH)
    out["name"] = -1
    row = 0
    for name, position, yaw, share in zip(shot.names, shot.positions, shot.yaws, seen, strict=True):
        # Its x is to the robot's right, its y away from it.
        turn = rpy_to_matrix(np.array([[0.0, 0.0, yaw - 0.5 * np.pi]]))[0]
        box = np.clip(_box(shot, outlines[name] @ turn.T + position), -1.0, 1.0)
        u, v, depth = (float(x[0]) for x in _projected(shot, position[None]))
        if depth < 0.05 or row == MAX_TRUTHS or box[2] <= box[0] or box[3] <= box[1]:
            continue
        clear = abs(u) <= 1.0 and abs(v) <= 1.0 and share >= SEEN
        size = BY_NAME[NAMES[name]].size_m / (depth * 2.0 * HALF_TAN_U)
        out[row] = (name, clear, u, v, size, tuple(box))
        row += 1
    return out


def _projected(shot: Shot, points: F64) -> tuple[F64, F64, F64]:
    u, v, depth = project(shot.head_pos[None], shot.head[None], points[None])
    return u[0], v[0], depth[0]


def _box(shot: Shot, points: F64) -> F64:
    """Left, top, right, bottom in u and v; all 0 where some of it is behind the camera."""
    u, v, depth = _projected(shot, points)
    if depth.min() < 0.05:
        return np.zeros(4)
    return np.array([u.min(), v.min(), u.max(), v.max()])


def outline(model: mujoco.MjModel, name: str) -> F64:
    """Points (k, 3) all over a thing's surface, in its own frame."""
    parts = []
    for i in range(len(BY_NAME[name].parts)):
        geom = model.geom(f"{name} {i}").id
        if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH:
            mesh = model.geom_dataid[geom]
            first = model.mesh_vertadr[mesh]
            points = model.mesh_vert[first : first + model.mesh_vertnum[mesh]].astype(np.float64)[::7]
        else:
            points = _surface(int(model.geom_type[geom]), model.geom_size[geom])
        turn = quat_to_matrix(model.geom_quat[geom][None])[0]
        parts.append(points @ turn.T + model.geom_pos[geom])
    return np.concatenate(parts)


def _surface(shape: int, size: F64) -> F64:
    """Points on a shape of MuJoCo, (k, 3)."""
    around = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
    circle = np.stack([np.cos(around), np.sin(around), 0.0 * around], axis=1)
    if shape == mujoco.mjtGeom.mjGEOM_BOX:
        return np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * size
    if shape == mujoco.mjtGeom.mjGEOM_CYLINDER:
        ends = [circle * size[0] + (0.0, 0.0, z) for z in (-size[1], size[1])]
        return np.concatenate(ends)
    tilts = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 9)
    ball = np.concatenate([np.cos(t) * circle + (0.0, 0.0, np.sin(t)) for t in tilts])
    if shape == mujoco.mjtGeom.mjGEOM_ELLIPSOID:
        return np.asarray(ball * size)
    if shape == mujoco.mjtGeom.mjGEOM_CAPSULE:
        return np.concatenate([ball * size[0] + (0.0, 0.0, z) for z in (-size[1], size[1])])
    return np.asarray(ball * size[0])
