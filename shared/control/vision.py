"""Where named objects appear in the head camera, and the detections a camera would make of them.

Until the pixel detector takes its place, detections come from known positions projected into the camera at
the present head pose, on simulated and real robot alike, with a camera's noise and misses.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.control.geometry import NEUTRAL_HEIGHT_M
from shared.errors import ConfigError
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


FITTED = Path(__file__).parent.parent / "sight" / "weights" / "noise.json"
"""How far off the shipped detector was, as `reachy-coach vision evaluate --fit` measured it."""
TYPICAL_SIZE = 0.04
"""Of a thing on the table, as a fraction of the image width."""
DIM_BELOW = 0.25
"""Mean brightness from which on less light does no harm."""
EDGE = 0.9
"""|u| or |v| beyond which a thing may be cut by the image's edge."""


@dataclass(frozen=True)
class Measured:
    """A detector's errors, as functions of what they depend on.

    `small` stands for ln(`TYPICAL_SIZE` / size), `dim` for the share by which brightness is below
    `DIM_BELOW`, `edge` for 1 near the image's edge and 0 elsewhere.
    """

    miss: tuple[float, float, float, float]
    """Log odds of a miss: constant, then per `small`, `dim`, `edge`."""
    centre: tuple[float, float, float, float]
    """ln of the standard deviation of u, likewise."""
    v_over_u: float
    """Standard deviation of v over that of u."""
    size: tuple[float, float, float, float]
    """ln of the relative standard deviation of the size, likewise."""
    tail: float
    """Share of detections whose centre is off by more than a normal error is ..."""
    tail_factor: float
    """... and by how much more."""
    confidence: tuple[float, float, float, float]
    """Mean confidence, likewise."""
    confidence_spread: float
    """Standard deviation around it."""
    least_confidence: float
    """The detector says nothing below this."""
    false_alarm: float
    """Probability that a thing of the scene that is not seen is reported somewhere all the same."""


@dataclass(frozen=True)
class Noise:
    """How detections differ from the truth."""

    centre: float = 0.01
    """Standard deviation of u and v; 0.01 is about half a degree."""
    size: float = 0.05
    """Relative standard deviation of the size."""
    miss: float = 0.01
    """Probability that a visible object is not detected."""
    measured: Measured | None = None
    """Takes the place of the three numbers above."""

    @classmethod
    def fitted(cls, path: Path = FITTED) -> Noise:
        """The noise of the detector that a folder's file was measured on; of the shipped one unless given.

        Raises:
            ConfigError: the file is missing or makes no sense.
        """
        return cls(measured=_read_measured(path))


@functools.cache
def _read_measured(path: Path) -> Measured:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))["measured"]
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
        found = Measured(**values)
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; `reachy-coach vision evaluate --fit` makes it"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"{path}: not a detector's measured errors: {error}") from error
    for field in fields(Measured):
        value = getattr(found, field.name)
        several = "tuple" in str(field.type)
        numbers = value if isinstance(value, tuple) else (value,)
        if isinstance(value, tuple) != several or (several and len(numbers) != len(_CAUSES) + 1):
            raise ConfigError(f"{path}: {field.name}: {value!r} has the wrong length")
        if not all(isinstance(x, int | float) and math.isfinite(x) for x in numbers):
            raise ConfigError(f"{path}: {field.name}: {value!r} is not made of finite numbers")
    for name in ("tail", "false_alarm", "least_confidence"):
        if not 0.0 <= getattr(found, name) <= 1.0:
            raise ConfigError(f"{path}: {name}: {getattr(found, name)} is not in 0..1")
    return found


_CAUSES = ("small", "dim", "edge")


def causes(u: F64, v: F64, size: F64, brightness: F64 | float) -> tuple[F64, F64, F64]:
    """`small`, `dim` and `edge` of `Measured`, of one shape."""
    small = np.log(TYPICAL_SIZE / np.maximum(size, 1e-3))
    dim = np.clip((DIM_BELOW - np.asarray(brightness)) / DIM_BELOW, 0.0, 1.0) + np.zeros_like(u)
    edge = ((np.abs(u) > EDGE) | (np.abs(v) > EDGE)).astype(np.float64)
    return small, dim, edge


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
    scene: Scenes,
    head_pos: F64,
    R: F64,
    rng: np.random.Generator,
    noise: Noise = NOISE,
    *,
    brightness: F64 | float = 0.5,
) -> NDArray[np.float32]:
    """What the camera reports: (n, 64) float32, 8 detections x `DETECTION_FIELDS`, best match first.

    Objects outside the image, behind the camera or missed are absent; the rest move up. Empty slots are 0.
    `brightness` of the images, a number or (n,), matters to measured noise only.
    """
    n = len(head_pos)
    u, v, depth = project(head_pos, R, scene.position)
    shape = u.shape
    width = scene.size / (np.maximum(depth, 0.05) * 2.0 * HALF_TAN_U)
    visible = (scene.size > 0.0) & (depth > 0.05)
    if noise.measured is not None:
        light = np.asarray(brightness, np.float64)
        why = _why(u, v, width, light[:, None] if light.ndim else light)
        found = _measured(noise.measured, (u, v, width), why, rng)
        u, v, width, confidence, seen, anywhere = found
        seen = (seen & visible) | (anywhere & (scene.size > 0.0))
    else:
        u = u + noise.centre * rng.standard_normal(shape)
        v = v + noise.centre * rng.standard_normal(shape)
        width = width * (1.0 + noise.size * rng.standard_normal(shape))
        confidence = 0.9 + 0.05 * np.tanh(rng.standard_normal(shape))
        seen = visible & (np.abs(u) <= 1.0) & (np.abs(v) <= 1.0) & (rng.random(shape) >= noise.miss)
    fields = np.stack([u, v, width, confidence, scene.match, np.zeros(shape)], axis=-1)
    slots = np.where(seen[..., None], np.concatenate([fields, scene.code], axis=-1), 0.0)
    order = np.argsort(~seen, axis=1, kind="stable")
    slots = np.take_along_axis(slots, order[..., None], axis=1)
    return np.asarray(slots.reshape(n, NUM_DETECTIONS * len(DETECTION_FIELDS)), np.float32)


def _why(u: F64, v: F64, width: F64, brightness: F64) -> F64:
    """What the weights of `Measured` belong to, (..., 4)."""
    return np.stack([np.ones_like(u), *causes(u, v, width, brightness)], axis=-1)


def _measured(
    m: Measured, place: tuple[F64, F64, F64], why: F64, rng: np.random.Generator
) -> tuple[F64, F64, F64, F64, NDArray[np.bool_], NDArray[np.bool_]]:
    """u, v, width and confidence with a detector's errors; what it finds of what is in the image, and what it
    reports in a wrong place."""
    u, v, width = place
    normal = rng.standard_normal((4, *u.shape))
    chance = rng.random((5, *u.shape))
    spread = np.exp(why @ np.array(m.centre)) * np.where(chance[1] < m.tail, m.tail_factor, 1.0)
    inside = (np.abs(u) <= 1.0) & (np.abs(v) <= 1.0)
    seen = inside & (chance[0] >= 1.0 / (1.0 + np.exp(-(why @ np.array(m.miss)))))
    wrong = ~seen & (chance[2] < m.false_alarm)
    found_u = np.clip(u + spread * normal[0], -1.0, 1.0)
    found_v = np.clip(v + m.v_over_u * spread * normal[1], -1.0, 1.0)
    size = width * np.maximum(1.0 + np.exp(why @ np.array(m.size)) * normal[2], 0.1)
    sure = why @ np.array(m.confidence) + m.confidence_spread * normal[3]
    sure = np.where(wrong, m.least_confidence + 0.5 * m.confidence_spread * np.abs(normal[3]), sure)
    return (
        np.where(wrong, 2.0 * chance[3] - 1.0, found_u),
        np.where(wrong, 2.0 * chance[4] - 1.0, found_v),
        np.where(wrong, TYPICAL_SIZE * np.exp(0.3 * normal[2]), size),
        np.clip(sure, m.least_confidence, 1.0),
        seen,
        wrong,
    )
