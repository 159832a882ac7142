"""Edits of whole programs: slower, larger, more rounds, the other way. The result is a new program."""

from __future__ import annotations

from typing import Any

from learner.tooling.words import Change
from shared.errors import ProgramError
from shared.program_reading import from_data
from shared.programs import MAX_COUNT, Program, to_data

MIRRORED = ("roll", "yaw", "y", "body")
"""Axes that change their sign when left and right change places; antennas change places as well."""
_SWAP = {"right": "left", "left": "right"}

Data = dict[str, Any]


def changed(program: Program, change: Change, description: str = "") -> Program:
    """The program with a change made to it.

    Raises:
        ProgramError: the change leads beyond what a program may be, or there is nothing that it could change.
    """
    data = to_data(program)
    data["description"] = description or program.description
    if change.mirror:
        data["start"] = _mirrored_values(data["start"])
        data["steps"] = [_mirrored(step) for step in data["steps"]]
    if change.more:
        data["steps"] = _more(data["steps"], change.more, program.name)
    if change.size != 1.0:
        data["start"] = {a: _times(v, change.size) for a, v in data["start"].items()}
    data["steps"] = [_scaled(step, change.size, change.tempo) for step in data["steps"]]
    return from_data(data)


def _scaled(step: Data, size: float, tempo: float) -> Data:
    out = dict(step)
    for key in ("seconds", "hold"):
        if key in out:
            out[key] = _times(out[key], tempo)
    if "move" in out:
        out["move"] = {a: _times(v, size) for a, v in out["move"].items()}
    if "wave" in out:
        out["wave"] = {a: {**s, "amplitude": _times(s["amplitude"], size)} for a, s in out["wave"].items()}
    return _inner(out, lambda inner: _scaled(inner, size, tempo))


def _mirrored(step: Data) -> Data:
    out = dict(step)
    if "move" in out:
        out["move"] = _mirrored_values(out["move"])
    if "wave" in out:
        swung = {a: s["amplitude"] for a, s in out["wave"].items()}
        turned = _mirrored_values(swung)
        out["wave"] = {a: {**out["wave"][_SWAP.get(a, a)], "amplitude": turned[a]} for a in turned}
    return _inner(out, _mirrored)


def _mirrored_values(values: Data) -> Data:
    found = {}
    for axis, value in values.items():
        other = _SWAP.get(axis, axis)
        found[other] = _times(value, -1.0) if axis in MIRRORED or axis in _SWAP else value
    return found


def _more(steps: list[Data], more: int, name: str) -> list[Data]:
    """One wave or loop gets more rounds, at the same pace: the first that is found."""
    for k, step in enumerate(steps):
        if "wave" in step and not isinstance(step["cycles"], dict):
            count = step["cycles"]
            rounds = count + more
            if not 1 <= rounds <= MAX_COUNT:
                raise ProgramError(f"{name}: {rounds:g} rounds are not within 1 .. {MAX_COUNT}")
            one = {
                **step,
                "cycles": rounds,
                "seconds": _times(step["seconds"], (rounds + 0.4) / (count + 0.4)),
            }
            return [*steps[:k], one, *steps[k + 1 :]]
        for key in ("steps", "together"):
            if key not in step:
                continue
            if key == "steps":
                rounds = step["repeat"] + more
                if not 1 <= rounds <= MAX_COUNT:
                    raise ProgramError(f"{name}: {rounds} rounds are not within 1 .. {MAX_COUNT}")
                return [*steps[:k], {**step, "repeat": rounds}, *steps[k + 1 :]]
            branches = [_more(step["together"][0], more, name), *step["together"][1:]]
            return [*steps[:k], {**step, "together": branches}, *steps[k + 1 :]]
    raise ProgramError(f"{name} repeats nothing, so there is nothing to do more often")


def _inner(out: Data, each: Any) -> Data:
    if "steps" in out:
        out["steps"] = [each(inner) for inner in out["steps"]]
    if "together" in out:
        out["together"] = [[each(inner) for inner in branch] for branch in out["together"]]
    return out


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, dict):
        return {**value, "scale": value["scale"] * factor, "offset": value["offset"] * factor}
    return value * factor
