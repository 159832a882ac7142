"""Examples as tables for other programs: CSV with one flat row an example, or JSON lines.

In CSV the context's values are columns of their own, `context.tool` empty means that there is no context, and
lists of numbers are separated by spaces.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from learner.reward.data import example as jsonl
from learner.reward.data.example import Example
from learner.reward.model import Context
from shared.errors import ConfigError
from shared.files import write_atomic

CONTEXT = tuple(f"context.{f.name}" for f in fields(Context))
COLUMNS = (*(f.name for f in fields(Example) if f.name != "context"), *CONTEXT)
_REQUIRED = ("text", "label", "source", "split")
_LISTS = ("ratings", "context.params")
_NUMBERS = (
    "label",
    "context.turned_deg",
    "context.raised_deg",
    "context.rolled_deg",
    "context.range_deg",
    "context.speed_deg_s",
    "context.duration_s",
)
_BOOLEANS = {"true": True, "false": False}


def write_file(path: Path, examples: Iterable[Example]) -> int:
    """Write by the name's ending, `.csv` or `.jsonl`; returns how many.

    Raises:
        ConfigError: another ending.
    """
    if _is_csv(path):
        rows = [_flat(example) for example in examples]
        table = io.StringIO()
        writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomic(path, table.getvalue().encode())
        return len(rows)
    return jsonl.write(path, examples)


def read_file(path: Path) -> list[Example]:
    """Read by the name's ending, `.csv` or `.jsonl`.

    Raises:
        ConfigError: no such file, another ending, or a mistake in it: names line and column.
    """
    try:
        return _read_csv(path) if _is_csv(path) else list(jsonl.read(path))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8: {error}") from error
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _is_csv(path: Path) -> bool:
    if path.suffix not in (".csv", ".jsonl"):
        raise ConfigError(f"{path}: the name must end in .csv or .jsonl")
    return path.suffix == ".csv"


def _flat(example: Example) -> dict[str, Any]:
    values = asdict(example)
    context = values.pop("context") or {}
    flat = values | {f"context.{key}": value for key, value in context.items()}
    for name in _LISTS:
        flat[name] = " ".join(f"{value!r}" for value in flat.get(name, ()))
    return flat | {"synthetic": str(example.synthetic).lower()}


def _read_csv(path: Path) -> list[Example]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey="", strict=True)
        try:
            header = reader.fieldnames or ()
            unknown = [name for name in header if name not in COLUMNS]
            missing = [name for name in _REQUIRED if name not in header]
            if unknown or missing:
                what = f"no column {missing[0]!r}" if missing else f"unknown column {unknown[0]!r}"
                raise ValueError(f"{path}, line 1: {what}; the columns are {', '.join(COLUMNS)}")
            examples = []
            for row in reader:
                try:
                    examples.append(jsonl.from_dict(_unflat(row)))
                except ValueError as error:
                    raise ValueError(f"{path}, line {reader.line_num}, column {error}") from error
            return examples
        except csv.Error as error:
            raise ValueError(f"{path}, after line {reader.line_num}: {error} (a quote left open?)") from error


def _unflat(row: dict[str, Any]) -> dict[str, Any]:
    if "" in row:
        raise ValueError(f"{len(COLUMNS)}: more cells than the header has columns")
    values: dict[str, Any] = {}
    context: dict[str, Any] = {}
    for name, cell in row.items():
        if cell is None:
            raise ValueError(f"{name}: the row ends before it")
        if cell == "" and name not in ("text", "label", "source", "split"):
            continue
        value = _value(name, cell)
        if name.startswith("context."):
            context[name.removeprefix("context.")] = value
        else:
            values[name] = value
    if context:
        # An empty instruction is a real one: asked for nothing.
        values["context"] = {"instruction": ""} | context
    return values


def _value(name: str, cell: str) -> Any:
    if name in _LISTS:
        return [_number(name, part) for part in cell.split()]
    if name in _NUMBERS:
        return _number(name, cell)
    if name == "synthetic":
        if cell.lower() not in _BOOLEANS:
            raise ValueError(f"{name}: {cell!r}; give true or false")
        return _BOOLEANS[cell.lower()]
    return cell


def _number(name: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError as error:
        raise ValueError(f"{name}: {cell!r} is not a number") from error
