"""Memory shared between processes: a latest-only slot and a ring of records, both in an mmap'd file.

Every record carries a sequence number and a CRC-32 over number, length and bytes: a process that is killed
in the middle of a write, or a CPU that reorders stores (ARM does), leaves a record that a reader recognises
as unfinished. A slot has two banks written in turn, so that the last finished record stays readable
whatever happens to the writer.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.errors import CodecError
from shared.files import create_once

_FILE_HEADER = struct.Struct("<8sQQ")
_FILE_HEADER_SIZE = 64
_RECORD_HEADER = struct.Struct("<QII")  # sequence from 1, length, CRC-32
_COUNTERS_AT = 24  # uint64 x 3 behind the file header: ring head, reader's cursor, lost
_READ_ATTEMPTS = 64
_UNFINISHED_WAIT_S = 0.0002


class Slot:
    """The newest record of one writer, for any number of readers.

    Args:
        path: the file, best on tmpfs. An existing file of the same size is kept: readers stay attached to it
            while the writer restarts, and the sequence goes on.
        size: the longest record [bytes].
        create: make the file if it is not there.

    Raises:
        FileNotFoundError: not there, and `create` is off.
        CodecError: the file is not a slot of this size.
    """

    def __init__(self, path: Path, size: int, create: bool = False) -> None:
        self.path = Path(path)
        self.size = size
        self._bank_size = _aligned(_RECORD_HEADER.size + size)
        self._map = _attach(self.path, b"RCSLOT01", size, count=2, body=2 * self._bank_size, create=create)
        newest = self.read()
        self._seq = newest[0] if newest else 0

    def write(self, record: bytes) -> int:
        """Replace the slot's content; returns its sequence number. Only one process may write.

        Raises:
            ValueError: the record is longer than `size`.
        """
        if len(record) > self.size:
            raise ValueError(f"record of {len(record)} bytes, but {self.path.name} holds {self.size}")
        self._seq += 1
        _put(self._map, self._bank_at(self._seq), self._seq, record)
        return self._seq

    def read(self) -> tuple[int, bytes] | None:
        """The newest finished record with its sequence number; None while nothing was ever written.

        A reader that is overtaken by a writer without pause for many attempts also gets None.
        """
        for _ in range(_READ_ATTEMPTS):
            candidates = [self._peek(bank) for bank in (0, 1)]
            for seq, at in sorted(candidates, reverse=True):
                record = _get(self._map, at, seq, self.size) if seq else None
                if record is not None:
                    return seq, record
            if not any(seq for seq, _ in candidates):
                return None
        return None

    def seq(self) -> int:
        """Sequence number of the newest record, finished or not; cheap, for polling."""
        return max(self._peek(bank)[0] for bank in (0, 1))

    def close(self) -> None:
        """Detach; the file stays."""
        self._map.close()

    def _bank_at(self, seq: int) -> int:
        return _FILE_HEADER_SIZE + (seq % 2) * self._bank_size

    def _peek(self, bank: int) -> tuple[int, int]:
        at = self._bank_at(bank)
        return _RECORD_HEADER.unpack_from(self._map, at)[0], at


class Ring:
    """The last `capacity` records of one producer, each with its number; the producer never waits.

    Args:
        path: the file, best on tmpfs; kept if it is there already.
        record_size: the longest record [bytes].
        capacity: number of records kept.
        create: make the file if it is not there.

    Raises:
        FileNotFoundError: not there, and `create` is off.
        CodecError: the file is not a ring of this geometry.
    """

    def __init__(self, path: Path, record_size: int, capacity: int, create: bool = False) -> None:
        self.path = Path(path)
        self.record_size = record_size
        self.capacity = capacity
        self._stride = _aligned(_RECORD_HEADER.size + record_size)
        self._map = _attach(
            self.path, b"RCRING01", record_size, count=capacity, body=capacity * self._stride, create=create
        )
        # Through numpy these are single aligned 8-byte stores, which cannot tear; struct writes byte by byte.
        self.counters: NDArray[np.uint64] = np.frombuffer(self._map, np.uint64, count=3, offset=_COUNTERS_AT)
        self._next: int | None = None

    def push(self, record: bytes) -> int:
        """Append; returns the record's number. Only one process may push.

        Raises:
            ValueError: the record is longer than `record_size`.
        """
        if len(record) > self.record_size:
            raise ValueError(f"record of {len(record)} bytes, but {self.path.name} holds {self.record_size}")
        if self._next is None:
            self._next = self._last_finished() + 1
        seq = self._next
        _put(self._map, self._at(seq), seq, record)
        self.counters[0] = seq
        self._next = seq + 1
        return seq

    def get(self, seq: int) -> bytes | None:
        """Record number `seq` if it is there and finished."""
        return _get(self._map, self._at(seq), seq, self.record_size)

    def head(self) -> int:
        """Number of the newest record; 0 if there is none."""
        return int(self.counters[0])

    def close(self) -> None:
        """Detach; the file stays."""
        del self.counters
        self._map.close()

    def _last_finished(self) -> int:
        """The head counter lags by one where a producer died between record and counter, so ask the
        records."""
        head = self.head()
        return head + 1 if self.get(head + 1) is not None else head

    def _at(self, seq: int) -> int:
        return _FILE_HEADER_SIZE + (seq % self.capacity) * self._stride


class RingReader:
    """The ring's one consumer: takes records in order and counts those that were overwritten unread.

    Its place is kept in the ring's file by `commit`, so a consumer that is killed reads again what it had not
    committed: nothing is skipped, and a record may be seen twice.
    """

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._next = int(ring.counters[1]) + 1
        self.lost = int(ring.counters[2])
        """Records overwritten before they were read, since the ring was made."""

    def pop(self) -> bytes | None:
        """The next record in order; None if there is none yet."""
        while True:
            record = self._ring.get(self._next)
            if record is not None:
                self._next += 1
                return record
            head = self._ring.head()
            if head < self._next:
                return None
            oldest = head - self._ring.capacity + 1
            if self._next >= oldest and self._settled(self._next):
                continue
            skip_to = max(self._next + 1, oldest + 1)
            self.lost += skip_to - self._next
            self._next = skip_to

    def commit(self) -> None:
        """Everything popped so far is dealt with: never deliver it again, not even after a restart."""
        self._ring.counters[2] = self.lost
        self._ring.counters[1] = self._next - 1

    def _settled(self, seq: int) -> bool:
        """Whether a record that the head already counts becomes readable: its bytes may arrive after the
        counter."""
        for _ in range(3):
            if self._ring.get(seq) is not None:
                return True
            time.sleep(_UNFINISHED_WAIT_S)
        return False


def _put(memory: mmap.mmap, at: int, seq: int, record: bytes) -> None:
    start = at + _RECORD_HEADER.size
    memory[start : start + len(record)] = record
    _RECORD_HEADER.pack_into(memory, at, seq, len(record), _checksum(seq, record))


def _get(memory: mmap.mmap, at: int, seq: int, size: int) -> bytes | None:
    found, length, crc = _RECORD_HEADER.unpack_from(memory, at)
    if found != seq or length > size:
        return None
    start = at + _RECORD_HEADER.size
    record = memory[start : start + length]
    return record if _checksum(seq, record) == crc else None


def _checksum(seq: int, record: bytes) -> int:
    return zlib.crc32(record, zlib.crc32(struct.pack("<QI", seq, len(record))))


def _aligned(size: int) -> int:
    return (size + 63) // 64 * 64


def _attach(path: Path, magic: bytes, size: int, *, count: int, body: int, create: bool) -> mmap.mmap:
    header = _FILE_HEADER.pack(magic, size, count)
    total = _FILE_HEADER_SIZE + body
    if create and not path.exists():
        create_once(path, header, total)
    with path.open("r+b") as file:
        found = file.read(_FILE_HEADER.size)
        if found != header or os.fstat(file.fileno()).st_size != total:
            raise CodecError(
                f"{path} is not a {magic[2:6].decode().lower()} of {count} x {size} bytes; remove it"
            )
        return mmap.mmap(file.fileno(), total)
