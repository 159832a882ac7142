"""What a camera makes of a picture: exposure, colour cast, blur of lens and motion, noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

DIM = (0.08, 0.20)
"""Mean brightness of a dim frame; below it the camera sees nothing (`ood.DARK`)."""
BRIGHT = (0.25, 0.70)
"""Mean brightness of a bright frame; a bright scene under it is left as it is."""
_GAMMA = 2.2
_NOISE = np.random.default_rng(7).standard_normal(1 << 21).astype(np.float32)
"""Drawing normal numbers for every pixel costs more than everything else: frames take a stretch of these."""


@dataclass(frozen=True)
class Sensor:
    """One frame's camera."""

    brightness: float
    """Mean of the frame to come [0, 1], but for what is clipped."""
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Factors on red, green, blue."""
    blur: float = 0.0
    """Weight of the neighbours in a 3 x 3 blur [0, 1]."""
    motion: tuple[int, int] = (0, 0)
    """Motion blur [pixels] right and down."""
    noise: float = 0.0
    """Standard deviation [of 255] of the noise at full light; it grows where light is scarce."""
    seed: int = 0
    """Of the noise."""


def draw_sensor(rng: np.random.Generator, dim: bool) -> Sensor:
    """Draw a camera for a frame in dim or bright light."""
    moving = rng.random() < 0.3
    motion = rng.integers(-3, 4, 2) if moving else np.zeros(2, np.int64)
    r, g, b = np.clip(rng.normal(1.0, 0.04, 3), 0.85, 1.15).tolist()
    return Sensor(
        brightness=float(rng.uniform(*(DIM if dim else BRIGHT))),
        cast=(r, g, b),
        blur=float(rng.uniform(0.0, 0.6)) if rng.random() < 0.4 else 0.0,
        motion=(int(motion[0]), int(motion[1])),
        noise=float(rng.uniform(1.0, 5.0)),
        seed=int(rng.integers(2**31)),
    )


def expose(picture: Image, sensor: Sensor, mean: float | None = None) -> Image:
    """The picture as this camera takes it.

    Args:
        picture: (height, width, 3) RGB.
        sensor: the camera.
        mean: of the whole frame that the picture is a part of [of 255]; None: it is the whole.
    """
    seen = _blurred(_smeared(picture, sensor.motion), sensor.blur)
    levels = np.arange(256) / 255.0
    # Light is linear, pixels are not: brightness goes with the power of the gain.
    gain = (sensor.brightness * 255.0 / max(float(seen.mean()) if mean is None else mean, 1.0)) ** _GAMMA
    channels = []
    rng = np.random.default_rng(sensor.seed)
    start = int(rng.integers(len(_NOISE) - seen.size))
    noise = _NOISE[start : start + seen.size].reshape(seen.shape)
    for k, cast in enumerate(sensor.cast):
        table = (255.0 * np.minimum(gain * cast * levels**_GAMMA, 1.0) ** (1.0 / _GAMMA)).astype(np.float32)
        spread = (sensor.noise * (1.0 + 1.5 * np.exp(-table / 40.0))).astype(np.float32)
        channels.append(table[seen[..., k]] + spread[seen[..., k]] * noise[..., k])
    return np.asarray(np.clip(np.stack(channels, axis=-1), 0.0, 255.0), np.uint8)


def brightness(picture: Image) -> float:
    """Mean of all pixels [0, 1]; of every 16th, which is as good."""
    return float(picture.reshape(-1, 3)[::16].mean()) / 255.0


def _smeared(picture: Image, motion: tuple[int, int]) -> Image:
    """The mean of the picture shifted step by step along the motion, around its middle."""
    steps = max(abs(motion[0]), abs(motion[1]))
    if steps == 0:
        return picture
    total = np.zeros(picture.shape, np.uint16)
    for share in np.linspace(-0.5, 0.5, steps + 1):
        total += np.roll(picture, (round(motion[1] * share), round(motion[0] * share)), axis=(0, 1))
    return np.asarray(total // (steps + 1), np.uint8)


def _blurred(picture: Image, weight: float) -> Image:
    if weight == 0.0:
        return picture
    wide = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge").astype(np.uint16)
    rows = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    soft = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) // 16
    return np.asarray((1.0 - weight) * picture + weight * soft, np.uint8)
