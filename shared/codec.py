"""Messages <-> bytes: msgpack with the schema version in front, arrays as raw little-endian buffers.

`decode` trusts nothing: size, nesting, lengths, field names, types, array shapes and finiteness are checked
against the dataclasses in `shared.messages`, and whatever is wrong becomes a `CodecError`, never another
exception.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, get_args, get_origin, get_type_hints

import msgpack
import numpy as np

from shared.errors import CodecError
from shared.messages import (
    ARRAYS,
    END_REASONS,
    LATER,
    MESSAGES,
    MODES,
    POLICY_STATUSES,
    SCHEMA_VERSION,
    SOURCES,
    PolicyResult,
    RobotStatus,
    SetMode,
    TaskSpec,
    TeleopTarget,
    Transition,
)
from shared.spaces import NUM_TOOLS
from shared.tools import TRACE_TICKS

MAX_MESSAGE = 4 * 1024 * 1024
"""Bytes of one encoded message."""
MAX_STRING = 4096
"""Characters of one string."""
MAX_BYTES = 1024 * 1024
"""Bytes of one byte field: a chunk of a policy bundle."""
MAX_ITEMS = 1024
"""Items of one tuple."""
MAX_ROWS = TRACE_TICKS
"""Rows of an array whose length is free."""
MAX_DECISIONS = 1000
MAX_CHANGES = 4
"""Interruptions of an episode: a task has to fit into the robot's slot."""
MAX_TELEOP_S = 0.5
"""Longest that a person's word on where to move stays good."""

_RECORD_NUMBER = 255  # a Transition by itself, as the spool keeps it
_NUMBER_OF: dict[type, int] = {cls: number for number, cls in enumerate(MESSAGES)} | {
    Transition: _RECORD_NUMBER
}
_CLASS_OF: dict[int, type] = {number: cls for cls, number in _NUMBER_OF.items()}
_INT_LIMIT = 2**63


def encode(message: object) -> bytes:
    """The bytes of one of `MESSAGES`.

    Raises:
        CodecError: not a message, or a field that `decode` would refuse.
    """
    if type(message) not in MESSAGES:
        raise CodecError(f"{type(message).__name__} is not a wire message; see shared.messages.MESSAGES")
    return _dump(message)


def decode(data: bytes) -> Any:
    """The message in these bytes.

    Raises:
        CodecError: anything but a valid message of this schema version.
    """
    number, message = _load(data)
    if number == _RECORD_NUMBER:
        raise CodecError("a bare Transition is a spool record, not a wire message; send a TransitionBatch")
    return message


def pack_transition(transition: Transition) -> bytes:
    """One decision's record as the spool and the store keep it.

    Raises:
        CodecError: a field that `unpack_transition` would refuse.
    """
    return _dump(transition)


def unpack_transition(data: bytes) -> Transition:
    """The record in these bytes.

    Raises:
        CodecError: anything but a valid record of this schema version.
    """
    _, message = _load(data)
    if not isinstance(message, Transition):
        raise CodecError(f"{type(message).__name__} where a Transition was expected")
    return message


def _dump(message: object) -> bytes:
    cls = type(message)
    body = _to_wire(cls, message, cls.__name__)
    data: bytes = msgpack.packb([SCHEMA_VERSION, _NUMBER_OF[cls], body], use_bin_type=True)
    if len(data) > MAX_MESSAGE:
        raise CodecError(f"{cls.__name__} of {len(data)} bytes; at most {MAX_MESSAGE}")
    return data


def _load(data: bytes) -> tuple[int, Any]:
    if len(data) > MAX_MESSAGE:
        raise CodecError(f"message of {len(data)} bytes; at most {MAX_MESSAGE}")
    try:
        frame = msgpack.unpackb(
            data, raw=False, strict_map_key=True, use_list=True, max_ext_len=0, ext_hook=_no_extension
        )
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise CodecError(f"not msgpack: {type(error).__name__}: {str(error)[:200]}") from None
    if not isinstance(frame, list) or len(frame) != 3:
        raise CodecError("not a message: expected [version, type, body]")
    version, number, body = frame
    if type(version) is not int or version != SCHEMA_VERSION:
        raise CodecError(
            f"schema version {version!r:.40}, but this side speaks {SCHEMA_VERSION}; update the older side"
        )
    cls = _CLASS_OF.get(number) if type(number) is int else None
    if cls is None:
        raise CodecError(f"unknown message type {number!r:.40}")
    return number, _from_wire(cls, body, cls.__name__)


def _no_extension(code: int, _: bytes) -> object:
    raise CodecError(f"msgpack extension type {code} is not part of any message")


@cache
def _fields(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def _to_wire(cls: type, message: object, at: str) -> dict[str, Any]:
    arrays = ARRAYS.get(cls, {})
    body: dict[str, Any] = {}
    for name, hint in _fields(cls).items():
        value = getattr(message, name)
        if name in LATER.get(cls, ()) and value == getattr(cls, name):
            continue
        where = f"{at}.{name}"
        body[name] = (
            _array_out(arrays[name], value, where) if name in arrays else _value_out(hint, value, where)
        )
    _check(cls, message, at)
    return body


def _from_wire(cls: type, body: object, at: str) -> Any:
    fields = _fields(cls)
    if not isinstance(body, Mapping):
        raise CodecError(f"{at}: expected fields, got {type(body).__name__}")
    odd = (body.keys() ^ fields.keys()) - (set(LATER.get(cls, ())) - body.keys())
    if odd:
        told = ", ".join(str(name)[:40] for name in sorted(odd, key=str)[:3])
        raise CodecError(f"{at}: fields missing or unknown: {told}")
    arrays = ARRAYS.get(cls, {})
    message = cls(
        **{
            name: (
                _array_in(arrays[name], body[name], f"{at}.{name}")
                if name in arrays
                else _value_in(hint, body[name], f"{at}.{name}")
            )
            for name, hint in fields.items()
            if name in body
        }
    )
    _check(cls, message, at)
    return message


def _value_out(hint: Any, value: Any, at: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _to_wire(hint, value, at)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        if not isinstance(value, tuple):
            raise CodecError(f"{at}: expected a tuple, got {type(value).__name__}")
        return [_value_out(*item) for item in _items(hint, value, at)]
    try:
        plain = float(value) if hint is float else operator.index(value) if hint is int else value
    except (TypeError, ValueError, OverflowError):
        plain = value
    return _value_in(hint, bool(plain) if hint is bool and isinstance(plain, np.bool_) else plain, at)


def _value_in(hint: Any, value: Any, at: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _from_wire(hint, value, at)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise CodecError(f"{at}: expected a list, got {type(value).__name__}")
        return tuple(_value_in(*item) for item in _items(hint, value, at))
    if type(value) is not hint:
        raise CodecError(f"{at}: expected {hint.__name__}, got {type(value).__name__}")
    fits, rule = _SCALARS[hint]
    if not fits(value):
        raise CodecError(f"{at}: {rule}, got {value!r:.40}")
    return value


_SCALARS: dict[type, tuple[Callable[[Any], bool], str]] = {
    bool: (lambda _: True, ""),
    int: (lambda value: -_INT_LIMIT <= value < _INT_LIMIT, "expected a 64-bit integer"),
    float: (math.isfinite, "expected a finite number"),
    str: (lambda value: len(value) <= MAX_STRING, f"expected at most {MAX_STRING} characters"),
    bytes: (lambda value: len(value) <= MAX_BYTES, f"expected at most {MAX_BYTES} bytes"),
}


def _items(hint: Any, values: Any, at: str) -> list[tuple[Any, Any, str]]:
    """(hint, value, place) of each item of a tuple[X, ...] or tuple[X, Y]."""
    hints = get_args(hint)
    if hints[-1] is Ellipsis:
        if len(values) > MAX_ITEMS:
            raise CodecError(f"{at}: {len(values)} items; at most {MAX_ITEMS}")
        hints = (hints[0],) * len(values)
    if len(values) != len(hints):
        raise CodecError(f"{at}: {len(values)} items where {len(hints)} belong")
    return [(item, value, f"{at}[{k}]") for k, (item, value) in enumerate(zip(hints, values, strict=True))]


def _array_out(spec: tuple[str, tuple[int | None, ...]], value: Any, at: str) -> list[Any]:
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiu":
            raise CodecError(
                f"{at}: expected an array of numbers, got {type(value).__name__} of {array.dtype}"
            )
        with np.errstate(over="ignore"):
            array = np.ascontiguousarray(array, np.dtype(spec[0]).newbyteorder("<"))
    except ValueError as error:
        raise CodecError(f"{at}: not an array: {error}") from None
    _check_array(spec, array.shape, array, at)
    return [list(array.shape), array.tobytes()]


def _array_in(spec: tuple[str, tuple[int | None, ...]], value: Any, at: str) -> Any:
    if not isinstance(value, list) or len(value) != 2:
        raise CodecError(f"{at}: expected [shape, buffer], got {type(value).__name__}")
    shape, buffer = value
    if not isinstance(shape, list) or not isinstance(buffer, bytes):
        raise CodecError(f"{at}: expected [shape, buffer]")
    if not all(type(size) is int and 0 <= size <= _INT_LIMIT for size in shape):
        raise CodecError(f"{at}: bad shape {shape!r:.60}")
    dtype = np.dtype(spec[0]).newbyteorder("<")
    _check_array(spec, tuple(shape), None, at)
    if len(buffer) != math.prod(shape) * dtype.itemsize:
        raise CodecError(f"{at}: {len(buffer)} bytes do not make shape {tuple(shape)} of {spec[0]}")
    array = np.frombuffer(buffer, dtype).reshape(shape).astype(spec[0])
    _check_array(spec, tuple(shape), array, at)
    return array


def _check_array(
    spec: tuple[str, tuple[int | None, ...]], shape: tuple[int, ...], array: Any, at: str
) -> None:
    wanted = spec[1]
    fits = len(shape) == len(wanted) and all(
        size == want if want is not None else size <= MAX_ROWS
        for size, want in zip(shape, wanted, strict=True)
    )
    if not fits:
        raise CodecError(f"{at}: shape {shape!s:.60}, expected {wanted} with at most {MAX_ROWS} for None")
    if array is not None and not np.isfinite(array).all():
        raise CodecError(f"{at}: holds numbers that are not finite")


def _check(cls: type, message: Any, at: str) -> None:
    """What types alone cannot say."""
    rules = _RULES.get(cls)
    for rule, holds in rules.items() if rules else ():
        if not holds(message):
            raise CodecError(f"{at}: {rule}")


_RULES: dict[type, dict[str, Callable[[Any], bool]]] = {
    Transition: {
        f"tool must be in 0..{NUM_TOOLS - 1}": lambda t: 0 <= t.tool < NUM_TOOLS,
        f"source must be one of {SOURCES}": lambda t: t.source in SOURCES,
        f"end_reason must be one of {END_REASONS}": lambda t: t.end_reason in END_REASONS,
        f"tool_mask must have {NUM_TOOLS} bits": lambda t: 0 <= t.tool_mask < 1 << NUM_TOOLS,
        "counts must not be negative": lambda t: (
            min(t.boot_epoch, t.decision_seq, t.episode_step, t.policy_version, t.state_seq) >= 0
            and min(t.limited_ticks, t.violations) >= 0
        ),
        "setpoints, joints and head must have n_ticks rows": lambda t: (
            t.n_ticks == len(t.setpoints) == len(t.joints) == len(t.head)
        ),
    },
    TaskSpec: {
        f"max_decisions must be in 1..{MAX_DECISIONS}": lambda t: 1 <= t.max_decisions <= MAX_DECISIONS,
        "seed must not be negative": lambda t: t.seed >= 0,
        "brightness must be in 0..1": lambda t: 0.0 <= t.brightness <= 1.0,
        f"at most {MAX_CHANGES} changes, from decision 1 on, each later than the one before": lambda t: (
            len(t.changes) <= MAX_CHANGES
            and all(a.decision < b.decision for a, b in pairwise(t.changes))
            and all(change.decision >= 1 for change in t.changes)
        ),
        "each change must have a match for each object": lambda t: all(
            len(change.match) == len(t.objects) for change in t.changes
        ),
    },
    TeleopTarget: {
        f"deadline_s must be in 0..{MAX_TELEOP_S}": lambda t: 0.0 <= t.deadline_s <= MAX_TELEOP_S,
    },
    RobotStatus: {f"mode must be one of {MODES}": lambda s: s.mode in MODES},
    SetMode: {f"mode must be one of {MODES}": lambda m: m.mode in MODES},
    PolicyResult: {f"status must be one of {POLICY_STATUSES}": lambda r: r.status in POLICY_STATUSES},
}
