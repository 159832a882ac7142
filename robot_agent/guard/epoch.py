"""The count of guard starts: half of every record's key, so it must never repeat."""

from __future__ import annotations

import time
from pathlib import Path

from shared.errors import StoreError
from shared.files import write_atomic


def next_epoch(path: Path) -> int:
    """Raise the number in the file by one, durably, and return it.

    Where there is no file it begins at the time of day in seconds since 1970: a robot whose disk was emptied
    must not repeat keys that the learner has of it, or its records would be taken for copies and dropped.

    Raises:
        StoreError: the file does not hold a number; going on from a guess could repeat keys.
    """
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        text = str(int(time.time()))
    if not text.isdigit():
        raise StoreError(
            f"{path} should hold the number of guard starts but holds {text[:40]!r}; write a number into it "
            "that is larger than any boot_epoch the learner has of this robot"
        )
    epoch = int(text) + 1
    write_atomic(path, f"{epoch}\n".encode())
    return epoch
