"""Programs that worked, broken in one place each, by seed: what repair is measured on."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from learner.tooling import assembly
from learner.tooling.primitives import piece
from learner.tooling.words import Wishes, read
from shared.programs import Program, to_data

Data = dict[str, Any]
Rng = np.random.Generator

HEALTHY = (
    "draw a circle with your nose",
    "nod twice",
    "shake your head three times",
    "tilt your head diagonally",
    "look surprised",
    "look sad",
    "draw a square with your nose",
    "wave your antennas",
    "nod while waving your antennas",
    "nod and then look up",
)
"""Requests whose programs pass their trial."""


@dataclass(frozen=True)
class Fault:
    """A broken program."""

    kind: str
    healthy: Program
    data: Data


def healthy(request: str) -> Program:
    """The program for one of `HEALTHY`, without search."""
    reading = read(request)
    if not isinstance(reading, Wishes):
        raise ValueError(f"{request!r} is no motion")
    groups = [assembly.in_parallel([piece(wish) for wish in group]) for group in reading.groups]
    return assembly.program(assembly.in_sequence(groups), request)


def seeded(count: int, seed: int) -> list[Fault]:
    """So many faults; all kinds come up about equally often."""
    rng = np.random.default_rng([seed, 23])
    programs = [healthy(request) for request in HEALTHY]
    kinds = list(FAULTS)
    found: list[Fault] = []
    while len(found) < count:
        kind = kinds[len(found) % len(kinds)]
        for at in rng.permutation(len(programs)):
            data = to_data(programs[at])
            before = copy.deepcopy(data)
            FAULTS[kind](data, rng)
            if data != before:
                found.append(Fault(kind, programs[at], data))
                break
    return found


def _steps(data: Data) -> list[Data]:
    found = []
    for step in data["steps"]:
        found.append(step)
        for branch in step.get("together", []):
            found += branch
    return found


def _pick(data: Data, rng: Rng, key: str) -> Data | None:
    having = [step for step in _steps(data) if key in step]
    return having[rng.integers(len(having))] if having else None


def _factor(value: Any, factor: float) -> Any:
    return {**value, "scale": value["scale"] * factor} if isinstance(value, dict) else value * factor


def _misspell(word: str, rng: Rng) -> str:
    k = int(rng.integers(1, len(word)))
    return word[: k - 1] + word[k:] if rng.random() < 0.5 else word[:k] + word[k - 1] + word[k:]


def _too_fast(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "wave"):
        step["seconds"] = _factor(step["seconds"], float(rng.uniform(0.15, 0.35)))


def _too_quick_a_move(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "move"):
        step["seconds"] = _factor(step["seconds"], float(rng.uniform(0.1, 0.2)))


def _too_wide(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "wave"):
        axis = str(rng.choice(sorted(step["wave"])))
        step["wave"][axis]["amplitude"] = _factor(
            step["wave"][axis]["amplitude"], float(rng.uniform(3.0, 6.0))
        )


def _too_far(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "move"):
        axis = str(rng.choice(sorted(step["move"])))
        step["move"][axis] = float(rng.choice([-1.0, 1.0]) * rng.uniform(40.0, 200.0))


def _misspelt_axis(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "move" if rng.random() < 0.5 else "wave"):
        key = "move" if "move" in step else "wave"
        axis = str(rng.choice(sorted(a for a in step[key] if len(a) > 1) or ["roll"]))
        if axis in step[key]:
            step[key][_misspell(axis, rng)] = step[key].pop(axis)


def _misspelt_step(data: Data, rng: Rng) -> None:
    key = "wave" if rng.random() < 0.5 else "move"
    if step := _pick(data, rng, key):
        step[_misspell(key, rng)] = step.pop(key)


def _no_seconds(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "seconds"):
        del step["seconds"]


def _misspelt_parameter(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "seconds"):
        step["seconds"]["param"] = _misspell(step["seconds"]["param"], rng)


def _unknown_key(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "seconds"):
        step[str(rng.choice(["speed", "easing", "loop", "note"]))] = 1.0


def _too_many_cycles(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "wave"):
        step["cycles"] = float(rng.integers(13, 500))


def _words_for_a_number(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "wave"):
        step["cycles"] = f"{step['cycles']:g} times"


def _nothing_for_a_number(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "move"):
        step["move"][str(rng.choice(sorted(step["move"])))] = None


def _bounds_upside_down(data: Data, rng: Rng) -> None:
    param = data["params"][rng.integers(len(data["params"]))]
    param["low"], param["high"] = param["high"], param["low"]


def _default_outside(data: Data, rng: Rng) -> None:
    param = data["params"][rng.integers(len(data["params"]))]
    param["default"] = param["high"] * float(rng.uniform(1.5, 4.0))


def _no_start(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "wave"):
        data["start"].pop(str(rng.choice(sorted(step["wave"]))), None)


def _looped_too_often(data: Data, rng: Rng) -> None:
    data["steps"] = [{"repeat": int(rng.integers(13, 1000)), "steps": data["steps"]}]


def _looped_too_long(data: Data, rng: Rng) -> None:
    data["steps"] = [{"repeat": int(rng.integers(11, 13)), "steps": [*data["steps"], {"hold": 4.0}]}]


def _fought_over(data: Data, rng: Rng) -> None:
    if step := _pick(data, rng, "wave"):
        axis = str(rng.choice(sorted(step["wave"])))
        if step in data["steps"]:
            at = data["steps"].index(step)
            data["steps"][at] = {"together": [[step], [{"move": {axis: 0.0}, "seconds": 1.0}]]}


def _bad_name(data: Data, rng: Rng) -> None:
    data["name"] = str(rng.choice(["My Tool!", "../etc/passwd", "1st", "nod; rm"]))


def _no_such_tool(data: Data, rng: Rng) -> None:
    data["steps"].append(
        {"tool": _misspell(str(rng.choice(["go_home", "nod", "wobble", "set_antennas"])), rng), "args": {}}
    )


FAULTS: dict[str, Callable[[Data, Rng], None]] = {
    made.__name__.lstrip("_"): made
    for made in (
        _too_fast, _too_quick_a_move, _too_wide, _too_far, _misspelt_axis, _misspelt_step, _no_seconds,
        _misspelt_parameter, _unknown_key, _too_many_cycles, _words_for_a_number, _nothing_for_a_number,
        _bounds_upside_down, _default_outside, _no_start, _looped_too_often, _looped_too_long, _fought_over,
        _bad_name, _no_such_tool,
    )
}  # fmt: skip
"""Every way to break a program, by name."""
