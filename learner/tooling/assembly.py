"""Pieces -> one program: in sequence or in parallel, with the parameters `size` and `tempo`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from learner.tooling.primitives import Data, Piece
from shared.errors import ProgramError
from shared.program_reading import from_data
from shared.programs import FORMAT, MAX_STEP_S, MAX_TEXT, Program

SLOWEST, FASTEST = 1.6, 0.9
"""Range of the parameter `tempo`: longest and shortest, relative to how it was made."""
SMALLEST, LARGEST = 0.6, 1.05
BETWEEN_S = 0.7
"""From the end of one piece to the start pose of the next."""


def in_sequence(pieces: Sequence[Piece]) -> Piece:
    """One after the other."""
    steps: list[Data] = []
    for k, one in enumerate(pieces):
        if k and one.start:
            steps.append({"move": dict(one.start), "seconds": BETWEEN_S})
        steps += one.steps
    name = "_then_".join(one.name for one in pieces)
    return Piece(name, pieces[0].start, tuple(steps), any(one.exact for one in pieces))


def in_parallel(pieces: Sequence[Piece]) -> Piece:
    """All at once.

    Raises:
        ProgramError: two of them move the same axis.
    """
    if len(pieces) == 1:
        return pieces[0]
    owner: dict[str, str] = {}
    for one in pieces:
        for axis in sorted(axes_of(one.steps)):
            if axis in owner:
                raise ProgramError(
                    f"{owner[axis]} and {one.name} both move {axis}, so they cannot be made at once"
                )
            owner[axis] = one.name
    start: Data = {}
    for one in pieces:
        for axis, value in one.start.items():
            if owner.get(axis, one.name) == one.name:
                start[axis] = value
    branches = [list(one.steps) for one in pieces]
    name = "_with_".join(one.name for one in pieces)
    return Piece(name, start, ({"together": branches},), any(one.exact for one in pieces))


def axes_of(steps: Sequence[Data]) -> set[str]:
    """Axes that plain steps move."""
    found: set[str] = set()
    for step in steps:
        for key in ("move", "wave"):
            found |= set(step.get(key, {}))
        for branch in (step.get("steps", []), *step.get("together", [])):
            found |= axes_of(branch)
    return found


def described(request: str) -> str:
    """What was said, as far as a program's description holds it."""
    return "".join(c for c in request if c.isprintable())[:MAX_TEXT]


def program(made: Piece, description: str) -> Program:
    """A program with parameters in place of fixed sizes and durations.

    Raises:
        ProgramError: it does not make a program.
    """
    longest = _longest(made.steps)
    if longest > MAX_STEP_S:
        raise ProgramError(
            f"one step would take {longest:.0f} s; at most {MAX_STEP_S:g} s: ask for fewer rounds"
        )
    tempo = {
        "name": "tempo",
        "unit": "1",
        "low": FASTEST,
        "high": min(SLOWEST, MAX_STEP_S / longest),
        "default": 1.0,
    }
    size = {"name": "size", "unit": "1", "low": SMALLEST, "high": LARGEST, "default": 1.0}
    sized = not made.exact
    return from_data(
        {
            "format": FORMAT,
            "name": made.name[:40].rstrip("_"),
            "description": described(description),
            "params": [tempo, size] if sized else [tempo],
            "start": _values(made.start, sized),
            "steps": [_step(step, sized) for step in made.steps],
        }
    )


def _step(step: Data, sized: bool) -> Data:
    out: Data = dict(step)
    for key in ("seconds", "hold"):
        if key in out:
            out[key] = {"param": "tempo", "scale": out[key]}
    if "move" in out:
        out["move"] = _values(out["move"], sized)
    if "wave" in out:
        out["wave"] = {a: {**s, "amplitude": _value(s["amplitude"], sized)} for a, s in out["wave"].items()}
    if "steps" in out:
        out["steps"] = [_step(inner, sized) for inner in out["steps"]]
    if "together" in out:
        out["together"] = [[_step(inner, sized) for inner in branch] for branch in out["together"]]
    return out


def _values(values: Data, sized: bool) -> Data:
    return {axis: _value(value, sized) for axis, value in values.items()}


def _value(value: float, sized: bool) -> Any:
    return {"param": "size", "scale": value} if sized and value else value


def _longest(steps: Sequence[Data]) -> float:
    found = 0.1
    for step in steps:
        inner = [*step.get("steps", []), *(s for branch in step.get("together", []) for s in branch)]
        found = max(found, step.get("seconds", 0.0), step.get("hold", 0.0), _longest(inner) if inner else 0.0)
    return found
