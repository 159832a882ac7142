"""Whether observations are like those of training: sensors that freeze, drift apart, swap, lag or go dark.

Every check is about the body and its camera; text slots are left out, so that a new instruction is no fault.
What is normal is calibrated (`learner.rl.ood`) and travels with the policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.control.residuals import CHANNELS, NUM_CHANNELS, SENSED, UNITS, Residual, Residuals
from shared.errors import BundleError
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, slot_range

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

CHECKS: tuple[str, ...] = (
    *CHANNELS,
    "range",
    "accelerometer lost",
    "gyroscope lost",
    "not a number",
    "dark camera",
    "old picture",
    "detections",
    "frozen picture",
    "frozen velocities",
    "frozen gyroscope",
)
"""What is looked at; a check's first word is an anomaly's kind on the wire."""

CONFIRM_TICKS = 2
"""Ticks in a row that a check must be over its threshold."""
QUIET_TICKS = 50
"""An anomaly is over when nothing was unusual for so long; then the next one is told."""
AGAIN_TICKS = 500
"""One that lasts is told again after so long, so that later episodes are marked, too."""
GAP_TICKS = 5
"""So many missing ticks are bridged; after more of them the detector begins anew."""

LEAST_MOVING = 0.03
"""No check is finer than this share of how far targets went: calibration sees few of the fastest moves."""
DARK = 0.08
"""Mean brightness below which a camera sees nothing."""
OLD_PICTURE_S = 0.5
FROZEN_RAD = 0.02
"""When the head turned by so much, picture and gyroscope must have changed; when a joint did, velocities."""
FROZEN_TICKS = 6
"""... but not within fewer ticks: a camera gives ten pictures a second at least."""
NOISELESS_TICKS = 7
"""A gyroscope's last bits never stand still for so long, not even at rest."""
DETECTION_BOUNDS = {"u": (-1.3, 1.3), "v": (-1.3, 1.3), "size": (-0.3, 2.0), "confidence": (-0.05, 1.05)}

_MODE, _BRIGHTNESS, _FRAME_AGE = (slot_range(name).start for name in ("mode", "brightness", "frame_age"))
_RPY, _SEEN = slot_range("head_rpy"), slot_range("detections")
_POS, _VEL, _GYRO = (slot_range(name) for name in ("joint_pos", "joint_vel", "imu_gyro"))
_SIZE = DETECTION_FIELDS.index("size")
_GEOMETRY = [DETECTION_FIELDS.index(name) for name in DETECTION_BOUNDS]
_LOWEST, _HIGHEST = np.array(list(DETECTION_BOUNDS.values())).T


@dataclass(frozen=True)
class OodStats:
    """What is normal. A score of 1 is the threshold."""

    rest: F64
    """(49,) residual of each channel that is still normal while nothing is asked to move..."""
    moving: F64
    """(49,) ... and by how much more for each rad of activity."""
    low: F64
    """(37,) least and..."""
    high: F64
    """(37,) ... largest value of each slot that the body measures."""
    hours: F64
    """(1,) of clean robot time that were calibrated on."""


SHAPES: dict[str, tuple[int, ...]] = {
    "rest": (NUM_CHANNELS,),
    "moving": (NUM_CHANNELS,),
    "low": (SENSED,),
    "high": (SENSED,),
    "hours": (1,),
}


def pack_ood(stats: OodStats) -> dict[str, bytes]:
    """Plain bytes for a manifest.

    Raises:
        BundleError: numbers that `unpack_ood` would refuse.
    """
    raw = {name: np.ascontiguousarray(getattr(stats, name), "<f8").tobytes() for name in SHAPES}
    unpack_ood(raw)
    return raw


def unpack_ood(raw: object) -> OodStats:
    """The inverse of `pack_ood`, for bytes from anywhere.

    Raises:
        BundleError: a field too few or too many, of another size, not finite, or without meaning.
    """
    if not isinstance(raw, Mapping) or raw.keys() != SHAPES.keys():
        raise BundleError(f"manifest.ood: expected the fields {', '.join(sorted(SHAPES))}")
    arrays = {name: _array(name, raw[name], shape) for name, shape in SHAPES.items()}
    stats = OodStats(**arrays)
    for name in ("rest", "hours"):
        if not (arrays[name] > 0.0).all():
            raise BundleError(f"manifest.ood.{name} must be above 0")
    if (stats.moving < 0.0).any():
        raise BundleError("manifest.ood.moving must not be below 0")
    if not (stats.low < stats.high).all():
        raise BundleError("manifest.ood: a slot's lowest value is not below its highest")
    return stats


def _array(name: str, buffer: Any, shape: tuple[int, ...]) -> F64:
    if not isinstance(buffer, bytes) or len(buffer) != 8 * int(np.prod(shape)):
        raise BundleError(f"manifest.ood.{name} is not a float64 array of shape {shape}")
    array = np.frombuffer(buffer, "<f8").reshape(shape).astype(np.float64)
    if not np.isfinite(array).all() or np.abs(array).max() > 1e12:
        raise BundleError(f"manifest.ood.{name} holds numbers that are not finite or far too large")
    return array


assert set(SHAPES) == {field.name for field in fields(OodStats)}


@dataclass(frozen=True)
class Finding:
    """An observation unlike those of training."""

    kind: str
    """The check that is furthest over its threshold, in one word."""
    score: float
    """How far over its threshold: 1 is at it."""
    detail: str
    """In words, with figures where there are any."""


class _Frozen:
    """Readings of n streams that repeat themselves while something else shows that they should not."""

    def __init__(self, n: int) -> None:
        self._reading: F32 | None = None
        self._place: F32 | None = None
        self._ticks = np.zeros(n, np.int64)

    def forget(self) -> None:
        self._reading = None
        self._ticks[:] = 0

    def update(self, reading: F32, place: F32, most: float = np.inf) -> F64:
        """(n,) score.

        Args:
            reading: (n, m).
            place: (n, k) rad: where the body was measured, by other sensors.
            most: ticks after which it is frozen though nothing moves.
        """
        if self._reading is None or self._place is None:
            self._reading, self._place = reading, place
        same = (reading == self._reading).all(axis=1)
        self._ticks = np.where(same, self._ticks + 1, 0)
        self._reading, self._place = reading, np.where(same[:, None], self._place, place)
        turned = np.abs(place - self._place).max(axis=1)
        score = np.minimum(turned / FROZEN_RAD, self._ticks / FROZEN_TICKS)
        return np.asarray(np.maximum(score, self._ticks / most), np.float64)


class OodDetector:
    """Watches n observation streams, tick by tick.

    Args:
        stats: what is normal.
        n: streams; `update` is for one.
    """

    def __init__(self, stats: OodStats, n: int = 1) -> None:
        self._stats, self._n = stats, n
        self._moving = np.maximum(stats.moving, LEAST_MOVING)
        self._residuals = Residuals(n)
        self._before = np.zeros((n, len(CHECKS)))
        self._picture, self._velocities, self._gyro = _Frozen(n), _Frozen(n), _Frozen(n)
        self._residual: Residual | None = None
        self._tick: int | None = None
        self._obs: F32 | None = None
        self._quiet = QUIET_TICKS
        self._told = -AGAIN_TICKS

    def update(self, obs: F32, tick: int) -> Finding | None:
        """Judge the observation of one robot.

        Args:
            obs: (512,).
            tick: the guard's count of ticks; missing ones are bridged, a repeated one is left out.

        Returns:
            The finding that begins an anomaly, and every `AGAIN_TICKS` while it lasts; otherwise None.
        """
        if self._tick == tick:
            return None
        row = np.asarray(obs, np.float32)[None]
        if row[0, _MODE] != 1.0:
            self._forget()
            return None
        self._bridge(row, tick)
        scores = self.scores(row)[0]
        self._tick, self._obs = tick, row
        worst = int(scores.argmax())
        unusual = bool(scores[worst] > 1.0)
        tell = unusual and (self._quiet >= QUIET_TICKS or tick - self._told >= AGAIN_TICKS)
        self._quiet = 0 if unusual else self._quiet + 1
        if not tell:
            return None
        self._told = tick
        return self._finding(worst, float(scores[worst]))

    def scores(self, obs: F32) -> F64:
        """Judge one tick of every stream: (n, 512) -> (n, len(CHECKS)), confirmed; above 1 is an anomaly."""
        stats, out = self._stats, np.zeros((self._n, len(CHECKS)))
        finite = np.isfinite(obs).all(axis=1)
        if not finite.all():
            obs = np.nan_to_num(obs, nan=0.0, posinf=0.0, neginf=0.0)
        residual = self._residual = self._residuals.update(obs)
        out[:, :NUM_CHANNELS] = np.abs(residual.value) / (stats.rest + self._moving * residual.activity)
        middle, half = 0.5 * (stats.high + stats.low), 0.5 * (stats.high - stats.low)
        tail = out[:, NUM_CHANNELS:]
        tail[:, 0] = (np.abs(obs[:, :SENSED] - middle) / half).max(axis=1)
        tail[:, 1:3] = 2.0 * residual.lost
        tail[:, 3] = 2.0 * ~finite
        tail[:, 4] = 2.0 - obs[:, _BRIGHTNESS] / DARK
        tail[:, 5] = obs[:, _FRAME_AGE] / OLD_PICTURE_S
        self._look(obs, tail)
        confirmed = np.minimum(out, self._before)
        self._before = out
        return np.asarray(confirmed)

    def _look(self, obs: F32, tail: F64) -> None:
        """Impossible detections, and readings that stand still while the body turns."""
        seen = obs[:, _SEEN].reshape(self._n, NUM_DETECTIONS, -1)[..., _GEOMETRY]
        there = seen[..., _GEOMETRY.index(_SIZE)] != 0.0
        outside = ((seen < _LOWEST) | (seen > _HIGHEST)).any(axis=2) & there
        tail[:, 6] = 2.0 * outside.any(axis=1)
        picture = seen.reshape(self._n, -1)
        tail[:, 7] = self._picture.update(picture, obs[:, _RPY]) * there.any(axis=1)
        tail[:, 8] = self._velocities.update(obs[:, _VEL], obs[:, _POS])
        gyro = obs[:, _GYRO]
        tail[:, 9] = self._gyro.update(gyro, obs[:, _RPY], NOISELESS_TICKS) * gyro.any(axis=1)

    def _bridge(self, row: F32, tick: int) -> None:
        """Fill in up to `GAP_TICKS` ticks that were missed, on the straight line between their neighbours."""
        if self._tick is None or self._obs is None:
            return
        missing = tick - self._tick - 1
        if not 0 <= missing <= GAP_TICKS:
            self._forget()
            return
        for k in range(missing):
            share = np.float32((k + 1) / (missing + 1))
            self.scores(np.asarray(self._obs + share * (row - self._obs)))

    def _forget(self) -> None:
        self._residuals.forget()
        self._before[:] = 0.0
        for watch in (self._picture, self._velocities, self._gyro):
            watch.forget()
        self._tick = self._obs = None

    def _finding(self, worst: int, score: float) -> Finding:
        name = CHECKS[worst]
        kind = name.split(" ", maxsplit=1)[0]
        if worst >= NUM_CHANNELS or self._residual is None:
            return Finding(kind, score, name)
        off = float(self._residual.value[0, worst])
        activity = float(self._residual.activity[0, worst])
        normal = float(self._stats.rest[worst] + self._moving[worst] * activity)
        unit = UNITS[worst]
        return Finding(kind, score, f"{name}: off by {off:.3g} {unit}, at most {normal:.3g} is normal")
