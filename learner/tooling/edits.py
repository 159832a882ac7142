"""Edits of a failing program: what might mend the problem that its error names, at the place it names."""

from __future__ import annotations

import copy
import difflib
import math
import re
from collections.abc import Iterator
from typing import Any

from learner.tooling.assembly import axes_of
from shared.control.programs import Library
from shared.programs import AXES, FORMAT, MAX_COUNT, MAX_SECONDS
from shared.tools import MOTIONS

Path = tuple[str | int, ...]
Edit = tuple[float, str, Any]
"""Cost, what it does in words, and the data after it."""

_USUAL: dict[str, Any] = {
    "seconds": 0.8, "cycles": 1.0, "amplitude": 5.0, "format": FORMAT, "name": "tool", "description": "",
    "unit": "1", "low": 0.0, "high": 1.0, "default": 1.0, "hold": 0.5,
}  # fmt: skip
"""What a key that is missing may be."""
_STEPS = ("move", "wave", "hold", "repeat", "together", "tool", "play")


def edits_for(data: Any, problem: str, library: Library) -> Iterator[Edit]:
    """What might mend this problem."""
    at = _path(problem)
    if found := re.search(r"no (axis|parameter|tool) '(.*?)'; (?:it has|there are) (.*)", problem):
        yield from _misnamed(data, at, found.group(2), found.group(3).split(", "))
    if found := re.search(r"a step is exactly one of", problem):
        yield from _unknown_step(data, at)
    if found := re.search(r"(?:^|\] |program |\w )lacks ([\w, ]+?)(?: and has unknown (.*))?$", problem):
        yield from _lacking(data, at, found.group(1).split(", "), (found.group(2) or "").split(", "))
    elif found := re.search(r"has unknown ([\w, ]+)$", problem):
        for key in found.group(1).split(", "):
            yield _with(data, (*at, key), _REMOVED, 1.0, f"leave out {key}")
    if found := re.search(r"([-\d.e+]+)(?: \w+)? is outside ([-\d.]+) \.\. ([-\d.]+)", problem):
        value, low, high = map(float, found.groups())
        yield from _drawn_in(data, at, value, low, high)
    if found := re.search(r"is no whole number in 1 \.\. (\d+)", problem):
        yield _with(
            data, at, _whole(_get(data, at), int(found.group(1))), 1.2, f"a whole number for {_say(at)}"
        )
    if "expected a number" in problem or "is not a number" in problem:
        yield from _not_a_number(data, at)
    if "needs low <= default <= high" in problem:
        yield from _disordered(data, at)
    if found := re.search(r"([\d.]+) times as far out .* most of it (\w+)", problem):
        yield from _scaled_axis(data, found.group(2), 0.98 / float(found.group(1)))
    if found := re.search(
        r"wave\.(\w+): sweeps ([-\d.]+) \.\. ([-\d.]+) \w+, outside ([-\d.]+) \.\. ([-\d.]+)", problem
    ):
        sweep, room = (max(abs(float(found.group(k))) for k in pair) for pair in ((2, 3), (4, 5)))
        yield from _scaled_axis(data, found.group(1), 0.95 * room / sweep)
    if found := re.search(r"where (\w+) is depends on the robot", problem):
        yield _with(data, ("start", found.group(1)), 0.0, 1.0, f"begin with {found.group(1)} at 0")
    if found := re.search(r"may take ([\d.]+) s", problem):
        yield from _shorter(data, 0.98 * MAX_SECONDS / float(found.group(1)))
    if "use fewer rounds" in problem and "may take" not in problem:
        yield from _fewer(data)
    if found := re.search(r"branches (\d) and (\d) both move (\w+)", problem):
        yield from _conflict(data, at, int(found.group(2)), found.group(3))
    if "no name" in problem:
        name = re.sub(r"[^a-z0-9_]", "_", str(_get(data, at)).lower())[:40].lstrip("0123456789_")
        yield _with(data, at, name or "tool", 1.0, "a proper name")
    if "program format" in problem:
        yield _with(data, ("format",), FORMAT, 1.0, f"format {FORMAT}")
    if "printable characters" in problem:
        plain = "".join(c for c in str(_get(data, at)) if c.isprintable())[:200]
        yield _with(data, at, plain, 1.0, "a plain description")
    if "is none of deg" in problem:
        yield _with(data, at, "1", 1.0, "unit 1")
    if "is not in the library" in problem or "is not what the library has" in problem:
        yield from _repinned(data, library)
    if re.search(r"limiter|lags|beyond a limit", problem):
        yield from _calmer(data)


def _path(problem: str) -> Path:
    """The place that an error begins with: `steps[1].wave.pitch: ...`."""
    found = re.match(r"((?:[a-z_]+)(?:\[\d+\]|\.[a-z_]\w*)*)(?=[: ])", problem)
    if found is None or found.group(1) == "program":
        return ()
    parts = re.findall(r"[a-z_]\w*|\d+", found.group(1))
    return tuple(int(part) if part.isdigit() else part for part in parts)


def _get(data: Any, at: Path) -> Any:
    for key in at:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return None
    return data


class _Removed:
    """Stands for a key that is taken away."""


_REMOVED = _Removed()


def _with(data: Any, at: Path, value: Any, cost: float, said: str) -> Edit:
    """The data with one value replaced; unchanged where there is no such place."""
    out = copy.deepcopy(data)
    inner = _get(out, at[:-1])
    if at and isinstance(inner, dict):
        if value is _REMOVED:
            inner.pop(at[-1], None)
        else:
            inner[at[-1]] = value
    elif at and isinstance(inner, list) and isinstance(at[-1], int) and at[-1] < len(inner):
        if value is _REMOVED:
            del inner[at[-1]]
        else:
            inner[at[-1]] = value
    return cost, said, out


def _say(at: Path) -> str:
    return ".".join(str(part) for part in at) or "the program"


def _misnamed(data: Any, at: Path, wrong: str, known: list[str]) -> Iterator[Edit]:
    near = difflib.get_close_matches(wrong, known, n=2, cutoff=0.3) or known[:1]
    value = _get(data, at)
    for k, right in enumerate(near):
        said, cost = f"{right} in place of {wrong}", 1.0 + 0.3 * k
        if isinstance(value, dict) and wrong in value:
            renamed = {right if key == wrong else key: one for key, one in value.items()}
            yield _with(data, at, renamed, cost, said)
        elif isinstance(value, dict) and value.get("param") == wrong:
            if right in ("none", ""):
                yield _with(
                    data, at, value.get("scale", 1.0) + value.get("offset", 0.0), cost, "a plain number"
                )
            else:
                yield _with(data, at, {**value, "param": right}, cost, said)
        elif value == wrong:
            yield _with(data, at, right, cost, said)
        elif isinstance(_get(data, at[:-1]), dict) and isinstance(_get(data, (*at[:-1], "args")), dict):
            args = _get(data, (*at[:-1], "args"))
            renamed = {right if key == wrong else key: one for key, one in args.items()}
            yield _with(data, (*at[:-1], "args"), renamed, cost, said)
    if isinstance(value, dict) and wrong in value and len(value) > 1:
        yield _with(data, (*at, wrong), _REMOVED, 1.6, f"leave out {wrong}")


def _unknown_step(data: Any, at: Path) -> Iterator[Edit]:
    step = _get(data, at)
    if not isinstance(step, dict):
        return
    kinds = [key for key in step if key in _STEPS]
    if len(kinds) > 1:
        for kind in kinds:
            yield _with(data, (*at, kind), _REMOVED, 1.2, f"leave out {kind}")
    for key in step:
        for right in difflib.get_close_matches(str(key), _STEPS, n=1, cutoff=0.5):
            if key != right:
                renamed = {right if k == key else k: v for k, v in step.items()}
                yield _with(data, at, renamed, 1.0, f"{right} in place of {key}")
    yield _with(data, at, _REMOVED, 2.0, f"leave out {_say(at)}")


def _lacking(data: Any, at: Path, missing: list[str], odd: list[str]) -> Iterator[Edit]:
    body = _get(data, at)
    if not isinstance(body, dict):
        return
    for key in odd:
        for right in difflib.get_close_matches(key, missing, n=1, cutoff=0.5):
            renamed = {right if k == key else k: v for k, v in body.items()}
            yield _with(data, at, renamed, 1.0, f"{right} in place of {key}")
    for key in missing:
        if key in _USUAL:
            yield _with(data, (*at, key), _USUAL[key], 1.2, f"{key} {_USUAL[key]}")


def _drawn_in(data: Any, at: Path, value: float, low: float, high: float) -> Iterator[Edit]:
    place, found = at, _get(data, at)
    if found is None or (isinstance(found, dict) and "param" not in found and "wave" in found):
        for key in ("cycles", "seconds", "hold"):
            if _get(data, (*at, key)) is not None:
                place, found = (*at, key), _get(data, (*at, key))
                break
    bound = low if value < low else high
    cost = 1.0 + 0.2 * abs(math.log(max(abs(bound), 1e-3) / max(abs(value), 1e-3)))
    if isinstance(found, dict) and "param" in found:
        factor = (0.999 * bound if bound > 0 else bound) / value if value else 1.0
        eased = {
            **found,
            "scale": found.get("scale", 1.0) * factor,
            "offset": found.get("offset", 0.0) * factor,
        }
        yield _with(data, place, eased, cost, f"{_say(place)} times {factor:.2f}")
        yield _with(data, place, bound, cost + 0.5, f"{_say(place)} {bound:g}")
    elif isinstance(found, int | float):
        yield _with(data, place, bound, cost, f"{_say(place)} {bound:g} in place of {found:g}")


def _whole(value: Any, most: int) -> int:
    try:
        return int(min(max(round(float(value)), 1), most))
    except (TypeError, ValueError, OverflowError):
        return 1


def _not_a_number(data: Any, at: Path) -> Iterator[Edit]:
    value = _get(data, at)
    found = re.search(r"-?\d+(?:\.\d+)?", value) if isinstance(value, str) else None
    if found:
        yield _with(data, at, float(found.group()), 1.0, f"{_say(at)} {found.group()}")
        return
    usual = _USUAL.get(str(at[-1]) if at else "", 0.0)
    yield _with(data, at, usual, 1.4, f"{_say(at)} {usual}")
    yield _with(data, at, _REMOVED, 1.6, f"leave out {_say(at)}")


def _disordered(data: Any, at: Path) -> Iterator[Edit]:
    body = _get(data, at)
    low, middle, high = sorted(float(body[key]) for key in ("low", "default", "high"))
    ends = sorted((float(body["low"]), float(body["high"])))
    held = {
        **body,
        "low": ends[0],
        "high": ends[1],
        "default": min(max(float(body["default"]), ends[0]), ends[1]),
    }
    yield _with(
        data, at, held, 1.0, f"{_say(at)}: default {held['default']:g} within {ends[0]:g} .. {ends[1]:g}"
    )
    yield _with(
        data, at, {**body, "low": low, "default": middle, "high": high}, 1.3, f"{_say(at)}: bounds in order"
    )


def _leaves(data: Any, at: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every step with its place."""
    for key in ("steps", "together"):
        inner = data.get(key) if isinstance(data, dict) else None
        if not isinstance(inner, list):
            continue
        for k, one in enumerate(inner):
            if isinstance(one, list):
                for j, step in enumerate(one):
                    yield (*at, key, k, j), step
                    yield from _leaves(step, (*at, key, k, j))
            elif isinstance(one, dict):
                yield (*at, key, k), one
                yield from _leaves(one, (*at, key, k))


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, dict):
        return {
            **value,
            "scale": value.get("scale", 1.0) * factor,
            "offset": value.get("offset", 0.0) * factor,
        }
    return value * factor if isinstance(value, int | float) else value


def _scaled_axis(data: Any, axis: str, factor: float) -> Iterator[Edit]:
    """One axis smaller: in one step, or wherever it is moved."""
    cost = 1.0 + 0.2 * abs(math.log(factor))
    everywhere = copy.deepcopy(data)
    places: list[Path] = [()] if isinstance(data.get("start"), dict) else []
    for at in [*places, *(place for place, _ in _leaves(data))]:
        one = copy.deepcopy(data)
        for out in (one, everywhere):
            step_out = _get(out, at) if at else out["start"]
            for values in (step_out.get("move"), step_out if not at else None):
                if isinstance(values, dict) and axis in values:
                    values[axis] = _times(values[axis], factor)
            wave = step_out.get("wave")
            if isinstance(wave, dict) and axis in wave:
                wave[axis]["amplitude"] = _times(wave[axis]["amplitude"], factor)
        if one != data:
            yield cost, f"{axis} times {factor:.2f} in {_say(at or ('start',))}", one
    yield cost + 0.4, f"{axis} times {factor:.2f} everywhere", everywhere


def _scaled_seconds(data: Any, factor: float) -> Any:
    out = copy.deepcopy(data)
    for _, step in _leaves(out):
        for key in ("seconds", "hold"):
            if key in step:
                step[key] = _times(step[key], factor)
    return out


def _shorter(data: Any, factor: float) -> Iterator[Edit]:
    cost = 1.0 + 0.3 * abs(math.log(factor))
    for at, step in _leaves(data):
        if "hold" in step:
            for share in (0.5, 0.2, 0.05):
                yield _with(
                    data,
                    (*at, "hold"),
                    _times(step["hold"], share),
                    1.0 - 0.1 * math.log(share),
                    f"{_say(at)}: hold times {share}",
                )
    yield cost + 0.3, f"everything {1.0 / factor:.2f} times as fast", _scaled_seconds(data, factor)
    yield from _fewer(data)


def _fewer(data: Any) -> Iterator[Edit]:
    for at, step in _leaves(data):
        if isinstance(step.get("repeat"), int) and step["repeat"] > 1:
            for rounds in sorted({1, 2, step["repeat"] // 2} - {0}):
                cost = 1.0 + 0.2 * math.log(step["repeat"] / rounds)
                yield _with(
                    data, (*at, "repeat"), min(rounds, MAX_COUNT), cost, f"{_say(at)}: {rounds} rounds"
                )


def _conflict(data: Any, at: Path, branch: int, axis: str) -> Iterator[Edit]:
    branches = _get(data, (*at, "together"))
    if not isinstance(branches, list):
        return
    without = copy.deepcopy(branches)
    for step in without[branch]:
        for key in ("move", "wave"):
            if isinstance(step.get(key), dict):
                step[key].pop(axis, None)
    without[branch] = [s for s in without[branch] if all(s.get(key, True) for key in ("move", "wave"))]
    kept = [b for b in without if b]
    if len(kept) > 1:
        yield _with(data, (*at, "together"), kept, 1.2, f"{axis} only in the first branch")
    elif at and isinstance(_get(data, at[:-1]), list):
        steps = copy.deepcopy(_get(data, at[:-1]))
        steps[at[-1] : at[-1] + 1] = kept[0]  # type: ignore[operator]
        yield _with(data, at[:-1], steps, 1.5, f"without the branch that only moved {axis}")
    flat = [step for one in branches for step in one]
    if at and isinstance(_get(data, at[:-1]), list) and axes_of(flat) <= AXES.keys():
        steps = copy.deepcopy(_get(data, at[:-1]))
        steps[at[-1] : at[-1] + 1] = flat  # type: ignore[operator]
        yield _with(data, at[:-1], steps, 1.8, "one after the other instead of together")


def _repinned(data: Any, library: Library) -> Iterator[Edit]:
    """Calls of a tool that is there under another digest: the tool of that name that is."""
    for at, step in _leaves(data):
        if "play" not in step or step.get("digest") in library:
            continue
        for digest, program in library.items():
            if program.name == step["play"]:
                yield _with(
                    data, (*at, "digest"), digest, 1.0, f"{_say(at)}: the {program.name} that there is"
                )
        near = difflib.get_close_matches(str(step["play"]), MOTIONS, n=1, cutoff=0.8)
        for name in near:
            yield _with(data, at, {"tool": name, "args": {}}, 1.6, f"{_say(at)}: the robot's own {name}")


def _calmer(data: Any) -> Iterator[Edit]:
    """Slower or smaller: single steps first, then everything."""
    for factor in (1.4, 2.0, 3.0, 5.0):
        price = 0.3 * math.log(factor)
        for at, step in _leaves(data):
            if "seconds" in step:
                slower = _times(step["seconds"], factor)
                yield _with(
                    data, (*at, "seconds"), slower, 1.0 + price, f"{_say(at)}: {factor:g} times as slow"
                )
        yield 1.2 + price, f"everything {factor:g} times as slow", _scaled_seconds(data, factor)
    for factor in (0.75, 0.5):
        price = 0.4 * abs(math.log(factor))
        smaller = copy.deepcopy(data)
        for _, step in _leaves(smaller):
            if isinstance(step.get("wave"), dict):
                for swing in step["wave"].values():
                    swing["amplitude"] = _times(swing["amplitude"], factor)
            if isinstance(step.get("move"), dict):
                step["move"] = {a: _times(v, factor) for a, v in step["move"].items()}
        if isinstance(smaller.get("start"), dict):
            smaller["start"] = {a: _times(v, factor) for a, v in smaller["start"].items()}
        yield 1.3 + price, f"everything {factor:g} times as far", smaller
