"""One rated remark, and the files that hold many: JSON lines, one example a line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from learner.reward.model import KINDS, OUTCOMES, Context, Kind, Remark
from shared.files import write_atomic

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
            except (TypeError, ValueError, KeyError) as error:
                raise ValueError(f"{path}, line {number}: {error}") from error


def from_dict(given: object) -> Example:
    """An example from plain values.

    Raises:
        ValueError: an unknown or missing key, a value of the wrong type or out of range.
    """
    if not isinstance(given, dict):
        raise ValueError(f"expected an object, got {type(given).__name__}")
    values = dict(given)
    try:
        if values.get("context") is not None:
            values["context"] = Context(**{**values["context"], "params": tuple(values["context"]["params"])})
        values["ratings"] = tuple(values.get("ratings", ()))
        example = Example(**values)
    except (TypeError, KeyError) as error:
        raise ValueError(str(error)) from error
    _check(example)
    return example


def _check(example: Example) -> None:
    if not isinstance(example.text, str):
        raise ValueError(f"text: {example.text!r} is not a text")
    for value in (example.label, *example.ratings):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"label or rating {value!r} is not a finite number")
        if abs(value) > 1.0:
            raise ValueError(f"label or rating {value} is outside of [-1, 1]")
    if example.kind not in KINDS:
        raise ValueError(f"kind: {example.kind!r}; give one of {', '.join(KINDS)}")
    if example.split not in SPLITS:
        raise ValueError(f"split: {example.split!r}; give one of {', '.join(SPLITS)}")
    if example.context is not None and example.context.outcome not in OUTCOMES:
        raise ValueError(f"context.outcome: {example.context.outcome!r}; give one of {', '.join(OUTCOMES)}")
