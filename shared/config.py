"""Configuration: nested frozen dataclasses; defaults < TOML file < environment < command line.

A field's annotation is its type, its metadata may bound it (`min`, `max`, `choices`), and the docstring
below it explains it. A key that does not exist is an error that names its source and the nearest key there
is.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import itertools
import math
import os
import textwrap
import tomllib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from shared.errors import ConfigError

T = TypeVar("T")

ENV_PREFIX = "REACHY_COACH_"


def load(
    cls: type[T],
    *,
    file: Path | None = None,
    env_prefix: str = ENV_PREFIX,
    overrides: Mapping[str, Any] | None = None,
) -> T:
    """Put a configuration together.

    Args:
        cls: a frozen dataclass whose fields have defaults; a field may itself be such a dataclass: a section.
        file: TOML; sections are tables.
        env_prefix: variables `<prefix>KEY` and `<prefix>SECTION__KEY` are read, whatever their case.
        overrides: from the command line: nested, or with dotted keys; None values count as not given.

    Raises:
        ConfigError: unreadable file, unknown key, wrong type, or out of range; names source, key and value.
    """
    layers = [("command line", _nested(overrides or {}))]
    layers.append(("environment", _from_environment(env_prefix)))
    if file is not None:
        layers.append((str(file), _from_file(file)))
    merged: dict[str, Any] = {}
    for source, layer in reversed(layers):
        _merge(cls, merged, layer, source, ())
    built: T = _build(cls, merged, ())
    return built


def describe(cls: type, _section: str = "") -> str:
    """The whole configuration as commented TOML with its defaults."""
    hints = get_type_hints(cls)
    docs = _field_docs(cls)
    plain, sections = [], []
    for field in dataclasses.fields(cls):
        name = f"{_section}{field.name}"
        about = textwrap.wrap(_about(field, hints[field.name], docs.get(field.name, "")), 100)
        comment = "".join(f"# {line}\n" for line in about)
        if dataclasses.is_dataclass(hints[field.name]):
            inner = describe(hints[field.name], f"{name}.")  # type: ignore[arg-type]
            sections.append(f"{comment}[{name}]\n{inner}")
            continue
        default = _default(field)
        unset = default is dataclasses.MISSING or default is None
        plain.append(f"{comment}{f'# {field.name} =' if unset else f'{field.name} = {_toml(default)}'}\n")
    return "\n".join(plain + sections)


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"no configuration file {file}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from None


class _Text(str):
    """A value from the environment, whose type is yet to be found out."""


def _from_environment(prefix: str) -> dict[str, Any]:
    found = {
        name[len(prefix) :].lower().replace("__", "."): _Text(value)
        for name, value in os.environ.items()
        if name.upper().startswith(prefix.upper()) and len(name) > len(prefix)
    }
    return _nested(found)


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        if value is None:
            continue
        *sections, last = key.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
            if not isinstance(branch, dict):
                raise ConfigError(f"{key}: {section} is given both as a value and as a section")
        nested = _nested(value) if isinstance(value, Mapping) else value
        if isinstance(nested, dict) and isinstance(branch.get(last), dict):
            branch[last].update(nested)
        else:
            branch[last] = nested
    return tree


def _merge(cls: Any, into: dict[str, Any], layer: dict[str, Any], source: str, at: tuple[str, ...]) -> None:
    hints = get_type_hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    for key, value in layer.items():
        where = ".".join((*at, key))
        if key not in names:
            near = difflib.get_close_matches(key, names, n=1)
            known = f"did you mean {'.'.join((*at, near[0]))}?" if near else f"known: {', '.join(names)}"
            raise ConfigError(f"{source}: unknown key {where}; {known}")
        hint = hints[key]
        if dataclasses.is_dataclass(hint):
            if not isinstance(value, dict):
                raise ConfigError(f"{source}: {where} is a section, not a value ({value!r})")
            _merge(hint, into.setdefault(key, {}), value, source, (*at, key))
        else:
            into[key] = _checked(_field(cls, key), hint, value, f"{source}: {where}")


def _build(cls: Any, values: dict[str, Any], at: tuple[str, ...]) -> Any:
    hints = get_type_hints(cls)
    ready = dict(values)
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        if dataclasses.is_dataclass(hint) and (field.name in ready or _default(field) is dataclasses.MISSING):
            ready[field.name] = _build(hint, ready.get(field.name, {}), (*at, field.name))
        elif field.name not in ready and _default(field) is dataclasses.MISSING:
            raise ConfigError(f"{'.'.join((*at, field.name))} is not set and has no default")
    return cls(**ready)


def _checked(field: dataclasses.Field[Any], hint: Any, value: Any, where: str) -> Any:
    result = _typed(hint, value, where)
    low, high = field.metadata.get("min", -math.inf), field.metadata.get("max", math.inf)
    for number in result if isinstance(result, tuple) else (result,):
        if isinstance(number, int | float) and not low <= number <= high:
            raise ConfigError(f"{where} = {number}: must be between {low} and {high}")
    choices = field.metadata.get("choices")
    if choices is not None and result not in choices:
        raise ConfigError(f"{where} = {result!r}: must be one of {', '.join(map(str, choices))}")
    return result


def _typed(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        return _typed_union(get_args(hint), value, where)
    if origin is Literal:
        if value not in get_args(hint):
            raise ConfigError(f"{where} = {value!r}: must be one of {', '.join(map(str, get_args(hint)))}")
        return str(value) if isinstance(value, _Text) else value
    if origin is tuple:
        return _typed_tuple(get_args(hint), value, where)
    if hint is Path and isinstance(value, str | Path):
        return Path(value).expanduser()
    if isinstance(value, _Text):
        value = _parse(hint, value, where)
    if hint is float and type(value) is int:
        value = float(value)
    if type(value) is not hint:
        raise ConfigError(f"{where} = {value!r}: expected {_name(hint)}, got {type(value).__name__}")
    if hint is float and not math.isfinite(value):
        raise ConfigError(f"{where} = {value}: must be finite")
    return value


def _typed_union(hints: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None or (isinstance(value, _Text) and value == "" and types.NoneType in hints):
        return None
    for hint in hints:
        if hint is not types.NoneType:
            try:
                return _typed(hint, value, where)
            except ConfigError as error:
                last = error
    raise last


def _typed_tuple(hints: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if isinstance(value, _Text):
        value = [_Text(item.strip()) for item in value.split(",") if item.strip()]
    if not isinstance(value, list | tuple):
        raise ConfigError(f"{where} = {value!r}: expected a list")
    if hints[-1] is Ellipsis:
        hints = (hints[0],) * len(value)
    if len(hints) != len(value):
        raise ConfigError(f"{where}: expected {len(hints)} items, got {len(value)}")
    return tuple(
        _typed(hint, item, f"{where}[{k}]") for k, (hint, item) in enumerate(zip(hints, value, strict=True))
    )


_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def _parse(hint: Any, text: str, where: str) -> Any:
    if hint is bool:
        if text.lower() not in (*_TRUE, *_FALSE):
            raise ConfigError(f"{where} = {text!r}: expected true or false")
        return text.lower() in _TRUE
    if hint is str:
        return str(text)
    try:
        return hint(text)
    except (TypeError, ValueError):
        raise ConfigError(f"{where} = {text!r}: expected {_name(hint)}") from None


def _field(cls: Any, name: str) -> dataclasses.Field[Any]:
    return next(field for field in dataclasses.fields(cls) if field.name == name)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    return (
        field.default_factory() if field.default_factory is not dataclasses.MISSING else dataclasses.MISSING
    )


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)


def _about(field: dataclasses.Field[Any], hint: Any, doc: str) -> str:
    parts = [" ".join(doc.split())]
    if "min" in field.metadata or "max" in field.metadata:
        parts.append(f"({field.metadata.get('min', '...')} to {field.metadata.get('max', '...')})")
    choices = get_args(hint) if get_origin(hint) is Literal else field.metadata.get("choices", ())
    if choices:
        parts.append(f"(one of {', '.join(map(str, choices))})")
    return " ".join(part for part in parts if part)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _field_docs(cls: type) -> dict[str, str]:
    """The string below each field, which Python itself does not keep."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    except (OSError, TypeError):
        return {}
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    docs = {}
    for here, after in itertools.pairwise(body):
        named = isinstance(here, ast.AnnAssign) and isinstance(here.target, ast.Name)
        text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        if named and text and isinstance(after.value.value, str):  # type: ignore[attr-defined]
            docs[here.target.id] = after.value.value  # type: ignore[attr-defined]
    return docs
