"""Records on disk until the learner has them: committed before they are sent, deleted by their key.

When the spool is full it refuses the *newest* records and counts them: what is on disk was promised to
arrive, and an unbroken past is worth more to learning than a broken present. No loss goes uncounted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from shared.errors import StoreError

Key = tuple[int, int]
"""(boot_epoch, decision_seq)."""


class Spool:
    """A bounded SQLite table of packed transitions; survives kill -9 and power cuts (WAL, synchronous=FULL).

    Args:
        path: the database file.
        max_records: how many it may hold.

    Raises:
        StoreError: the file cannot be opened as a spool.
    """

    def __init__(self, path: Path, max_records: int) -> None:
        self._max = max_records
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS records (place INTEGER PRIMARY KEY AUTOINCREMENT,"
                " boot_epoch INTEGER NOT NULL, decision_seq INTEGER NOT NULL, payload BLOB NOT NULL,"
                " UNIQUE (boot_epoch, decision_seq))"
            )
            self._db.execute("CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER)")
            self._db.execute("INSERT OR IGNORE INTO counters VALUES ('refused', 0)")
            self._count: int = self._db.execute("SELECT count(*) FROM records").fetchone()[0]
            self._refused: int = self._db.execute("SELECT value FROM counters").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{path} is not a spool: {error}; move it away to start an empty one") from error

    def __len__(self) -> int:
        """Records not yet acknowledged."""
        return self._count

    @property
    def refused(self) -> int:
        """Records refused because the spool was full, ever."""
        return self._refused

    def add(self, records: Sequence[tuple[Key, bytes]]) -> int:
        """Commit records in one transaction; a key that is there already is left as it is.

        Returns:
            How many were refused because the spool is full.
        """
        room = self._max - self._count
        refused = max(0, len(records) - room)
        with self._transaction():
            for (epoch, seq), payload in records[: max(0, room)]:
                self._count += self._db.execute(
                    "INSERT OR IGNORE INTO records (boot_epoch, decision_seq, payload) VALUES (?, ?, ?)",
                    (epoch, seq, payload),
                ).rowcount
            if refused:
                self._db.execute("UPDATE counters SET value = value + ? WHERE name = 'refused'", (refused,))
        self._refused += refused
        return refused

    def after(self, place: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` records behind `place`, oldest first, as (place, payload); 0 is before the first."""
        return self._db.execute(
            "SELECT place, payload FROM records WHERE place > ? ORDER BY place LIMIT ?", (place, limit)
        ).fetchall()

    def forget(self, keys: Iterable[Key]) -> int:
        """Delete acknowledged records; returns how many were there."""
        gone = 0
        with self._transaction():
            for epoch, seq in keys:
                gone += self._db.execute(
                    "DELETE FROM records WHERE boot_epoch = ? AND decision_seq = ?", (epoch, seq)
                ).rowcount
        self._count -= gone
        return gone

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
