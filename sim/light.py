"""What little light does to detections. The size of the effect is assumed, not measured on a camera."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from shared.control import vision
from shared.control.vision import Noise, Scenes
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS

F64 = NDArray[np.float64]

ENOUGH = 0.4
"""Mean brightness of the image [0, 1] from which on more light changes nothing."""
CENTRE_GAIN, SIZE_GAIN, MISS_GAIN = 2.0, 2.0, 20.0
"""In the dark the noise of centres and sizes is so much larger, and misses are so much more frequent, than
in enough light."""


def noise_in(noise: Noise, brightness: float) -> Noise:
    """The noise of detections at this brightness; unchanged in enough light, and where there is none."""
    dark = max(0.0, 1.0 - brightness / ENOUGH)
    return replace(
        noise,
        centre=noise.centre * (1.0 + CENTRE_GAIN * dark),
        size=noise.size * (1.0 + SIZE_GAIN * dark),
        miss=min(1.0, noise.miss * (1.0 + MISS_GAIN * dark)),
    )


def detect(  # noqa: PLR0917
    seen: Scenes, head_pos: F64, R: F64, rng: np.random.Generator, noise: Noise, brightness: F64
) -> NDArray[np.float32]:
    """`vision.detect` for n robots, each in a light of its own: `brightness` (n,) [0, 1]."""
    if noise.measured is not None:  # it knows by itself what darkness does
        return vision.detect(seen, head_pos, R, rng, noise, brightness=brightness)
    dark = brightness < ENOUGH
    if not dark.any():
        return vision.detect(seen, head_pos, R, rng, noise)
    out = np.empty((len(brightness), NUM_DETECTIONS * len(DETECTION_FIELDS)), np.float32)
    for group in [np.flatnonzero(~dark), *np.flatnonzero(dark)[:, None]]:
        part = Scenes(*(getattr(seen, f.name)[group] for f in fields(seen)))
        here = noise_in(noise, float(brightness[group].min(initial=1.0)))
        out[group] = vision.detect(part, head_pos[group], R[group], rng, here)
    return out
