"""Where named objects appear in the head camera, and the detections a camera would make of them.

Until the pixel detector takes its place, detections come from known positions projected into the camera at
the present head pose, on simulated and real robot alike, with a camera's noise and misses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.control.geometry import NEUTRAL_HEIGHT_M
from shared.messages import SceneObject
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS

F64 = NDArray[np.float64]

CAMERA_OFFSET_M = np.array([0.0395, 0.0, 0.0525])
"""The camera in the head frame [m]; it looks along the head's x axis (reachy-mini's MJCF, `eye_camera`)."""
FOVY_DEG = 80.0
ASPECT = 16.0 / 9.0
HALF_TAN_V = float(np.tan(np.deg2rad(FOVY_DEG) / 2.0))
HALF_TAN_U = HALF_TAN_V * ASPECT
"""Tangent of the half field of view, down and across."""
MATCH_GAIN = 3.0
"""A named object's cosine exceeds the others' by about 0.4: brings `match` to order 1."""


@dataclass(frozen=True)
class Noise:
    """How detections differ from the truth."""

    centre: float = 0.01
    """Standard deviation of u and v; 0.01 is about half a degree."""
    size: float = 0.05
    """Relative standard deviation of the size."""
    miss: float = 0.01
    """Probability that a visible object is not detected."""


NOISE = Noise()
EXACT = Noise(centre=0.0, size=0.0, miss=0.0)


@dataclass(frozen=True)
class Scenes:
    """The objects of n episodes as arrays; slots sorted by match, best first; unused slots have size 0."""

    position: F64
    """(n, 8, 3) m, base frame."""
    size: F64
    """(n, 8) m."""
    match: F64
    """(n, 8): `MATCH_GAIN` x (cosine with the instruction - mean of the scene's other objects)."""
    code: F64
    """(n, 8, 2)."""


def scenes(objects: Sequence[Sequence[SceneObject]]) -> Scenes:
    """Arrays for n scenes. Objects beyond the eighth best match are left out."""
    n = len(objects)
    out = Scenes(
        np.zeros((n, NUM_DETECTIONS, 3)),
        np.zeros((n, NUM_DETECTIONS)),
        np.zeros((n, NUM_DETECTIONS)),
        np.zeros((n, NUM_DETECTIONS, 2)),
    )
    for i, scene in enumerate(objects):
        put_scene(out, i, scene)
    return out


def put_scene(arrays: Scenes, row: int, objects: Sequence[SceneObject]) -> None:
    """Overwrite one row of `arrays` with a scene."""
    for array in (arrays.position, arrays.size, arrays.match, arrays.code):
        array[row] = 0.0
    ranked = sorted(objects, key=lambda o: -o.match)
    total, others = sum(o.match for o in ranked), max(len(ranked) - 1, 1)
    for k, o in enumerate(ranked[:NUM_DETECTIONS]):
        arrays.position[row, k] = o.position
        arrays.size[row, k] = o.size_m
        arrays.match[row, k] = MATCH_GAIN * (o.match - (total - o.match) / others)
        arrays.code[row, k] = o.code


def camera_position(head_pos: F64, R: F64) -> F64:
    """Head position (..., 3), orientation (..., 3, 3) -> camera position (..., 3) in the base frame [m]."""
    return np.asarray(head_pos + R @ CAMERA_OFFSET_M + (0.0, 0.0, NEUTRAL_HEIGHT_M))


def gaze_angle(head_pos: F64, R: F64, points: F64) -> F64:
    """Angle [rad] between the camera's axis and the direction to each point.

    Args:
        head_pos: (..., 3) m.
        R: (..., 3, 3).
        points: (..., k, 3) m, base frame; leading axes broadcast.

    Returns:
        (..., k) rad.
    """
    to = points - camera_position(head_pos, R)[..., None, :]
    along = np.einsum("...ki,...i->...k", to, R[..., :, 0])
    across = np.linalg.norm(np.cross(to, R[..., None, :, 0]), axis=-1)
    return np.asarray(np.arctan2(across, along))


def project(head_pos: F64, R: F64, points: F64) -> tuple[F64, F64, F64]:
    """Image coordinates of points.

    Args:
        head_pos: (n, 3) m.
        R: (n, 3, 3).
        points: (n, k, 3) m, base frame.

    Returns:
        u right and v down, each (n, k), in [-1, 1] inside the image; depth (n, k) m along the axis, positive
        in front.
    """
    seen = np.einsum("nkj,nji->nki", points - camera_position(head_pos, R)[:, None, :], R)
    depth = seen[..., 0]
    safe = np.where(np.abs(depth) > 1e-6, depth, 1e-6)
    return -seen[..., 1] / (safe * HALF_TAN_U), -seen[..., 2] / (safe * HALF_TAN_V), depth


def detect(
    scene: Scenes, head_pos: F64, R: F64, rng: np.random.Generator, noise: Noise = NOISE
) -> NDArray[np.float32]:
    """What the camera reports: (n, 64) float32, 8 detections x `DETECTION_FIELDS`, best match first.

    Objects outside the image, behind the camera or missed are absent; the rest move up. Empty slots are 0.
    """
    n = len(head_pos)
    u, v, depth = project(head_pos, R, scene.position)
    shape = u.shape
    u = u + noise.centre * rng.standard_normal(shape)
    v = v + noise.centre * rng.standard_normal(shape)
    width = scene.size / (np.maximum(depth, 0.05) * 2.0 * HALF_TAN_U)
    width = width * (1.0 + noise.size * rng.standard_normal(shape))
    confidence = 0.9 + 0.05 * np.tanh(rng.standard_normal(shape))
    seen = (
        (scene.size > 0.0)
        & (depth > 0.05)
        & (np.abs(u) <= 1.0)
        & (np.abs(v) <= 1.0)
        & (rng.random(shape) >= noise.miss)
    )
    fields = np.stack([u, v, width, confidence, scene.match, np.zeros(shape)], axis=-1)
    slots = np.where(seen[..., None], np.concatenate([fields, scene.code], axis=-1), 0.0)
    order = np.argsort(~seen, axis=1, kind="stable")
    slots = np.take_along_axis(slots, order[..., None], axis=1)
    return np.asarray(slots.reshape(n, NUM_DETECTIONS * len(DETECTION_FIELDS)), np.float32)
