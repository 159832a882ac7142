"""What little light does to detections. The size of the effect is assumed, not measured on a camera."""

from __future__ import annotations

from dataclasses import replace

from shared.control.vision import Noise

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
