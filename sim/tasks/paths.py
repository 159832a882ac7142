"""The way of an object that moves across the table: smooth, and the same whenever it is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.messages import SceneObject, TaskSpec
from shared.spaces import TICK_S
from sim.tasks.base import CAMERA

F64 = NDArray[np.float64]

SWING_DEG = (13.0, 16.0)
"""Half of the way, as seen from the camera: holding still in its middle is not following."""
PERIOD_S = (7.5, 9.0)
"""From one side to the other and back."""
CENTRE_M = 0.14
"""The middle of the way is at most so far to either side."""


@dataclass(frozen=True)
class Path:
    """To and fro along the table's width, as a pendulum goes."""

    thing: int
    """Index of the object in its scene."""
    start: tuple[float, float, float]
    """[m] where it is at the episode's start."""
    swing_m: float
    period_s: float
    phase: float
    """[rad] at the start."""

    def at(self, ticks: NDArray[np.int64] | int) -> F64:
        """Where the object is so many ticks after the episode's start: (k, 3) m, or (3,) for a single one."""
        turn = 2.0 * math.pi * TICK_S / self.period_s
        moved = self.swing_m * (np.sin(self.phase + turn * np.asarray(ticks)) - math.sin(self.phase))
        where: F64 = np.asarray(self.start) + moved[..., None] * np.array([0.0, 1.0, 0.0])
        return where


def to_and_fro(spec: TaskSpec, thing: int) -> Path:
    """The way that an episode's seed gives to one of its objects."""
    rng = np.random.default_rng([spec.seed, thing])
    start = spec.objects[thing].position
    swing = (start[0] - CAMERA[0]) * math.tan(math.radians(rng.uniform(*SWING_DEG)))
    low, high = max(start[1] - swing, -CENTRE_M), min(start[1] + swing, CENTRE_M)
    off = (start[1] - rng.uniform(low, high)) / swing
    phase = math.asin(min(max(off, -1.0), 1.0))
    if rng.random() < 0.5:
        phase = math.pi - phase
    return Path(thing, start, swing, rng.uniform(*PERIOD_S), phase)


def objects_at(spec: TaskSpec, path: Path | None, tick: int) -> tuple[SceneObject, ...]:
    """The scene so many ticks after the episode's start."""
    if path is None:
        return spec.objects
    x, y, z = path.at(tick).tolist()
    moved = replace(spec.objects[path.thing], position=(x, y, z))
    return (*spec.objects[: path.thing], moved, *spec.objects[path.thing + 1 :])
