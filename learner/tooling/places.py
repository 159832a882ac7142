"""Which made tools robots get beside those that ship: they take the free places of `run_made`, in order.

<folder>/places.json   their names; of each, the version that counts when learner and training begin
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

from learner.text import TextEncoder
from learner.tooling.store import ToolStore
from learner.tooling.validation import starts
from shared.control.programs import play
from shared.errors import ProgramError, StoreError
from shared.files import locked, write_atomic
from shared.program_reading import load_json
from shared.spaces import TICK_S
from shared.tools import MADE_PLACES, MADE_TICKS
from sim import made, phrases
from sim.tasks import ALL_TASKS

MAX_FILE_BYTES = 4096
_LOCK_WAIT_S = 5.0


def delivered(store: ToolStore) -> tuple[str, ...]:
    """Names of the tools that robots get, in the order of their places.

    Raises:
        StoreError: the file is damaged.
    """
    path = _path(store)
    if not path.exists():
        return ()
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise StoreError(f"{path} is damaged: more than {MAX_FILE_BYTES} bytes")
        names = load_json(path.read_bytes())
    except (OSError, ProgramError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from None
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise StoreError(f"{path} is damaged: expected a list of names; remove it to deliver none")
    if len(names) > free_places() or len(set(names)) < len(names):
        raise StoreError(f"{path} is damaged: at most {free_places()} names, each once")
    return tuple(names)


def deliver(store: ToolStore, name: str) -> int:
    """Have robots get a tool's current version from the next policy on; gives its place.

    Raises:
        StoreError: there is no such tool, no place is left, it takes too long for a policy's tool, or robots
            know something else by its words.
    """
    version = store.current(name)
    with _locked(store):
        names = delivered(store)
        if name in names:
            raise StoreError(f"{name} is delivered already, at place {first_place() + names.index(name)}")
        if len(names) == free_places():
            raise StoreError(f"all places are taken, by {', '.join(names)}; recall one of them first")
        words = {store.current(other).program.description for other in names}
        words.update(*(task.instructions() for task in ALL_TASKS.values()))
        if version.program.description in words:
            raise StoreError(f"robots know already what to do at {version.program.description!r}")
        longest = int(play(version.program, {}, starts(), store.library())[1].max())
        if longest > MADE_TICKS:
            raise StoreError(
                f"{name} takes up to {longest * TICK_S:.1f} s, and a policy's tool at most "
                f"{MADE_TICKS * TICK_S:.1f} s; say: faster"
            )
        _write(store, (*names, name))
        return first_place() + len(names)


def recall(store: ToolStore, name: str) -> None:
    """Deliver a tool no longer; those behind it move up by a place.

    Raises:
        StoreError: it is not delivered.
    """
    with _locked(store):
        names = delivered(store)
        if name not in names:
            raise StoreError(f"{name} is not delivered; those that are: {', '.join(names) or 'none'}")
        _write(store, tuple(other for other in names if other != name))


def take_up(store: ToolStore) -> None:
    """Give the delivered tools their places in this process's simulation, tasks and bundles.

    Raises:
        StoreError: one of them is gone, or damaged.
        MissingExtra: the text encoder is not installed.
    """
    names = delivered(store)
    made.take_up([store.current(name).program for name in names], store.library() if names else {})
    missing = [text for text in phrases.all_texts() if text not in phrases.table()] if names else []
    if missing:
        phrases.learn(dict(zip(missing, TextEncoder().encode(missing), strict=True)))


def first_place() -> int:
    """The first place behind the tools that ship."""
    return len(made.shipped())


def free_places() -> int:
    """How many tools people can deliver."""
    return MADE_PLACES - first_place()


def _path(store: ToolStore) -> Path:
    return store.folder / "places.json"


def _locked(store: ToolStore) -> AbstractContextManager[None]:
    store.folder.mkdir(parents=True, exist_ok=True)
    return locked(
        store.folder / ".places.lock", "another process is delivering tools; try again", _LOCK_WAIT_S
    )


def _write(store: ToolStore, names: tuple[str, ...]) -> None:
    write_atomic(_path(store), json.dumps(names).encode())
