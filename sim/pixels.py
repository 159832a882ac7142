"""What a simulated robot sees in pictures: its camera's view of the scene, and what a detector finds in it.

A picture and its detections take some 25 ms of one core. So training projects positions (`vision.detect`),
and this is for measuring what comes of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.messages import SceneObject
from shared.sight.network import SHIPPED, Detector
from shared.sight.slots import observation_slots
from sim.images import Studio
from sim.sensor import Sensor, brightness, expose
from sim.shots import NAMES, Shot

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Image = NDArray[np.uint8]

NOISE = 2.0
"""Of the sensor, standard deviation [of 255] at full light."""


def shot_of(objects: Sequence[SceneObject], head_pos: F64, head: F64) -> Shot:
    """A task's things as the head sees them from where it is; things that nobody can draw are left out.

    Args:
        objects: of the task.
        head_pos: (3,) m.
        head: (3, 3) orientation.
    """
    things = [thing for thing in objects if thing.name in NAMES]
    return Shot(
        names=tuple(NAMES.index(thing.name) for thing in things),
        positions=np.array([thing.position for thing in things]).reshape(-1, 3),
        yaws=np.zeros(len(things)),
        pieces=(),
        head_pos=head_pos,
        head=head,
    )


class Eye:
    """Takes pictures. Use and close it on the thread that made it.

    Raises:
        NoPicture: this machine has no OpenGL; the message says what to install.
        MissingExtra: reachy-mini is not installed.
    """

    def __init__(self) -> None:
        self._studio = Studio()
        self._number = 0

    def picture(self, objects: Sequence[SceneObject], head_pos: F64, head: F64, light: float) -> Image:
        """(HEIGHT, WIDTH, 3) RGB: the scene in this light [mean brightness], with a sensor's noise."""
        self._number += 1
        clean = self._studio.picture(shot_of(objects, head_pos, head))
        return expose(clean, Sensor(brightness=light, noise=NOISE, seed=self._number))

    def close(self) -> None:
        """Free the OpenGL context."""
        self._studio.close()


class Pixels:
    """A `sim.vector.Sight`: what a detector finds in an eye's pictures.

    Args:
        folder: of the detector; the shipped one unless given.

    Raises:
        NoPicture: this machine has no OpenGL.
        MissingExtra: reachy-mini or ONNX Runtime is not installed.
        ConfigError: no detector there.
    """

    def __init__(self, folder: Path = SHIPPED) -> None:
        self._detector = Detector(folder)
        self._eye = Eye()

    def __call__(
        self, objects: Sequence[SceneObject], head_pos: F64, head: F64, light: float
    ) -> tuple[F32, float]:
        """See `sim.vector.Sight`."""
        picture = self._eye.picture(objects, head_pos, head, light)
        slots = observation_slots(self._detector(picture), self._detector.names, objects)
        return slots, brightness(picture)

    def close(self) -> None:
        """Free the OpenGL context."""
        self._eye.close()
