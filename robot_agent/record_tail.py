"""The guard's records as they come, beside the link, whose place in the ring stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from robot_agent.frames import Record, size, unpack
from robot_agent.guard.guard import RING_RECORDS
from shared.slots import Ring


class RecordTail:
    """Records from now on.

    Args:
        path: of the ring; it is made if need be.
    """

    def __init__(self, path: Path) -> None:
        self._ring = Ring(path, size(Record), RING_RECORDS, create=True)
        self._seen = self._ring.head()

    def new(self) -> Iterator[Record]:
        """Those since the last call."""
        head = self._ring.head()
        for number in range(max(self._seen, head - RING_RECORDS) + 1, head + 1):
            data = self._ring.get(number)
            if data is not None:
                yield unpack(Record, data)
        self._seen = head
