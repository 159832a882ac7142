"""The named everyday things that can stand in front of the robot, and how each is drawn.

Physics does not know them: nothing touches them. They are positions with names for the tasks, and bodies made
of a few coloured shapes (or a mesh that reachy-mini ships) in pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

RGB = tuple[float, float, float]
Vec = tuple[float, float, float]

RED: RGB = (0.80, 0.10, 0.10)
GREEN: RGB = (0.16, 0.50, 0.22)
BLUE: RGB = (0.12, 0.30, 0.75)
YELLOW: RGB = (0.95, 0.78, 0.16)
WHITE: RGB = (0.93, 0.93, 0.90)
BLACK: RGB = (0.09, 0.09, 0.10)
BROWN: RGB = (0.45, 0.27, 0.14)
ORANGE: RGB = (0.93, 0.47, 0.12)
PINK: RGB = (0.90, 0.45, 0.60)
SILVER: RGB = (0.62, 0.65, 0.70)


@dataclass(frozen=True)
class Part:
    """One shape of a thing, in the frame of its centre (x to the robot's right, y away from it, z up)."""

    shape: str
    """`sphere`, `ellipsoid`, `box`, `cylinder`, `capsule`, or `mesh:<name>`, one of reachy-mini's meshes."""
    size: Vec
    """Half sizes [m] as MuJoCo has them; for a mesh, the scale on each axis."""
    at: Vec
    """[m] from the thing's centre."""
    colour: RGB
    tilt: Vec = (0.0, 0.0, 0.0)
    """Roll, pitch, yaw [deg]."""


@dataclass(frozen=True)
class Thing:
    """A named object."""

    name: str
    size_m: float
    """Greatest width or height [m]."""
    height_m: float
    """From its foot to its top [m]; the centre is half-way."""
    parts: tuple[Part, ...]
    held_out: bool = False
    """True: appears only in the held-out split."""


def _p(shape: str, size: Vec, at: Vec, colour: RGB, tilt: Vec = (0.0, 0.0, 0.0)) -> Part:
    return Part(shape, size, at, colour, tilt)


THINGS: tuple[Thing, ...] = (
    Thing(
        "rubber duck", 0.09, 0.084, (_p("mesh:duck", (0.3, 0.3, 0.3), (0, 0, -0.042), YELLOW, (90, 0, -60)),)
    ),
    Thing("apple", 0.08, 0.08, (_p("mesh:apple", (0.9, 0.9, 0.9), (0, 0, -0.04), RED, (90, 0, 0)),)),
    Thing(
        "croissant", 0.12, 0.036, (_p("mesh:croissant", (0.6, 0.6, 0.6), (0, 0, -0.018), ORANGE, (90, 0, 0)),)
    ),
    Thing("red ball", 0.08, 0.08, (_p("sphere", (0.04, 0, 0), (0, 0, 0), RED),)),
    Thing("blue cube", 0.07, 0.07, (_p("box", (0.035, 0.035, 0.035), (0, 0, 0), BLUE, (0, 0, 20)),)),
    Thing(
        "coffee mug",
        0.10,
        0.09,
        (
            _p("cylinder", (0.036, 0.045, 0), (0, 0, 0), WHITE),
            _p("cylinder", (0.032, 0.001, 0), (0, 0, 0.0455), BROWN),
            _p("capsule", (0.006, 0.018, 0), (0.055, 0, 0), WHITE),
            _p("capsule", (0.006, 0.010, 0), (0.044, 0, 0.022), WHITE, (0, 90, 0)),
            _p("capsule", (0.006, 0.010, 0), (0.044, 0, -0.022), WHITE, (0, 90, 0)),
        ),
    ),
    Thing(
        "green bottle",
        0.17,
        0.17,
        (
            _p("cylinder", (0.030, 0.05, 0), (0, 0, -0.035), GREEN),
            _p("ellipsoid", (0.030, 0.030, 0.03), (0, 0, 0.015), GREEN),
            _p("cylinder", (0.011, 0.03, 0), (0, 0, 0.05), GREEN),
            _p("cylinder", (0.013, 0.006, 0), (0, 0, 0.080), SILVER),
        ),
    ),
    Thing(
        "book",
        0.14,
        0.14,
        (
            _p("box", (0.050, 0.014, 0.070), (0, 0, 0), BLUE, (0, 0, 25)),
            _p("box", (0.046, 0.011, 0.0702), (0.004, 0.002, 0.001), WHITE, (0, 0, 25)),
            _p("box", (0.030, 0.001, 0.012), (0.006, -0.014, 0.025), YELLOW, (0, 0, 25)),
        ),
    ),
    Thing(
        "candle",
        0.13,
        0.13,
        (
            _p("cylinder", (0.024, 0.045, 0), (0, 0, -0.02), WHITE),
            _p("cylinder", (0.002, 0.008, 0), (0, 0, 0.03), BLACK),
            _p("ellipsoid", (0.008, 0.008, 0.017), (0, 0, 0.048), ORANGE),
        ),
    ),
    Thing(
        "toy car",
        0.12,
        0.065,
        (
            _p("box", (0.060, 0.026, 0.014), (0, 0, -0.008), RED),
            _p("box", (0.030, 0.023, 0.014), (-0.006, 0, 0.018), SILVER),
            *(
                _p("cylinder", (0.015, 0.006, 0), (x, y, -0.018), BLACK, (90, 0, 0))
                for x in (-0.035, 0.035)
                for y in (-0.027, 0.027)
            ),
        ),
    ),
    Thing(
        "banana",
        0.15,
        0.06,
        (
            _p("capsule", (0.017, 0.026, 0), (0, 0, -0.012), YELLOW, (0, 90, 0)),
            _p("capsule", (0.015, 0.024, 0), (0.043, 0, 0.001), YELLOW, (0, 58, 0)),
            _p("capsule", (0.015, 0.024, 0), (-0.043, 0, 0.001), YELLOW, (0, -58, 0)),
            _p("capsule", (0.006, 0.008, 0), (0.072, 0, 0.024), BROWN, (0, 40, 0)),
        ),
    ),
    Thing(
        "flower pot",
        0.17,
        0.17,
        (
            _p("cylinder", (0.038, 0.032, 0), (0, 0, -0.053), BROWN),
            _p("cylinder", (0.043, 0.008, 0), (0, 0, -0.020), BROWN),
            _p("cylinder", (0.004, 0.035, 0), (0, 0, 0.020), GREEN),
            _p("ellipsoid", (0.022, 0.004, 0.011), (0.022, 0, 0.010), GREEN, (0, -30, 0)),
            _p("sphere", (0.013, 0, 0), (0, 0, 0.058), YELLOW),
            *(
                _p("ellipsoid", (0.014, 0.007, 0.014), at, PINK)
                for at in (
                    (0.022, 0.003, 0.058),
                    (-0.022, 0.003, 0.058),
                    (0, 0.003, 0.080),
                    (0, 0.003, 0.036),
                )
            ),
        ),
    ),
    Thing(
        "clock",
        0.12,
        0.12,
        (
            _p("cylinder", (0.058, 0.012, 0), (0, 0, 0), BLACK, (90, 0, 0)),
            _p("cylinder", (0.051, 0.002, 0), (0, -0.012, 0), WHITE, (90, 0, 0)),
            _p("box", (0.003, 0.001, 0.018), (0, -0.0145, 0.016), BLACK),
            _p("box", (0.002, 0.001, 0.021), (0.016, -0.0145, 0.009), BLACK, (0, 60, 0)),
        ),
    ),
    Thing(
        "teapot",
        0.15,
        0.11,
        (
            _p("ellipsoid", (0.046, 0.046, 0.042), (0, 0, -0.012), BLUE),
            _p("sphere", (0.010, 0, 0), (0, 0, 0.038), WHITE),
            _p("capsule", (0.009, 0.022, 0), (0.058, 0, 0.004), BLUE, (0, 45, 0)),
            _p("capsule", (0.006, 0.022, 0), (-0.062, 0, -0.010), BLUE),
        ),
        held_out=True,
    ),
    Thing(
        "soccer ball",
        0.09,
        0.09,
        (
            _p("sphere", (0.045, 0, 0), (0, 0, 0), WHITE),
            *(
                _p("sphere", (0.017, 0, 0), at, BLACK)
                for at in (
                    (0, -0.030, 0),
                    (0.028, -0.012, 0.012),
                    (-0.028, -0.012, 0.012),
                    (0, -0.010, 0.031),
                )
            ),
        ),
        held_out=True,
    ),
    Thing(
        "gift box",
        0.10,
        0.10,
        (
            _p("box", (0.040, 0.040, 0.036), (0, 0, -0.014), PINK),
            _p("box", (0.0405, 0.008, 0.0365), (0, 0, -0.014), WHITE),
            _p("box", (0.008, 0.0405, 0.0365), (0, 0, -0.014), WHITE),
            _p("ellipsoid", (0.018, 0.008, 0.011), (0.016, 0, 0.034), WHITE, (0, -20, 0)),
            _p("ellipsoid", (0.018, 0.008, 0.011), (-0.016, 0, 0.034), WHITE, (0, 20, 0)),
        ),
        held_out=True,
    ),
    Thing(
        "pear",
        0.10,
        0.10,
        (
            _p("sphere", (0.034, 0, 0), (0, 0, -0.016), (0.70, 0.76, 0.22)),
            _p("ellipsoid", (0.021, 0.021, 0.034), (0, 0, 0.012), (0.70, 0.76, 0.22)),
            _p("capsule", (0.003, 0.008, 0), (0, 0, 0.048), BROWN, (0, 12, 0)),
        ),
        held_out=True,
    ),
    Thing(
        "pencil",
        0.15,
        0.15,
        (
            _p("cylinder", (0.008, 0.055, 0), (0, 0, -0.01), ORANGE),
            _p("cylinder", (0.0085, 0.008, 0), (0, 0, -0.068), PINK),
            _p("ellipsoid", (0.008, 0.008, 0.024), (0, 0, 0.045), (0.9, 0.75, 0.55)),
            _p("sphere", (0.004, 0, 0), (0, 0, 0.066), BLACK),
        ),
        held_out=True,
    ),
)

BY_NAME: dict[str, Thing] = {thing.name: thing for thing in THINGS}


def names(split: str) -> tuple[str, ...]:
    """Names that may appear in the split: the held-out split has all of them, training only its own."""
    return tuple(t.name for t in THINGS if split == "held_out" or not t.held_out)
