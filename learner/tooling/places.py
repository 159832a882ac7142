"""Which made tools robots get beside those that ship: they take the free places of `run_made`, in order.

<folder>/places.json   name and version of each; a later version takes its place only when it is delivered
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path

from learner.text import TextEncoder
from learner.tooling.store import ToolStore
from learner.tooling.validation import starts
from shared.bundle import Bundle
from shared.control.programs import Library, play
from shared.errors import BundleError, ProgramError, StoreError
from shared.files import locked, write_atomic
from shared.made_tools import Validated
from shared.program_reading import load_json
from shared.programs import Program
from shared.spaces import TICK_S
from shared.tools import MADE_PLACES, MADE_TICKS
from sim import made, phrases
from sim.tasks import ALL_TASKS, perform
from sim.tasks.likeness import shape, unlikeness

MAX_FILE_BYTES = 4096
TWIN = 0.25
"""A motion that is less unlike another one than this cannot be told from it by what a robot measures."""
_LOCK_WAIT_S = 5.0


@dataclass(frozen=True)
class Delivered:
    """A version of a tool that robots get."""

    name: str
    version: int


def delivered(store: ToolStore) -> tuple[Delivered, ...]:
    """The tools that robots get, in the order of their places.

    Raises:
        StoreError: the file is damaged.
    """
    path = _path(store)
    if not path.exists():
        return ()
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise StoreError(f"{path} is damaged: more than {MAX_FILE_BYTES} bytes")
        rows = load_json(path.read_bytes())
    except (OSError, ProgramError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from None
    if not (isinstance(rows, list) and all(map(_sound, rows))):
        raise StoreError(
            f"{path} is damaged: expected a list of names and versions; remove it to deliver none"
        )
    found = tuple(Delivered(row["name"], row["version"]) for row in rows)
    if len(found) > free_places() or len({one.name for one in found}) < len(found):
        raise StoreError(f"{path} is damaged: at most {free_places()} names, each once")
    return found


def deliver(store: ToolStore, name: str) -> int:
    """Have robots get a tool's current version from the next policy on; gives its place.

    If they get an older version, this one takes its place.

    Raises:
        StoreError: there is no such tool, no place is left, it takes too long for a policy's tool, or robots
            could not tell its words or its motion from something else.
    """
    version = store.current(name)
    new = Delivered(name, version.number)
    with _locked(store):
        now = delivered(store)
        names = [one.name for one in now]
        if new in now:
            raise StoreError(f"{name} is delivered already, at place {first_place() + names.index(name)}")
        if name not in names and len(now) == free_places():
            raise StoreError(f"all places are taken, by {', '.join(names)}; recall one of them first")
        others = [_taken(store, one) for one in now if one.name != name]
        _refuse(store.validated(name, version.number), others)
        at = names.index(name) if name in names else len(now)
        _write(store, (*now[:at], new, *now[at + 1 :]))
        return first_place() + at


def recall(store: ToolStore, name: str) -> None:
    """Deliver a tool no longer; those behind it move up by a place.

    Raises:
        StoreError: it is not delivered.
    """
    with _locked(store):
        now = delivered(store)
        if name not in {one.name for one in now}:
            known = ", ".join(one.name for one in now) or "none"
            raise StoreError(f"{name} is not delivered; those that are: {known}")
        _write(store, tuple(one for one in now if one.name != name))


def take_up(store: ToolStore) -> None:
    """Give the delivered tools their places in this process's simulation, tasks and bundles.

    Raises:
        StoreError: one of them is gone, damaged, or of nobody who is trusted.
        MissingExtra: the text encoder is not installed.
    """
    _take_up([_taken(store, one) for one in delivered(store)])


def take_up_of(bundle: Bundle) -> None:
    """Give the places to the tools that a policy learnt with; one that brings none leaves them empty.

    Raises:
        BundleError: it learnt with others in the places of those that ship.
        MissingExtra: the text encoder is not installed.
    """
    fixed = [one.digest for one in made.shipped()]
    if bundle.tools and [tool.program.digest for tool in bundle.tools[: len(fixed)]] != fixed:
        raise BundleError("this policy learnt with other made tools than those that ship now; train it again")
    _take_up(bundle.tools[len(fixed) :])


def _take_up(found: Sequence[Validated]) -> None:
    library = {digest: program for tool in found for digest, program in tool.library.items()}
    made.take_up([tool.program for tool in found], library)
    missing = [text for text in phrases.all_texts() if text not in phrases.table()] if found else []
    if missing:
        phrases.learn(dict(zip(missing, TextEncoder().encode(missing), strict=True)))


def first_place() -> int:
    """The first place behind the tools that ship."""
    return len(made.shipped())


def free_places() -> int:
    """How many tools people can deliver."""
    return MADE_PLACES - first_place()


def _refuse(tool: Validated, others: Sequence[Validated]) -> None:
    """Raises `StoreError` unless policies could choose this tool and be judged by it."""
    program = tool.program
    there: list[tuple[Program, Library]] = [(one, {}) for one in made.shipped()]
    there += [(other.program, other.library) for other in others]
    words: set[str] = set()
    words.update(*(task.instructions() for task in ALL_TASKS.values() if task is not perform.TASK))
    words.update(*(perform.wordings(one) for one, _ in there))
    if words.intersection(perform.wordings(program)):
        raise StoreError(f"robots know already what to do at {program.description!r}")
    longest = int(play(program, {}, starts(), tool.library)[1].max())
    if longest > MADE_TICKS:
        raise StoreError(
            f"{program.name} takes up to {longest * TICK_S:.1f} s, and a policy's tool at most "
            f"{MADE_TICKS * TICK_S:.1f} s; say: faster"
        )
    own = shape(program, tool.library)
    if own.std(axis=0).max() < 1e-6:
        raise StoreError(
            f"{program.name} only slides, which tasks cannot judge; add a turn, a tilt or the antennas"
        )
    for one, calls in there:
        other = shape(one, calls)
        if min(unlikeness(own, other), unlikeness(other, own)) < TWIN:
            raise StoreError(
                f"{program.name} moves like {one.description!r}, which robots have; make it bigger, slower "
                "or another motion"
            )


def _taken(store: ToolStore, one: Delivered) -> Validated:
    try:
        return store.validated(one.name, one.version)
    except (StoreError, ProgramError) as error:
        raise StoreError(
            f"the delivered tool {one.name}, version {one.version}, cannot be used: {error}; "
            f"take it back with: reachy-coach tools recall {one.name}"
        ) from None


def _sound(row: object) -> bool:
    return (
        isinstance(row, dict)
        and row.keys() == {"name", "version"}
        and isinstance(row["name"], str)
        and type(row["version"]) is int
    )


def _path(store: ToolStore) -> Path:
    return store.folder / "places.json"


def _locked(store: ToolStore) -> AbstractContextManager[None]:
    store.folder.mkdir(parents=True, exist_ok=True)
    return locked(
        store.folder / ".places.lock", "another process is delivering tools; try again", _LOCK_WAIT_S
    )


def _write(store: ToolStore, tools: Sequence[Delivered]) -> None:
    write_atomic(_path(store), json.dumps([asdict(one) for one in tools]).encode())
