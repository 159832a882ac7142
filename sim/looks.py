"""How a room may look to the robot's eye: patterns, colours and lights, drawn anew for every training frame.

The `held_out` family has patterns, colours and lights that the `train` family never has, so that a test frame
shows a room such as no training frame did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Image = NDArray[np.uint8]
Family = Literal["train", "held_out"]

TEXTURE = 128
"""Side of a pattern [pixels]."""
HUES: dict[Family, tuple[tuple[float, float], ...]] = {
    "train": ((0.0, 0.45), (0.60, 0.72), (0.88, 1.0)),
    "held_out": ((0.47, 0.58), (0.74, 0.86)),
}
"""Of surfaces: held-out ones are turquoise or violet, and training's never."""


@dataclass(frozen=True)
class Surface:
    """A pattern on a surface."""

    pattern: Image
    """(TEXTURE, TEXTURE, 3) RGB."""
    repeat: float
    """Times that it is repeated over the surface."""


@dataclass(frozen=True)
class Look:
    """Everything about the room that says nothing about where things are."""

    wall: Surface
    floor: Surface
    table: Surface | None
    """None: the wood that the table comes with."""
    plinth: F64
    """(3,) colour of the columns, [0, 1]."""
    tint: F64
    """(things, 3) factors on each thing's colours."""
    specular: float
    """Of the things, [0, 1]."""
    ambient: F64
    """(3,) light from everywhere."""
    headlight: F64
    """(3,) light from the camera."""
    lamps: tuple[tuple[F64, F64], ...]
    """Two lamps: direction (3,) in which the light goes and colour (3,)."""


def draw_look(rng: np.random.Generator, family: Family, things: int) -> Look:
    """Draw a look for `things` named things."""
    held_out = family == "held_out"
    warmth = rng.uniform(0.25, 0.4) if held_out else rng.uniform(-0.2, 0.2)
    warmth *= rng.choice((-1.0, 1.0)) if held_out else 1.0
    colour = np.array([1.0 + warmth, 1.0, 1.0 - warmth])
    lamps = tuple(
        (_direction(rng, held_out), rng.uniform(0.0, 0.7) * colour * rng.uniform(0.92, 1.08, 3))
        for _ in range(2)
    )
    return Look(
        wall=_surface(rng, family, (2.0, 12.0)),
        floor=_surface(rng, family, (1.0, 6.0)),
        table=None if rng.random() < 0.25 else _surface(rng, family, (1.0, 3.0)),
        plinth=_colour(rng, held_out),
        tint=np.clip(rng.normal(1.0, 0.08, (things, 3)) * rng.uniform(0.8, 1.15, (things, 1)), 0.5, 1.3),
        specular=float(rng.uniform(0.0, 0.6)),
        ambient=rng.uniform(0.2, 0.5) * colour,
        headlight=rng.uniform(0.1, 0.6) * np.ones(3),
        lamps=lamps,
    )


def _direction(rng: np.random.Generator, held_out: bool) -> F64:
    """Training's lamps shine from above; held-out ones from the side, lower."""
    around = rng.uniform(-np.pi, np.pi)
    down = np.deg2rad(rng.uniform(15.0, 30.0) if held_out else rng.uniform(35.0, 85.0))
    return np.array([np.cos(around) * np.cos(down), np.sin(around) * np.cos(down), -np.sin(down)])


def _colour(rng: np.random.Generator, held_out: bool) -> F64:
    if not held_out and rng.random() < 0.35:
        return np.full(3, rng.uniform(0.1, 0.95))
    ranges = HUES["held_out" if held_out else "train"]
    low, high = ranges[int(rng.integers(len(ranges)))]
    return _rgb(rng.uniform(low, high), rng.uniform(0.2, 0.65), rng.uniform(0.25, 0.95))


def _rgb(hue: float, saturation: float, value: float) -> F64:
    # https://en.wikipedia.org/wiki/HSL_and_HSV#HSV_to_RGB_alternative
    k = (np.array([5.0, 3.0, 1.0]) + 6.0 * hue) % 6.0
    return np.asarray(value - value * saturation * np.clip(np.minimum(k, 4.0 - k), 0.0, 1.0))


def _surface(rng: np.random.Generator, family: Family, repeat: tuple[float, float]) -> Surface:
    kinds = PATTERNS[family]
    share = kinds[int(rng.integers(len(kinds)))](rng)
    a, b = _colour(rng, family == "held_out"), _colour(rng, family == "held_out")
    # Strong contrasts are as frequent as faint ones.
    b = a + rng.uniform(0.1, 1.0) * (b - a)
    mixed = a + share[..., None] * (b - a) + rng.normal(0.0, 0.02, (TEXTURE, TEXTURE, 1))
    pattern = np.clip(255.0 * mixed, 0.0, 255.0).astype(np.uint8)
    return Surface(pattern, float(rng.uniform(*repeat)))


def _grid() -> tuple[F64, F64]:
    y, x = np.mgrid[:TEXTURE, :TEXTURE] / TEXTURE
    return x, y


def _plain(rng: np.random.Generator) -> F64:
    return np.full((TEXTURE, TEXTURE), rng.random())


def _gradient(rng: np.random.Generator) -> F64:
    x, y = _grid()
    turn = rng.uniform(0.0, 2.0 * np.pi)
    return np.asarray(0.5 + 0.5 * np.sin(np.pi * (np.cos(turn) * x + np.sin(turn) * y) + turn))


def _stripes(rng: np.random.Generator) -> F64:
    x, y = _grid()
    count = int(rng.integers(2, 12))
    along = x if rng.random() < 0.5 else y
    return ((along * count) % 1.0 < rng.uniform(0.3, 0.7)).astype(np.float64)


def _checks(rng: np.random.Generator) -> F64:
    x, y = _grid()
    count = int(rng.integers(2, 10))
    return np.asarray((np.floor(x * count) + np.floor(y * count)) % 2)


def _clouds(rng: np.random.Generator) -> F64:
    """Noise of several sizes: stone, plaster, carpet."""
    total = np.zeros((TEXTURE, TEXTURE))
    for size in (4, 8, 16, 32, 64):
        coarse = rng.random((size, size)) * rng.uniform(0.2, 1.0)
        total += np.kron(coarse, np.ones((TEXTURE // size, TEXTURE // size))) / 5.0 * (16.0 / size) ** 0.3
    return np.clip(total, 0.0, 1.0)


def _grain(rng: np.random.Generator) -> F64:
    """Streaks along one direction, as in wood."""
    lines = np.convolve(rng.random(TEXTURE + 8), np.ones(9) / 9.0, mode="valid")
    lines = (lines - lines.min()) / (np.ptp(lines) + 1e-9)
    return np.asarray(np.clip(lines[:, None] + rng.normal(0.0, 0.08, (TEXTURE, TEXTURE)), 0.0, 1.0))


def _shards(rng: np.random.Generator) -> F64:
    """Corners of every kind between straight edges."""
    x, y = _grid()
    total = np.zeros((TEXTURE, TEXTURE))
    for _ in range(int(rng.integers(2, 8))):
        turn = rng.uniform(0.0, 2.0 * np.pi)
        total += np.cos(turn) * (x - rng.random()) + np.sin(turn) * (y - rng.random()) > 0.0
    return np.asarray(total % 2.0)


def _mosaic(rng: np.random.Generator) -> F64:
    """Rectangles over each other: posters, shelves, tiles of several shades."""
    found = np.full((TEXTURE, TEXTURE), rng.random())
    for _ in range(int(rng.integers(4, 24))):
        (top, left), (high, wide) = rng.integers(0, TEXTURE, 2), rng.integers(6, TEXTURE // 2, 2)
        found[top : top + high, left : left + wide] = rng.random()
    return found


def _speckle(rng: np.random.Generator) -> F64:
    """Grains of one size: gravel, terrazzo, rough cloth."""
    size = int(rng.choice((1, 2, 4)))
    grains = rng.random((TEXTURE // size, TEXTURE // size)) < rng.uniform(0.05, 0.5)
    return np.asarray(np.kron(grains, np.ones((size, size))))


def _scribble(rng: np.random.Generator) -> F64:
    """Lines that wander: cables, cracks, handwriting."""
    found = np.zeros((TEXTURE, TEXTURE))
    for _ in range(int(rng.integers(2, 10))):
        turns = np.cumsum(rng.normal(0.0, 0.25, 300)) + rng.uniform(0.0, 2.0 * np.pi)
        along = rng.uniform(0.0, TEXTURE, 2) + np.cumsum(
            np.stack([np.sin(turns), np.cos(turns)], axis=1), axis=0
        )
        row, column = (along.astype(np.int64) % TEXTURE).T
        for thick in range(int(rng.integers(1, 4))):
            found[(row + thick) % TEXTURE, column] = 1.0
    return found


def _dots(rng: np.random.Generator) -> F64:
    x, y = _grid()
    count, radius = int(rng.integers(3, 9)), rng.uniform(0.15, 0.4)
    return (np.hypot(x * count % 1.0 - 0.5, y * count % 1.0 - 0.5) < radius).astype(np.float64)


def _bricks(rng: np.random.Generator) -> F64:
    x, y = _grid()
    rows = int(rng.integers(4, 12))
    row = np.floor(y * rows)
    across = (x * rows / 2.0 + 0.5 * (row % 2)) % 1.0
    return ((across > 0.06) & (y * rows % 1.0 > 0.12)).astype(np.float64)


def _waves(rng: np.random.Generator) -> F64:
    x, y = _grid()
    bend = rng.uniform(0.03, 0.15) * np.sin(2.0 * np.pi * int(rng.integers(1, 4)) * x)
    return 0.5 + 0.5 * np.sin(2.0 * np.pi * int(rng.integers(2, 8)) * (y + bend))


def _rings(rng: np.random.Generator) -> F64:
    x, y = _grid()
    return 0.5 + 0.5 * np.sin(2.0 * np.pi * rng.uniform(3.0, 9.0) * np.hypot(x - 0.5, y - 0.5))


PATTERNS: dict[Family, tuple[Callable[[np.random.Generator], F64], ...]] = {
    "train": (
        _plain,
        _gradient,
        _stripes,
        _checks,
        _clouds,
        _grain,
        _shards,
        _mosaic,
        _speckle,
        _scribble,
    ),
    "held_out": (_dots, _bricks, _waves, _rings),
}
"""Each gives the share of a second colour, (TEXTURE, TEXTURE) in [0, 1]."""
