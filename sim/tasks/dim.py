"""Look at an object in bad light: trained in bright rooms, measured in dim ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from shared.messages import TaskSpec
from sim.tasks import look
from sim.tasks.base import SCENE, SceneConfig, Split, Task

BRIGHT = (0.4, 0.8)
DIM = (0.08, 0.2)
"""Mean brightness of the image in the two splits; `sim.light` tells what it does to detections."""


@dataclass(frozen=True)
class DimLook(Task):
    """Wordings and objects as in `look`; the light is what differs."""

    def reset(self, rng: np.random.Generator, split: Split = "train", scene: SceneConfig = SCENE) -> TaskSpec:
        """Draw one episode and its light."""
        spec = super().reset(rng, split, scene)
        return replace(spec, brightness=float(rng.uniform(*(BRIGHT if split == "train" else DIM))))


TASK = DimLook(
    name="dim",
    phrases=look.PHRASES,
    reward=look.CONFIG,
    about=(
        "As `look`, in changing light. Training has bright rooms; held out are, beside wordings and objects, "
        "dim ones, in which the camera misses a tenth to a sixth of what is there and places the rest less "
        "exactly. How bright it is the robot observes."
    ),
    difficulty=2,
    looks=True,
    bow_fails=False,
    simulation_only="the light around a robot is what it is",
)
