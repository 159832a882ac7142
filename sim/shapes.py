"""Builds `shared/control/shapes.npz`: the robot's collision shapes, small enough to be used each tick.

Trunk and head are taken from the MJCF's collision meshes, the antennas from their visible meshes (they have
no others). A part of the trunk is kept as a few half-spaces that contain it, the head as the corners of its
hull: a plane with all corners on its outer side proves that they are at least so far apart. A third table
holds the first guess of the forward kinematics, a cubic in the crank angles. Rebuild with

    python -m sim.shapes
"""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from shared.control import clearance
from shared.control.envelope import POSE_LIMITS
from shared.control.geometry import NEUTRAL_HEIGHT_M
from shared.control.kinematics import NEUTRAL, inverse, rpy_to_matrix
from shared.control.limits import LIMITS
from shared.control.pose_set import GUESS_NORM, POSE_CAPS, cubic
from sim.model import STOCK, Poser, build

F64 = NDArray[np.float64]

PLANES = 8
"""Half-spaces kept for each part of the trunk."""
SHELL_PLANES = 24
"""Half-spaces kept for the trunk as a whole, which the antennas are kept away from."""
_NEAR_M = 0.015
"""Planes are chosen to be exact up to this distance; farther apart they may say less."""
_SLACK_M = 2e-4
"""Corners of the head that are within this of being the nearest in some pose are kept."""


def convex_parts() -> tuple[list[F64], F64, list[F64], F64, F64]:
    """Corners [m] of the trunk's parts (body frame), of the head (head frame) and of each antenna (its own
    frame at angle 0), the antennas' pivots (2, 3) and axes (2, 3) in the head frame; right one first."""
    model = build(STOCK)
    data = mujoco.MjData(model)
    data.qpos[:] = Poser(model).qpos(NEUTRAL, np.zeros(3), np.eye(3))
    mujoco.mj_kinematics(model, data)
    head = np.array([0.0, 0.0, NEUTRAL_HEIGHT_M])

    def corners(geom: int) -> F64:
        mesh = model.geom_dataid[geom]
        first = model.mesh_vertadr[mesh]
        local = model.mesh_vert[first : first + model.mesh_vertnum[mesh]].astype(np.float64)
        return np.asarray(local @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom])

    def geoms(body: int) -> list[int]:
        return [g for g in range(model.ngeom) if model.geom_bodyid[g] == body and model.geom_dataid[g] >= 0]

    trunk_body = int(model.joint("yaw_body").bodyid[0])
    head_body = int(model.site("head").bodyid[0])
    trunk = [corners(g) for g in geoms(trunk_body) if model.geom_contype[g]]
    (hull,) = (corners(g) for g in geoms(head_body) if model.geom_contype[g])
    antennas, pivots, axes = [], [], []
    for name in ("right_antenna", "left_antenna"):
        joint = model.joint(name)
        body = int(joint.bodyid[0])
        pivots.append(data.xanchor[joint.id] - head)
        axes.append(np.array(data.xaxis[joint.id]))
        points = np.concatenate([corners(g) for g in geoms(body)]) - head
        antennas.append(_box(points[points[:, 2] > pivots[-1][2] + 0.01]))
    return trunk, hull - head, antennas, np.array(pivots), np.array(axes)


def _box(points: F64) -> F64:
    """The eight corners of a box around the points, along their principal directions."""
    centre = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - centre, full_matrices=False)
    along = (points - centre) @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    signs = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    return np.asarray(centre + np.where(signs == 1, high, low) @ axes)


def sample_poses(rng: np.random.Generator, n: int, reach: float = GUESS_NORM) -> tuple[F64, F64]:
    """Poses (n, 6), roll pitch yaw x y z seen from the body, and their cranks (n, 6), inside servo limits."""
    lim, found, count = POSE_LIMITS, [], 0
    while count < n:
        u = rng.standard_normal((4 * n, 6))
        u *= reach * rng.random((4 * n, 1)) ** 0.25 / np.linalg.norm(u, axis=1, keepdims=True)
        v = u * [lim.roll_rad, lim.pitch_rad, lim.yaw_rad, lim.forward_m, lim.sideways_m, lim.up_m]
        v[:, 5] = np.where(u[:, 5] < 0.0, u[:, 5] * lim.down_m, v[:, 5])
        v = v[(np.abs(v[:, :3]) <= POSE_CAPS).all(axis=1)]
        cranks = inverse(v[:, 3:], v[:, :3], np.zeros(len(v)))
        with np.errstate(invalid="ignore"):
            good = ((cranks > LIMITS.low[1:7]) & (cranks < LIMITS.high[1:7])).all(axis=1)
        found.append(np.concatenate([v, cranks], axis=1)[good])
        count += len(found[-1])
    rows = np.concatenate(found)[:n]
    return rows[:, :6], rows[:, 6:]


def choose_planes(part: F64, others: F64, count: int, rng: np.random.Generator) -> tuple[F64, F64]:
    """Unit normals (count, 3) and offsets (count,) that contain the part and best separate it from each of
    the others, (n, corners, 3) m."""
    normals = rng.standard_normal((1500, 3))
    normals[:, 2] = np.abs(normals[:, 2]) * rng.choice([1.0, 0.3], 1500)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    offsets = (normals @ part.T).max(axis=1)
    apart = np.empty((len(others), len(normals)))
    for i, corners in enumerate(others):
        apart[i] = (normals @ corners.T).min(axis=1) - offsets
    best = np.full(len(others), -0.05)
    chosen: list[int] = []
    for _ in range(count):
        gain = np.minimum(np.maximum(apart, best[:, None]), _NEAR_M).sum(axis=0)
        chosen.append(int(gain.argmax()))
        best = np.maximum(best, apart[:, chosen[-1]])
    return normals[chosen], offsets[chosen]


def nearest_corners(head: F64, normals: F64, R: F64) -> F64:
    """Those corners of the head that are, or nearly are, the nearest to some plane in some pose."""
    keep = np.zeros(len(head), np.bool_)
    for i in range(len(R)):
        height = normals @ R[i] @ head.T
        keep |= (height <= height.min(axis=1, keepdims=True) + _SLACK_M).any(axis=0)
    return head[keep]


def main() -> None:
    """Write the file beside `shared/control/clearance.py`."""
    rng = np.random.default_rng(20)
    trunk, head, antennas, pivots, axes = convex_parts()
    pose, _ = sample_poses(rng, 3000)
    pos = pose[:, 3:] + [0.0, 0.0, NEUTRAL_HEIGHT_M]
    R = rpy_to_matrix(pose[:, :3])
    heads = head @ np.transpose(R, (0, 2, 1)) + pos[:, None, :]
    planes = [choose_planes(part, heads, PLANES, rng) for part in trunk]
    normals, offsets = np.stack([p[0] for p in planes]), np.stack([p[1] for p in planes])
    angles = rng.uniform(-np.pi, np.pi, len(pos))
    swept = [
        clearance.turned_about(axis, angles, box - pivot) + pivot
        for axis, box, pivot in zip(axes, antennas, pivots, strict=True)
    ]
    folded = np.concatenate([box @ np.transpose(R, (0, 2, 1)) + pos[:, None, :] for box in swept])
    shell_normals, shell_offsets = choose_planes(np.concatenate(trunk), folded, SHELL_PLANES, rng)
    pose, cranks = sample_poses(rng, 60_000)
    features = cubic(cranks)
    guess, *_ = np.linalg.lstsq(features, pose, rcond=None)
    target = Path(clearance.__file__).with_name("shapes.npz")
    np.savez_compressed(
        target,
        normals=normals,
        offsets=offsets,
        head=nearest_corners(head, normals.reshape(-1, 3), rpy_to_matrix(pose[:20_000, :3])),
        shell_normals=shell_normals,
        shell_offsets=shell_offsets,
        antennas=np.stack(antennas),
        pivots=pivots,
        axes=axes,
        guess=guess,
    )
    print(f"wrote {target.name}: {len(trunk)} parts of {PLANES} planes, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
