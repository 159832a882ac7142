"""What became of each policy on this robot, kept on disk: which are good, which must never come back."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from shared.files import write_atomic
from shared.messages import POLICY_STATUSES

log = logging.getLogger("ledger")

KEPT = 64
"""Newest versions that are remembered one by one."""
KEEP_GOOD = 2
"""Good ones that are kept to go back to."""
OUT = ("rejected", "rolled_back")
"""Statuses of versions that never come back."""


@dataclass(frozen=True)
class Entry:
    """One version."""

    version: int
    status: str
    """One of `POLICY_STATUSES`."""
    reason: str = ""
    sha256: str = ""
    """Of the bundle's file, hex."""
    engine: str = ""
    """Inference engine that it passed its trial on."""
    beginnings: int = 0
    """Starts of the process with it since it last played a decision."""


class Ledger:
    """The file; a damaged one is begun anew, which only means that policies are tried again.

    Used by two threads: one that decides and never waits for the disk, and one that calls `save`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries: dict[int, Entry] = {}
        self._changed = False
        self.in_use = 0
        """Version in use; 0 = none."""
        self.newest = 0
        """Highest version that ever passed its trial: only higher ones are taken."""
        self.news: deque[Entry] = deque(maxlen=KEPT)
        """Changes of status that nobody has been told of yet, oldest first."""
        self._read()

    def entry(self, version: int) -> Entry | None:
        """What is known of a version."""
        return self._entries.get(version)

    def versions(self, *statuses: str) -> list[int]:
        """Versions of these statuses, newest first."""
        with self._lock:
            return sorted((v for v, entry in self._entries.items() if entry.status in statuses), reverse=True)

    def note(self, version: int, status: str, reason: str = "", **changes: Any) -> None:
        """A version enters a status.

        Args:
            version: which.
            status: one of `POLICY_STATUSES`.
            reason: in words.
            changes: further fields of its entry.
        """
        log.log(
            logging.WARNING if status in OUT else logging.INFO, "policy v%d: %s %s", version, status, reason
        )
        with self._lock:
            before = self._entries.get(version, Entry(version, ""))
            entry = replace(before, status=status, reason=reason, **changes)
            self._entries[version] = entry
            self._changed = True
            if status not in OUT:
                self.newest = max(self.newest, version)
            self.news.append(entry)

    def begun(self, version: int) -> int:
        """The process starts with this version in use; how often it did since the version last decided."""
        with self._lock:
            entry = self._entries[version]
            self._entries[version] = replace(entry, beginnings=entry.beginnings + 1)
            self._changed = True
            return entry.beginnings + 1

    def decided(self, version: int) -> None:
        """A decision of this version was played."""
        entry = self._entries.get(version)
        if entry is not None and entry.beginnings:
            with self._lock:
                self._entries[version] = replace(entry, beginnings=0)
                self._changed = True

    def use(self, version: int) -> None:
        """This version is in use from now on; 0 = none."""
        with self._lock:
            self._changed |= version != self.in_use
            self.in_use = version

    def save(self) -> None:
        """Write what has changed; may wait for the disk."""
        if not self._changed:
            return
        kept = {self.in_use, *self.versions("good")[:KEEP_GOOD], *self.versions(*POLICY_STATUSES)[:KEPT]}
        with self._lock:
            self._changed = False
            self._entries = {version: entry for version, entry in self._entries.items() if version in kept}
            entries = [asdict(entry) for entry in self._entries.values()]
            document = {"in_use": self.in_use, "newest": self.newest, "policies": entries}
        write_atomic(self._path, json.dumps(document, indent=1).encode())

    def _read(self) -> None:
        try:
            document = json.loads(self._path.read_bytes())
            rows = [
                {name: _typed(row[name], kind) for name, kind in _KINDS.items()}
                for row in document["policies"]
            ]
            in_use, newest = _typed(document["in_use"], int), _typed(document["newest"], int)
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be used (%s): policies are tried again", self._path, error)
            return
        self._entries = {row["version"]: Entry(**row) for row in rows}
        self.in_use, self.newest = in_use, newest


_KINDS: dict[str, type] = {
    "version": int,
    "status": str,
    "reason": str,
    "sha256": str,
    "engine": str,
    "beginnings": int,
}


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{value!r:.40} is not of type {kind.__name__}")
    return value
