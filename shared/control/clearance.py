"""How far the head and the antennas are from the trunk, as a lower bound that holds by construction.

The trunk is a few convex parts, each kept as half-spaces that contain it, the head as the corners of its
hull. If all corners lie at least d outside one half-space of a part, then head and part are at least d
apart. The shapes come from the MJCF's collision meshes (`python -m sim.shapes` rebuilds them). Poses are as
seen from the body.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.control.geometry import F64, NEUTRAL_HEIGHT_M

PATH = Path(__file__).with_name("shapes.npz")
FREE_ANTENNA_RAD = np.deg2rad(100.0)
"""An antenna turned less than this is clear of the trunk in every allowed head pose (a test shows it)."""

_CHUNK = 2048
"""Planes a time: what fits into a core's cache."""
_UP = np.array([0.0, 0.0, NEUTRAL_HEIGHT_M])


@dataclass(frozen=True)
class Shapes:
    """What `sim.shapes` wrote."""

    normals: F64
    """(parts * planes, 3) unit, body frame, outwards."""
    offsets: F64
    """(parts * planes,) m: a part is where normal . x <= offset for all of its planes."""
    parts: int
    head: F64
    """(corners, 3) m, head frame."""
    shell_normals: F64
    """(planes, 3) unit, body frame, outwards."""
    shell_offsets: F64
    """(planes,) m: the whole trunk is within."""
    antennas: F64
    """(2, 8, 3) m: corners of a box around each antenna at angle 0, from its pivot, head frame."""
    pivots: F64
    """(2, 3) m, head frame."""
    axes: F64
    """(2, 3) unit, head frame."""
    guess: F64
    """(84, 6): head pose, roll pitch yaw [rad] x y z [m], from `pose_set.cubic`."""


@functools.cache
def shapes() -> Shapes:
    """The file's content, read once."""
    with np.load(PATH) as file:
        raw = {name: np.asarray(file[name], np.float64) for name in file.files}
    normals = raw["normals"]
    return Shapes(
        normals=np.ascontiguousarray(normals.reshape(-1, 3)),
        offsets=raw["offsets"].ravel(),
        parts=len(normals),
        head=raw["head"],
        shell_normals=raw["shell_normals"],
        shell_offsets=raw["shell_offsets"],
        antennas=raw["antennas"] - raw["pivots"][:, None, :],
        pivots=raw["pivots"],
        axes=raw["axes"],
        guess=raw["guess"],
    )


def head_clearance(pos: F64, R: F64) -> F64:
    """Head to trunk, (n,) m, negative where a plane cannot tell them apart.

    Args:
        pos: (n, 3) m, zero at the neutral pose, seen from the body.
        R: (n, 3, 3), seen from the body.
    """
    s, n = shapes(), len(pos)
    # The planes are turned into the head's frame: its corners then are the same for all poses.
    turned = (s.normals @ R.transpose(1, 0, 2).reshape(3, -1)).reshape(-1, 3)
    apart = np.empty(len(turned))
    for i in range(0, len(turned), _CHUNK):
        apart[i : i + _CHUNK] = (s.head @ turned[i : i + _CHUNK].T).min(axis=0)
    apart = apart.reshape(-1, n) + s.normals @ (pos + _UP).T - s.offsets[:, None]
    return np.asarray(apart.reshape(s.parts, -1, n).max(axis=1).min(axis=0))


def antenna_clearance(pos: F64, R: F64, angles: F64) -> F64:
    """Each antenna to the trunk, (n, 2) m; `angles` (n, 2) rad, right antenna first."""
    s = shapes()
    out = np.empty((len(pos), 2))
    for side in range(2):
        local = turned_about(s.axes[side], angles[:, side], s.antennas[side]) + s.pivots[side]
        world = local @ np.transpose(R, (0, 2, 1)) + (pos + _UP)[:, None, :]
        out[:, side] = ((world @ s.shell_normals.T).min(axis=1) - s.shell_offsets).max(axis=1)
    return out


def turned_about(axis: F64, angle: F64, points: F64) -> F64:
    """Points (k, 3) turned about an axis through the origin by angles (n,) rad: (n, k, 3)."""
    x, y, z = axis
    across = points @ np.array([[0.0, z, -y], [-z, 0.0, x], [y, -x, 0.0]])  # axis x point
    along = np.outer(points @ axis, axis)
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    return np.asarray(along + cos * (points - along) + sin * across)
