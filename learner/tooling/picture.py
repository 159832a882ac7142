"""A moving picture of a played tool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.messages import SceneObject
from sim.camera import Renderer

EVERY = 5
"""One picture for so many ticks: 10 a second."""
_MS = 100


def write_gif(
    path: Path,
    joints: NDArray[np.float64],
    objects: Sequence[SceneObject] = (),
    *,
    width: int = 320,
    height: int = 240,
) -> None:
    """Render measured joints (T, 9) rad, and the objects around.

    Raises:
        NoPicture: this machine has no OpenGL.
    """
    with Renderer(width=width, height=height) as renderer:
        renderer.show(objects)
        frames = [Image.fromarray(renderer.render(row)) for row in joints[::EVERY]]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=_MS, loop=0)
