"""What each kind of wish looks like as a motion: a start pose and steps, in `shared.programs`' JSON form.

Numbers are the usual ones; `PRIMITIVES` functions get size and tempo already worked out. Where no size is
asked for, every program has the parameters `size` and `tempo`, both 1 as made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from learner.tooling.words import Wish
from shared.errors import ProgramError
from shared.programs import AXES, MAX_COUNT

Data = dict[str, Any]

HEAD = ("roll", "pitch", "yaw", "x", "y", "z")
LIMIT_OF = {
    "tilt": ("roll",),
    "look": ("yaw", "pitch"),
    "turn_body": ("body",),
    "slide": ("x",),
    "diagonal": ("roll",),
}
"""Axes that the amount in a wish of this kind is about."""


@dataclass(frozen=True)
class Piece:
    """One motion before it becomes a program: plain numbers, no parameters yet."""

    name: str
    start: Data = field(default_factory=dict)
    """Axis -> deg or mm."""
    steps: tuple[Data, ...] = ()
    exact: bool = False
    """Its size was asked for in numbers, so it gets no `size` parameter."""


def piece(wish: Wish, size: float = 1.0, tempo: float = 1.0) -> Piece:
    """The motion for a wish, scaled.

    Raises:
        ProgramError: more than the robot can do was asked for, in numbers.
    """
    if wish.count is not None and not 1 <= wish.count <= MAX_COUNT:
        raise ProgramError(
            f"{wish.count} times is more than {MAX_COUNT}, the most that a tool may repeat anything"
        )
    _within_reach(wish)
    asked = wish.amount is not None
    made = PRIMITIVES[wish.kind](wish, 1.0 if asked else wish.size * size, wish.tempo * tempo)
    steps = made.steps
    if wish.seconds is not None:
        steps = tuple(scaled_seconds(list(steps), wish.seconds * tempo / duration(list(steps))))
    return Piece(made.name, made.start, steps, asked)


def _within_reach(wish: Wish) -> None:
    if wish.amount is None:
        return
    axes = LIMIT_OF.get(
        wish.kind, ("pitch",) if wish.kind in ("nod", "bow") else ("yaw",) if wish.kind == "shake" else ()
    )
    if wish.kind == "look":
        axes = ("pitch",) if wish.side in ("up", "down") else ("yaw",)
    for axis in axes:
        unit, low, high = AXES[axis]
        if not -wish.amount >= low or not wish.amount <= high:
            raise ProgramError(
                f"{wish.amount:g} {unit} is beyond what the robot may do there: {low:g} .. {high:g} {unit}"
            )


def duration(steps: list[Data]) -> float:
    """Seconds of plain steps."""
    total = 0.0
    for step in steps:
        if "together" in step:
            total += max(duration(branch) for branch in step["together"])
        elif "repeat" in step:
            total += step["repeat"] * duration(step["steps"])
        else:
            total += float(step["seconds"] if "seconds" in step else step["hold"])
    return total


def scaled_seconds(steps: list[Data], factor: float) -> list[Data]:
    """The same steps, slower by `factor`."""
    found = []
    for step in steps:
        one = dict(step)
        for key in ("seconds", "hold"):
            if key in one:
                one[key] = one[key] * factor
        if "steps" in one:
            one["steps"] = scaled_seconds(one["steps"], factor)
        if "together" in one:
            one["together"] = [scaled_seconds(branch, factor) for branch in one["together"]]
        found.append(one)
    return found


def _head(**axes: float) -> Data:
    return {**dict.fromkeys(HEAD, 0.0), **axes}


def _move(seconds: float, **axes: float) -> Data:
    return {"move": axes, "seconds": seconds}


def _wave(cycles: float, seconds: float, **axes: Any) -> Data:
    swings = {a: v if isinstance(v, dict) else {"amplitude": v} for a, v in axes.items()}
    return {"wave": swings, "cycles": cycles, "seconds": seconds}


def _circle(wish: Wish, size: float, tempo: float) -> Piece:
    count, r = wish.count or 1, 9.0 * size
    way = -1.0 if wish.side == "right" else 1.0
    ring = _wave(
        count,
        2.0 * (count + 0.3) * tempo,
        pitch={"amplitude": r, "phase_deg": 90.0},
        yaw={"amplitude": r * way},
    )
    return Piece("circle", _head(pitch=r), (ring, _move(0.6 * tempo, pitch=0.0)))


def _eight(wish: Wish, size: float, tempo: float) -> Piece:
    count = wish.count or 1
    ring = _wave(
        count, 3.4 * (count + 0.3) * tempo, yaw=14.0 * size, pitch={"amplitude": 8.0 * size, "times": 2}
    )
    return Piece("eight", _head(), (ring,))


def _square(wish: Wish, size: float, tempo: float) -> Piece:
    s, side = 9.0 * size, 0.8 * tempo
    corners = ((-s, -s), (-s, s), (s, s), (s, -s))
    sides = [_move(side, yaw=yaw, pitch=pitch) for yaw, pitch in corners]
    body = {"repeat": wish.count, "steps": sides} if wish.count and wish.count > 1 else None
    return Piece(
        "square", _head(yaw=s, pitch=-s), (*((body,) if body else sides), _move(side, yaw=0.0, pitch=0.0))
    )


def _swing(
    name: str, axis: str, usual: float, period: float, count: int
) -> Callable[[Wish, float, float], Piece]:
    def make(wish: Wish, size: float, tempo: float) -> Piece:
        n: int = wish.count or count
        amplitude = wish.amount if wish.amount is not None else usual * size
        return Piece(name, _head(), (_wave(n, period * (n + 0.4) * tempo, **{axis: amplitude}),))

    return make


def _bow(wish: Wish, size: float, tempo: float) -> Piece:
    depth = wish.amount if wish.amount is not None else 16.0 * size
    down, up = _move(0.7 * tempo, pitch=depth), _move(0.7 * tempo, pitch=0.0)
    steps = (down, {"hold": 0.5 * tempo}, up)
    several = wish.count is not None and wish.count > 1
    return Piece("bow", _head(), ({"repeat": wish.count, "steps": list(steps)},) if several else steps)


def _sway(wish: Wish, size: float, tempo: float) -> Piece:
    n = wish.count or 2
    return Piece("sway", _head(), (_wave(n, 2.0 * (n + 0.4) * tempo, body=(wish.amount or 12.0 * size)),))


def _pose(name: str, **axes: float) -> Callable[[Wish, float, float], Piece]:
    def make(wish: Wish, size: float, tempo: float) -> Piece:
        return Piece(name, _head(), (_move(0.8 * tempo, **{a: v * size for a, v in axes.items()}),))

    return make


def _tilt(wish: Wish, size: float, tempo: float) -> Piece:
    side = wish.side or "left"
    roll = (wish.amount if wish.amount is not None else 14.0 * size) * (-1.0 if side == "left" else 1.0)
    return Piece(f"tilt_{side}", _head(), (_move(0.7 * tempo, roll=roll),))


def _look(wish: Wish, size: float, tempo: float) -> Piece:
    if wish.side in ("up", "down"):
        pitch = (wish.amount if wish.amount is not None else 14.0 * size) * (
            -1.0 if wish.side == "up" else 1.0
        )
        return Piece(f"look_{wish.side}", _head(), (_move(0.7 * tempo, pitch=pitch),))
    yaw = (wish.amount if wish.amount is not None else 20.0 * size) * (1.0 if wish.side == "left" else -1.0)
    return Piece(f"look_{wish.side}", _head(), (_move(0.8 * tempo, yaw=yaw),))


def _turn_body(wish: Wish, size: float, tempo: float) -> Piece:
    angle = (wish.amount if wish.amount is not None else 25.0 * size) * (1.0 if wish.side == "left" else -1.0)
    return Piece(f"body_{wish.side}", _head(), (_move(1.0 * tempo, body=angle),))


def _diagonal(wish: Wish, size: float, tempo: float) -> Piece:
    side, _, up = wish.side.partition(" ")
    side = side or "left"
    tilt = wish.amount if wish.amount is not None else 11.0 * size
    pitch = -tilt if up else tilt
    return Piece(
        f"diagonal_{side}",
        _head(),
        (_move(0.8 * tempo, roll=-tilt if side == "left" else tilt, pitch=pitch),),
    )


def _slide(wish: Wish, size: float, tempo: float) -> Piece:
    x = (wish.amount if wish.amount is not None else 8.0 * size) * (1.0 if wish.side == "forward" else -1.0)
    return Piece(f"slide_{wish.side}", _head(), (_move(0.6 * tempo, x=x),))


def _of_side(wish: Wish, right: float, left: float) -> Data:
    both = {"right": right, "left": left}
    return {wish.side: both[wish.side]} if wish.side else both


def _antennas_wave(wish: Wish, size: float, tempo: float) -> Piece:
    n = wish.count or 3
    a = min(wish.amount, 60.0) if wish.amount is not None else 22.0 * size
    return Piece(
        "antennas_wave",
        _of_side(wish, 0.0, 0.0),
        (_wave(n, 0.55 * (n + 0.4) * tempo, **_of_side(wish, a, -a)),),
    )


def _antennas(name: str, angle: float) -> Callable[[Wish, float, float], Piece]:
    def make(wish: Wish, size: float, tempo: float) -> Piece:
        a = angle * min(size, 1.2)
        return Piece(name, {}, (_move(0.8 * tempo, **_of_side(wish, a, -a)),))

    return make


def _surprised(wish: Wish, size: float, tempo: float) -> Piece:
    s = min(size, 1.15)
    start = _head(pitch=2.0, z=-3.0, right=10.0, left=-10.0)
    up = _move(0.4 * tempo, pitch=-11.0 * s, z=6.0 * s, right=-28.0 * s, left=28.0 * s)
    back = _move(0.9 * tempo, pitch=0.0, z=0.0, right=0.0, left=0.0)
    return Piece("surprised", start, (up, {"hold": 0.8 * tempo}, back))


def _sad(wish: Wish, size: float, tempo: float) -> Piece:
    s = min(size, 1.1)
    sink = _move(1.8 * tempo, pitch=16.0 * s, z=-7.0 * s, right=75.0 * s, left=-75.0 * s)
    return Piece(
        "sad", _head(right=0.0, left=0.0), (sink, {"hold": 1.0 * tempo}, _wave(1, 1.6 * tempo, yaw=4.0 * s))
    )


def _happy(wish: Wish, size: float, tempo: float) -> Piece:
    n, s = wish.count or 4, min(size, 1.2)
    seconds = 0.65 * (n + 0.4) * tempo
    bounce = _wave(n, seconds, z=3.5 * s, right=20.0 * s, left=-20.0 * s)
    return Piece(
        "happy", _head(pitch=-5.0, z=2.0, right=0.0, left=0.0), (bounce, _move(0.6 * tempo, pitch=0.0, z=0.0))
    )


def _curious(wish: Wish, size: float, tempo: float) -> Piece:
    s, way = min(size, 1.2), -1.0 if wish.side == "left" else 1.0
    lean = _move(0.9 * tempo, roll=14.0 * s * way, x=5.0 * s, pitch=4.0 * s, right=-15.0 * s, left=15.0 * s)
    return Piece("curious", _head(right=0.0, left=0.0), (lean, {"hold": 1.2 * tempo}))


def _sleepy(wish: Wish, size: float, tempo: float) -> Piece:
    s = min(size, 1.1)
    nod_off = _move(2.4 * tempo, pitch=18.0 * s, z=-6.0 * s, right=60.0 * s, left=-60.0 * s)
    return Piece("sleepy", _head(right=0.0, left=0.0), (nod_off, {"hold": 1.2 * tempo}))


def _proud(wish: Wish, size: float, tempo: float) -> Piece:
    s = min(size, 1.1)
    rise = _move(1.0 * tempo, pitch=-10.0 * s, z=5.5 * s, x=-2.0 * s, right=0.0, left=0.0)
    return Piece("proud", _head(), (rise, {"hold": 1.2 * tempo}))


def _shy(wish: Wish, size: float, tempo: float) -> Piece:
    s, way = min(size, 1.1), -1.0 if wish.side == "right" else 1.0
    hide = _move(
        1.1 * tempo,
        pitch=12.0 * s,
        yaw=16.0 * s * way,
        roll=5.0 * s,
        z=-4.0 * s,
        right=35.0 * s,
        left=-35.0 * s,
    )
    return Piece("shy", _head(right=0.0, left=0.0), (hide, {"hold": 1.0 * tempo}))


PRIMITIVES: dict[str, Callable[[Wish, float, float], Piece]] = {
    "circle": _circle,
    "eight": _eight,
    "square": _square,
    "nod": _swing("nod", "pitch", 10.0, 0.7, 2),
    "shake": _swing("shake", "yaw", 14.0, 0.8, 2),
    "wobble": _swing("wobble", "roll", 10.0, 0.9, 2),
    "bob": _swing("bob", "z", 5.0, 0.7, 2),
    "bow": _bow,
    "sway": _sway,
    "tilt": _tilt,
    "look": _look,
    "turn_body": _turn_body,
    "diagonal": _diagonal,
    "slide": _slide,
    "tall": _pose("tall", z=7.0),
    "duck": _pose("duck", z=-11.0),
    "antennas_wave": _antennas_wave,
    "antennas_down": _antennas("antennas_down", 80.0),
    "antennas_up": _antennas("antennas_up", 0.0),
    "antennas_apart": _antennas("antennas_apart", 45.0),
    "surprised": _surprised,
    "sad": _sad,
    "happy": _happy,
    "curious": _curious,
    "sleepy": _sleepy,
    "proud": _proud,
    "shy": _shy,
}
"""Every kind of wish."""
