"""The stop latch as a file, and the mark by which a power cut is noticed."""

from __future__ import annotations

import json
from pathlib import Path

from robot_agent.guard.machine import Latch, Latched
from shared.files import write_atomic

UNREADABLE = "damaged file"
"""Source of the stop that a damaged file counts as."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def to_bytes(value: Latched) -> bytes:
    """The content of a latch file."""
    document = {
        "latch": value.latch.name,
        "source": value.source,
        "fault": value.fault,
        "limp": value.limp,
    }
    return json.dumps(document).encode()


def read_latch(path: Path) -> Latched | None:
    """What a latch file says; None where there is none. One that cannot be read counts as a stop."""
    try:
        document = json.loads(path.read_bytes())
        latch = Latch[document["latch"]]
        source, fault, limp = document["source"], document["fault"], document["limp"]
        if not (isinstance(source, str) and isinstance(fault, str) and isinstance(limp, bool)):
            raise ValueError("a field of another type")
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError, OSError, RecursionError):
        return Latched(Latch.STOPPED, UNREADABLE)
    return Latched(latch, source, fault, limp)


class RunningMark:
    """A file that is there while a guard runs, with the machine boot it runs in.

    Found at a start, it tells of a guard that did not end; from another boot, that the machine lost its power
    under it: nobody knows what is in front of the robot now. A guard that is merely started again, or a demo
    that was killed, leaves the mark of this same boot.
    """

    def __init__(self, path: Path, boot_id: Path = _BOOT_ID) -> None:
        self._path, self._boot_id = path, boot_id

    def set(self) -> bool:
        """Put the mark; returns whether one of another boot was there."""
        now = self._boot_id.read_text().strip()
        try:
            unclean = self._path.read_text(errors="replace").strip() != now
        except FileNotFoundError:
            unclean = False
        write_atomic(self._path, f"{now}\n".encode())
        return unclean

    def clear(self) -> None:
        """A clean end."""
        self._path.unlink(missing_ok=True)
