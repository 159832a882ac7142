"""Reading motion programs: what is no program is refused with the place, the value and what to do."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from shared.errors import ProgramError
from shared.programs import (
    AXES,
    FORMAT,
    MAX_BYTES,
    MAX_COUNT,
    MAX_DEPTH,
    MAX_NODES,
    MAX_PARAMS,
    MAX_STEP_S,
    MAX_TEXT,
    MIN_STEP_S,
    NAME,
    UNITS,
    Hold,
    Move,
    Play,
    Program,
    ProgramParam,
    Repeat,
    Step,
    Swing,
    Together,
    Tool,
    Value,
    Wave,
)
from shared.tools import MOTIONS, TOOL_INDEX, TOOLS

_DIGEST = re.compile(r"[0-9a-f]{64}")
_BIG = 1e4


def parse(data: bytes | str) -> Program:
    """The program in this JSON.

    Raises:
        ProgramError: it is not a program; says where and why.
    """
    raw = data.encode() if isinstance(data, str) else data
    if len(raw) > MAX_BYTES:
        raise ProgramError(f"a program of {len(raw)} bytes; at most {MAX_BYTES}")
    return from_data(load_json(raw))


def load_json(raw: bytes) -> Any:
    """JSON without what makes two readers disagree: repeated keys, NaN, infinities.

    Raises:
        ProgramError: not such JSON.
    """
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ProgramError(f"not JSON: {str(error)[:120]}") from None


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ProgramError(f"a key is given twice among {', '.join(str(k)[:20] for k, _ in pairs)}")
    return found


def _no_constant(text: str) -> Any:
    raise ProgramError(f"{text} is not a number that a program may hold")


def from_data(data: Any) -> Program:
    """The program in JSON data.

    Raises:
        ProgramError: it is not a program; says where and why.
    """
    body = _keys(data, "program", {"format", "name", "description", "steps"}, optional={"params", "start"})
    if body["format"] != FORMAT or isinstance(body["format"], bool):
        raise ProgramError(f"program format {body['format']!r:.20}; this side reads {FORMAT}")
    params = _list(body.get("params", []), "params", MAX_PARAMS)
    reader = _Reader(tuple(_param(one, f"params[{k}]") for k, one in enumerate(params)))
    names = [p.name for p in reader.params]
    if len(set(names)) != len(names):
        raise ProgramError(f"params: a name is given twice among {', '.join(names)}")
    return Program(
        name=_name(body["name"], "name"),
        description=_text(body["description"], "description"),
        params=reader.params,
        start=reader.axes(body.get("start", {}), "start"),
        steps=reader.steps(body["steps"], "steps", 1),
    )


class _Reader:
    """Reads steps, counting them."""

    def __init__(self, params: tuple[ProgramParam, ...]) -> None:
        self.params = params
        self._names = [p.name for p in params]
        self._count = 0

    def steps(self, data: Any, at: str, depth: int) -> tuple[Step, ...]:
        if depth > MAX_DEPTH:
            raise ProgramError(f"{at}: steps inside steps more than {MAX_DEPTH} deep")
        found = _list(data, at, MAX_NODES)
        if not found:
            raise ProgramError(f"{at}: no steps; give at least one")
        return tuple(self._step(one, f"{at}[{k}]", depth) for k, one in enumerate(found))

    def _step(self, data: Any, at: str, depth: int) -> Step:
        self._count += 1
        if self._count > MAX_NODES:
            raise ProgramError(f"{at}: more than {MAX_NODES} steps in all")
        kind = _kind(data, at)
        body = _keys(data, at, *_STEP_KEYS[kind])
        if kind == "move":
            return Move(self._some_axes(body["move"], f"{at}.move"), self._seconds(body["seconds"], at))
        if kind == "wave":
            axes = _mapping(body["wave"], f"{at}.wave")
            swings = {_axis(k, f"{at}.wave"): self._swing(v, f"{at}.wave.{k}") for k, v in axes.items()}
            if not swings:
                raise ProgramError(f"{at}.wave: names no axis")
            cycles = self._between(body["cycles"], f"{at}.cycles", 0.25, float(MAX_COUNT))
            return Wave(swings, cycles, self._seconds(body["seconds"], at))
        if kind == "hold":
            return Hold(self._between(body["hold"], f"{at}.hold", MIN_STEP_S, MAX_STEP_S))
        if kind == "repeat":
            times = body["repeat"]
            if type(times) is not int or not 1 <= times <= MAX_COUNT:
                raise ProgramError(f"{at}.repeat: {times!r:.20} is no whole number in 1 .. {MAX_COUNT}")
            return Repeat(times, self.steps(body["steps"], f"{at}.steps", depth + 1))
        if kind == "together":
            branches = _list(body["together"], f"{at}.together", 3)
            if len(branches) < 2:
                raise ProgramError(f"{at}.together: needs two or three branches, got {len(branches)}")
            return Together(
                tuple(self.steps(b, f"{at}.together[{k}]", depth + 1) for k, b in enumerate(branches))
            )
        args = self._values(body.get("args", {}), f"{at}.args")
        if kind == "tool":
            return Tool(_tool(body["tool"], args, f"{at}.tool"), args)
        digest = body["digest"]
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            raise ProgramError(f"{at}.digest: {digest!r:.20} is not 64 hexadecimal digits")
        return Play(_name(body["play"], f"{at}.play"), digest, args)

    def axes(self, data: Any, at: str) -> dict[str, Value]:
        """Values of some axes, each inside its axis' range for every argument."""
        values = self._values(data, at)
        bounds = {p.name: (p.low, p.high) for p in self.params}
        for name, value in values.items():
            unit, low, high = AXES[_axis(name, at)]
            least, most = value.range(bounds)
            if least < low or most > high:
                worst = least if least < low else most
                raise ProgramError(f"{at}.{name}: {worst:g} {unit} is outside {low:g} .. {high:g} {unit}")
        return values

    def _some_axes(self, data: Any, at: str) -> dict[str, Value]:
        values = self.axes(data, at)
        if not values:
            raise ProgramError(f"{at}: names no axis")
        return values

    def _swing(self, data: Any, at: str) -> Swing:
        body = _keys(data, at, {"amplitude"}, {"phase_deg", "times"})
        times = body.get("times", 1)
        if type(times) is not int or not 1 <= times <= 4:
            raise ProgramError(f"{at}.times: {times!r:.20} is no whole number in 1 .. 4")
        amplitude = self._value(body["amplitude"], f"{at}.amplitude")
        return Swing(amplitude, _number(body.get("phase_deg", 0.0), f"{at}.phase_deg"), times)

    def _seconds(self, data: Any, at: str) -> Value:
        return self._between(data, f"{at}.seconds", MIN_STEP_S, MAX_STEP_S)

    def _between(self, data: Any, at: str, low: float, high: float) -> Value:
        value = self._value(data, at)
        least, most = value.range({p.name: (p.low, p.high) for p in self.params})
        if least < low or most > high:
            raise ProgramError(f"{at}: {least if least < low else most:g} is outside {low:g} .. {high:g}")
        return value

    def _values(self, data: Any, at: str) -> dict[str, Value]:
        found = _mapping(data, at)
        return {str(name): self._value(one, f"{at}.{name}") for name, one in found.items()}

    def _value(self, data: Any, at: str) -> Value:
        if not isinstance(data, dict):
            return Value(_number(data, at))
        body = _keys(data, at, {"param"}, {"scale", "offset"})
        name = body["param"]
        if name not in self._names:
            known = ", ".join(self._names) or "none"
            raise ProgramError(f"{at}: no parameter {name!r:.40}; there are {known}")
        return Value(
            _number(body.get("offset", 0.0), f"{at}.offset"),
            _number(body.get("scale", 1.0), f"{at}.scale"),
            name,
        )


_STEP_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "move": ({"move", "seconds"}, set()),
    "wave": ({"wave", "cycles", "seconds"}, set()),
    "hold": ({"hold"}, set()),
    "repeat": ({"repeat", "steps"}, set()),
    "together": ({"together"}, set()),
    "tool": ({"tool"}, {"args"}),
    "play": ({"play", "digest"}, {"args"}),
}
"""Keys that each kind of step needs, and may have."""


def _kind(data: Any, at: str) -> str:
    kinds = [kind for kind in _STEP_KEYS if kind in _mapping(data, at)]
    if len(kinds) != 1:
        raise ProgramError(
            f"{at}: a step is exactly one of {', '.join(_STEP_KEYS)}; got {sorted(data)!s:.60}"
        )
    return kinds[0]


def _param(data: Any, at: str) -> ProgramParam:
    body = _keys(data, at, {"name", "unit", "low", "high", "default"})
    numbers = {key: _number(body[key], f"{at}.{key}") for key in ("low", "high", "default")}
    if body["unit"] not in UNITS:
        raise ProgramError(f"{at}.unit: {body['unit']!r:.20} is none of {', '.join(UNITS)}")
    if not numbers["low"] <= numbers["default"] <= numbers["high"]:
        raise ProgramError(f"{at}: needs low <= default <= high, got {numbers}")
    return ProgramParam(_name(body["name"], f"{at}.name"), body["unit"], **numbers)


def _tool(name: Any, args: Mapping[str, Value], at: str) -> str:
    if not isinstance(name, str) or name not in MOTIONS:
        raise ProgramError(f"{at}: no tool {name!r:.40}; there are {', '.join(MOTIONS)}")
    known = [p.name for p in TOOLS[TOOL_INDEX[name]].params]
    for arg in args:
        if arg not in known:
            raise ProgramError(
                f"{at}: {name} has no parameter {arg!r:.40}; it has {', '.join(known) or 'none'}"
            )
    return name


def _keys(data: Any, at: str, needed: set[str], optional: set[str] | None = None) -> dict[str, Any]:
    body = _mapping(data, at)
    missing, odd = needed - body.keys(), body.keys() - needed - (optional or set())
    if missing or odd:
        parts = [f"lacks {', '.join(sorted(missing))}"] * bool(missing)
        parts += [f"has unknown {', '.join(str(k)[:30] for k in sorted(odd, key=str))}"] * bool(odd)
        raise ProgramError(f"{at} {' and '.join(parts)}")
    return body


def _mapping(data: Any, at: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ProgramError(f"{at}: expected an object, got {type(data).__name__}")
    return data


def _list(data: Any, at: str, most: int) -> list[Any]:
    if not isinstance(data, list):
        raise ProgramError(f"{at}: expected a list, got {type(data).__name__}")
    if len(data) > most:
        raise ProgramError(f"{at}: {len(data)} items; at most {most}")
    return data


def _number(data: Any, at: str) -> float:
    if isinstance(data, bool) or not isinstance(data, int | float):
        raise ProgramError(f"{at}: expected a number, got {type(data).__name__}")
    if not (abs(data) <= _BIG and math.isfinite(data)):
        raise ProgramError(f"{at}: {data!r:.20} is not a number within +-{_BIG:g}")
    return float(data)


def _axis(name: Any, at: str) -> str:
    if name not in AXES:
        raise ProgramError(f"{at}: no axis {name!r:.40}; there are {', '.join(AXES)}")
    return str(name)


def _name(data: Any, at: str) -> str:
    if not isinstance(data, str) or not NAME.fullmatch(data):
        raise ProgramError(f"{at}: {data!r:.50} is no name: use 1 to 40 of a-z, 0-9 and _, a letter first")
    return data


def _text(data: Any, at: str) -> str:
    if not isinstance(data, str) or len(data) > MAX_TEXT or not data.isprintable():
        raise ProgramError(f"{at}: expected one line of at most {MAX_TEXT} printable characters")
    return data
