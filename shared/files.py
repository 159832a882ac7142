"""Files that are either whole or not there, and locks that end with their process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from shared.errors import AlreadyRunning


def write_atomic(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace `path` by `data` so that a crash or power cut leaves the old file or the new one, never a part.

    Args:
        path: its folder is made if need be.
        data: the whole content.
        mode: permission bits, set before the file gets its name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def create_once(path: Path, data: bytes, size: int = 0) -> None:
    """Make a file under its name only when it is whole; where one is there already, that one stays.

    Of two processes that get here at once, both end up with the first one's file.

    Args:
        path: its folder is made if need be; only its owner may read it.
        data: how it begins.
        size: bytes in all; zeros follow `data`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.truncate(max(size, len(data)))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()


@contextlib.contextmanager
def locked(path: Path, complaint: str, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock on a file, which is made if need be; the kernel lets go of it when the process ends.

    Args:
        path: the lock.
        complaint: of the error; says what the one who holds it is, and what to do.
        wait_s: how long another one may still hold it.

    Raises:
        AlreadyRunning: another process holds it.
    """
    deadline = time.monotonic() + wait_s
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise AlreadyRunning(f"{complaint} (it holds {path})") from None
                time.sleep(0.01)
        yield
