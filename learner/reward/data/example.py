"""One rated remark, and the files that hold many: JSON lines, one example a line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from learner.reward.model import KINDS, OUTCOMES, Context, Kind, Remark
from shared.files import write_atomic
from shared.tools import TOOL_INDEX

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True)
class Example:
    """A remark and what people (or, where `synthetic`, a grammar) say it is worth."""

    text: str
    label: float
    """Mean rating, [-1, 1]."""
    source: str
    """tweets | amazon | movies | nyt: human-rated. robot: our synthetic corpus. store: collected here."""
    split: Split
    kind: Kind = "evaluative"
    ratings: tuple[float, ...] = ()
    """Each annotator's own, [-1, 1]; () where only the mean is known."""
    context: Context | None = None
    style: str = ""
    family: str = ""
    """Template family; no family lies in two splits."""
    task: str = ""
    language: str = "en"
    synthetic: bool = False

    def remark(self) -> Remark:
        """What a model is asked."""
        return Remark(self.text, None, self.context)


def write(path: Path, examples: Iterable[Example]) -> int:
    """Write a file atomically; returns how many."""
    lines = [json.dumps(asdict(example), ensure_ascii=False, allow_nan=False) for example in examples]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, "".join(line + "\n" for line in lines).encode())
    return len(lines)


def read(path: Path) -> Iterator[Example]:
    """The examples of a file, checked one by one.

    Raises:
        ValueError: names file, line, and what is wrong with it.
        OSError: no such file.
    """
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield from_dict(json.loads(line))
            except ValueError as error:
                raise ValueError(f"{path}, line {number}: {error}") from error


def from_dict(given: object) -> Example:
    """An example from plain values.

    Raises:
        ValueError: names the key that is unknown or missing, or whose value is of the wrong type or range.
    """
    values = _keys(given, Example, "")
    if values.get("context") is not None:
        parts = _keys(values["context"], Context, "context.")
        parts["params"] = _numbers("context.params", parts.get("params", ()))
        values["context"] = _checked_context(Context(**parts))
    values["ratings"] = _numbers("ratings", values.get("ratings", ()), 1.0)
    example = Example(**values)
    _number("label", example.label, 1.0)
    for name in ("text", "source", "style", "family", "task", "language"):
        _text(name, getattr(example, name))
    if not isinstance(example.synthetic, bool):
        raise ValueError(f"synthetic: {example.synthetic!r}; give true or false")
    _choice("kind", example.kind, KINDS)
    _choice("split", example.split, SPLITS)
    return example


def _keys(given: object, of: type[Example] | type[Context], prefix: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ValueError(f"{prefix.rstrip('.') or 'a line'}: expected an object, got {type(given).__name__}")
    known = fields(of)
    unknown = sorted(str(key) for key in set(given) - {f.name for f in known})
    if unknown:
        raise ValueError(f"{prefix}{unknown[0]}: no such key; there are {', '.join(f.name for f in known)}")
    for f in known:
        if f.name not in given and f.default is MISSING:
            raise ValueError(f"{prefix}{f.name}: missing")
    return dict(given)


def _checked_context(context: Context) -> Context:
    for name in ("instruction", "gaze_before", "gaze_after"):
        _text(f"context.{name}", getattr(context, name))
    for name in ("turned_deg", "raised_deg", "rolled_deg", "range_deg", "speed_deg_s", "duration_s"):
        _number(f"context.{name}", getattr(context, name))
    _choice("context.tool", context.tool, tuple(TOOL_INDEX))
    _choice("context.outcome", context.outcome, OUTCOMES)
    return context


def _numbers(name: str, given: object, bound: float = math.inf) -> tuple[float, ...]:
    if not isinstance(given, list | tuple):
        raise ValueError(f"{name}: {given!r} is not a list of numbers")
    return tuple(_number(f"{name}[{i}]", value, bound) for i, value in enumerate(given))


def _number(name: str, value: object, bound: float = math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name}: {value!r} is not a finite number")
    if abs(value) > bound:
        raise ValueError(f"{name}: {value} is outside of [-{bound:g}, {bound:g}]")
    return value


def _text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f"{name}: {value!r} is not a text")


def _choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: {value!r}; give one of {', '.join(choices)}")
