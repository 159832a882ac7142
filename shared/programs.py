"""Motion programs: a made tool as data. Steps, bounded loops, parameters with units; never code.

A program is JSON of at most `MAX_BYTES`. Everything about it is checked while it is read: a `Program` object
is well-formed, its loops are bounded and its length is limited; whether it stays inside the robot's
limits is the business of `shared.control.program_bounds` and of simulation. Angles are degrees, lengths
millimetres, times seconds. The head is told as seen from the body; positive roll tips to the right, positive
pitch looks down, positive yaw turns left.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.errors import ProgramError

FORMAT = 1
MAX_BYTES = 16 * 1024
MAX_NODES = 96
"""Steps of one program, inner ones included."""
MAX_DEPTH = 5
"""Steps inside steps."""
MAX_PARAMS = 4
MAX_COUNT = 12
"""Rounds of one loop, and cycles of one wave."""
MAX_STEP_S = 20.0
MIN_STEP_S = 0.1
MAX_SECONDS = 30.0
"""Of a whole program, with everything it calls."""
MAX_TEXT = 200
"""Characters of a description."""

AXES: dict[str, tuple[str, float, float]] = {
    "roll": ("deg", -30.0, 30.0),
    "pitch": ("deg", -36.0, 36.0),
    "yaw": ("deg", -45.0, 45.0),
    "x": ("mm", -15.0, 15.0),
    "y": ("mm", -15.0, 15.0),
    "z": ("mm", -18.0, 11.0),
    "body": ("deg", -60.0, 60.0),
    "right": ("deg", -100.0, 100.0),
    "left": ("deg", -100.0, 100.0),
}
"""Unit and range of every axis, in the order of `shared.control.motions`' pose coordinates. Head axes count
from neutral as seen from the body; `body` counts from where the body was when the program began."""
UNITS = ("deg", "mm", "s", "1")

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PREFIX = b"reachy-coach motion program, format 1\0"


@dataclass(frozen=True)
class Value:
    """A number: `scale` x parameter + `offset`, or `offset` alone."""

    offset: float
    scale: float = 0.0
    param: str = ""
    """Name of a parameter of the program; "" for a plain number."""

    def at(self, args: Mapping[str, float]) -> float:
        """Its value for these arguments."""
        return self.offset + (self.scale * args[self.param] if self.param else 0.0)

    def range(self, bounds: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
        """Lowest and highest value while the parameters stay within `bounds`."""
        if not self.param:
            return self.offset, self.offset
        ends = [self.offset + self.scale * bound for bound in bounds[self.param]]
        return min(ends), max(ends)


@dataclass(frozen=True)
class ProgramParam:
    """A number that the caller may choose."""

    name: str
    unit: str
    low: float
    high: float
    default: float


@dataclass(frozen=True)
class Move:
    """Go to a pose along a minimum-jerk profile; axes that are not named stay where they are."""

    to: Mapping[str, Value]
    seconds: Value


@dataclass(frozen=True)
class Swing:
    """How one axis takes part in a wave: amplitude x (sin(times x angle + phase) - sin(phase))."""

    amplitude: Value
    phase_deg: float = 0.0
    times: int = 1
    """How many times as fast as the wave's own angle."""


@dataclass(frozen=True)
class Wave:
    """Sines on some axes, around where they are; begins and ends at rest, with an even tempo between."""

    axes: Mapping[str, Swing]
    cycles: Value
    seconds: Value


@dataclass(frozen=True)
class Hold:
    """Stay."""

    seconds: Value


@dataclass(frozen=True)
class Repeat:
    """The same steps, `times` over: a whole number that is written in the program."""

    times: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Together:
    """Branches that begin together and move different axes; it lasts as long as the longest."""

    branches: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True)
class Tool:
    """One of the robot's own tools; parameters in the tool's units, those left out at their middle."""

    name: str
    args: Mapping[str, Value]


@dataclass(frozen=True)
class Play:
    """Another made tool, pinned by its digest; parameters left out at their default."""

    name: str
    digest: str
    args: Mapping[str, Value]


Step = Move | Wave | Hold | Repeat | Together | Tool | Play


@dataclass(frozen=True)
class Program:
    """A made tool."""

    name: str
    description: str
    steps: tuple[Step, ...]
    params: tuple[ProgramParam, ...] = ()
    start: Mapping[str, Value] = field(default_factory=dict)
    """The pose that it begins at; approached from wherever the robot is, as slowly as that needs."""

    @property
    def digest(self) -> str:
        """64 hexadecimal digits that name exactly this program, and through `Play` all that it calls."""
        return hashlib.sha256(_PREFIX + canonical(self)).hexdigest()

    def defaults(self) -> dict[str, float]:
        """Each parameter's default."""
        return {p.name: p.default for p in self.params}

    def bounds(self) -> dict[str, tuple[float, float]]:
        """Each parameter's lowest and highest value."""
        return {p.name: (p.low, p.high) for p in self.params}

    def arguments(self, given: Mapping[str, float] | None = None) -> dict[str, float]:
        """All arguments: those given, the others at their default.

        Raises:
            ProgramError: a name that is no parameter, or a value outside its bounds.
        """
        args = self.defaults()
        for name, value in (given or {}).items():
            if name not in args:
                known = ", ".join(args) or "none"
                raise ProgramError(f"{self.name} has no parameter {name!r}; it has {known}")
            low, high = self.bounds()[name]
            if not (isinstance(value, int | float) and low <= value <= high):
                raise ProgramError(f"{self.name}: {name} = {value!r} is outside {low:g} .. {high:g}")
            args[name] = float(value)
        return args

    def called(self) -> tuple[Play, ...]:
        """Every made tool that it calls directly."""
        return tuple(step for step in walk(self.steps) if isinstance(step, Play))


def walk(steps: tuple[Step, ...]) -> list[Step]:
    """All steps, inner ones after their outer one."""
    found: list[Step] = []
    for step in steps:
        found.append(step)
        for inner in branches_of(step):
            found += walk(inner)
    return found


def branches_of(step: Step) -> tuple[tuple[Step, ...], ...]:
    """The step's inner lists of steps."""
    if isinstance(step, Repeat):
        return (step.steps,)
    return step.branches if isinstance(step, Together) else ()


def canonical(program: Program) -> bytes:
    """The program as bytes: the same program gives the same bytes on every machine."""
    return json.dumps(to_data(program), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def to_data(program: Program) -> dict[str, Any]:
    """The program as JSON data."""
    return {
        "format": FORMAT,
        "name": program.name,
        "description": program.description,
        "params": [
            {"name": p.name, "unit": p.unit, "low": p.low, "high": p.high, "default": p.default}
            for p in program.params
        ],
        "start": _values_out(program.start),
        "steps": [_step_out(step) for step in program.steps],
    }


def _step_out(step: Step) -> dict[str, Any]:
    if isinstance(step, Move):
        return {"move": _values_out(step.to), "seconds": _value_out(step.seconds)}
    if isinstance(step, Wave):
        axes = {
            axis: {"amplitude": _value_out(s.amplitude), "phase_deg": s.phase_deg, "times": s.times}
            for axis, s in step.axes.items()
        }
        return {"wave": axes, "cycles": _value_out(step.cycles), "seconds": _value_out(step.seconds)}
    if isinstance(step, Hold):
        return {"hold": _value_out(step.seconds)}
    if isinstance(step, Repeat):
        return {"repeat": step.times, "steps": [_step_out(inner) for inner in step.steps]}
    if isinstance(step, Together):
        return {"together": [[_step_out(inner) for inner in branch] for branch in step.branches]}
    if isinstance(step, Tool):
        return {"tool": step.name, "args": _values_out(step.args)}
    return {"play": step.name, "digest": step.digest, "args": _values_out(step.args)}


def _value_out(value: Value) -> Any:
    if not value.param:
        return value.offset
    return {"param": value.param, "scale": value.scale, "offset": value.offset}


def _values_out(values: Mapping[str, Value]) -> dict[str, Any]:
    return {name: _value_out(value) for name, value in values.items()}
