"""Slots and rings: order, gaps, restarts, and writers that are killed in the middle of a write."""

import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import CodecError
from shared.slots import Ring, RingReader, Slot

ROOT = Path(__file__).resolve().parents[2]


def test_a_slot_gives_the_newest_record(tmp_path):
    writer = Slot(tmp_path / "s", 100, create=True)
    reader = Slot(tmp_path / "s", 100)
    assert reader.read() is None
    for k in range(1, 6):
        assert writer.write(bytes([k]) * k) == k
        assert reader.read() == (k, bytes([k]) * k)
        assert reader.seq() == k
    assert reader.read() == (5, b"\x05" * 5)


def test_an_empty_record_is_a_record(tmp_path):
    slot = Slot(tmp_path / "s", 10, create=True)
    slot.write(b"")
    assert slot.read() == (1, b"")


def test_a_restarted_writer_goes_on_counting_and_readers_stay_attached(tmp_path):
    reader = Slot(tmp_path / "s", 10, create=True)
    Slot(tmp_path / "s", 10, create=True).write(b"a")
    assert Slot(tmp_path / "s", 10, create=True).write(b"b") == 2
    assert reader.read() == (2, b"b")


def test_too_long_a_record_is_refused(tmp_path):
    with pytest.raises(ValueError, match="11 bytes"):
        Slot(tmp_path / "s", 10, create=True).write(b"x" * 11)
    with pytest.raises(ValueError, match="11 bytes"):
        Ring(tmp_path / "r", 10, 4, create=True).push(b"x" * 11)


def test_attaching_to_what_is_not_there_or_not_a_slot(tmp_path):
    with pytest.raises(FileNotFoundError):
        Slot(tmp_path / "none", 10)
    (tmp_path / "junk").write_bytes(b"not a slot at all")
    with pytest.raises(CodecError, match="remove it"):
        Slot(tmp_path / "junk", 10, create=True)
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(CodecError, match="is not a ring"):
        Ring(tmp_path / "empty", 10, 4)
    Slot(tmp_path / "other", 20, create=True)
    with pytest.raises(CodecError, match="slot of 2 x 10 bytes"):
        Slot(tmp_path / "other", 10)


@pytest.mark.parametrize("damage", ["payload", "checksum", "length", "sequence"])
def test_a_half_written_record_is_not_seen_and_the_one_before_is(tmp_path, damage):
    slot = Slot(tmp_path / "s", 100, create=True)
    slot.write(b"first")
    slot.write(b"second")
    at = slot._bank_at(2)
    offset = {"sequence": 0, "length": 8, "checksum": 12, "payload": 16}[damage]
    slot._map[at + offset] ^= 0x41
    assert slot.read() == (1, b"first")
    restarted = Slot(tmp_path / "s", 100)
    assert restarted.write(b"again") == 2
    assert slot.read() == (2, b"again")


@given(st.binary(min_size=192, max_size=192))
def test_whatever_lies_in_a_slots_memory_only_a_checked_record_comes_out(noise):
    path = Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp") / f"coach-test-{os.getpid()}.slot"
    try:
        slot = Slot(path, 64, create=True)
        slot._map[64 : 64 + 192] = noise
        assert slot.read() is None
        slot.close()
    finally:
        path.unlink()


def test_a_ring_delivers_in_order_and_counts_what_it_overwrote(tmp_path):
    ring = Ring(tmp_path / "r", 10, 4, create=True)
    reader = RingReader(Ring(tmp_path / "r", 10, 4))
    assert reader.pop() is None
    for k in range(3):
        ring.push(bytes([k]))
    assert [reader.pop() for _ in range(4)] == [b"\x00", b"\x01", b"\x02", None]
    for k in range(3, 13):
        ring.push(bytes([k]))
    got = []
    while (record := reader.pop()) is not None:
        got.append(record[0])
    assert got == [10, 11, 12][-len(got) :]
    assert len(got) >= 3
    assert reader.lost + len(got) == 10


@given(
    st.lists(st.one_of(st.just("push"), st.just("pop"), st.just("commit"), st.just("restart")), max_size=80)
)
def test_a_ring_never_reorders_invents_or_silently_drops(actions):
    path = Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp") / f"coach-test-{os.getpid()}.ring"
    try:
        ring = Ring(path, 8, 5, create=True)
        reader = RingReader(ring)
        pushed, popped, lost_base = 0, [], 0
        for action in actions:
            if action == "push":
                ring.push(struct.pack("<Q", pushed))
                pushed += 1
            elif action == "pop":
                record = reader.pop()
                if record is not None:
                    popped.append(struct.unpack("<Q", record)[0])
            elif action == "commit":
                reader.commit()
                popped, lost_base = [], reader.lost
            else:
                ring = Ring(path, 8, 5)
                reader = RingReader(ring)
                popped, lost_base = [], reader.lost
        while (record := reader.pop()) is not None:
            popped.append(struct.unpack("<Q", record)[0])
        first = int(ring.counters[1])
        assert popped == sorted(set(popped))
        assert set(popped) <= set(range(first, pushed))
        assert len(popped) + reader.lost - lost_base == pushed - first
    finally:
        path.unlink(missing_ok=True)


def test_a_restarted_reader_gets_again_what_it_had_not_committed(tmp_path):
    ring = Ring(tmp_path / "r", 10, 8, create=True)
    for k in range(5):
        ring.push(bytes([k]))
    reader = RingReader(ring)
    assert reader.pop() == b"\x00"
    assert reader.pop() == b"\x01"
    reader.commit()
    assert reader.pop() == b"\x02"
    again = RingReader(Ring(tmp_path / "r", 10, 8))
    assert again.pop() == b"\x02"
    assert again.lost == 0


def test_a_producer_that_died_between_record_and_counter_loses_nothing(tmp_path):
    ring = Ring(tmp_path / "r", 10, 4, create=True)
    ring.push(b"a")
    ring.push(b"b")
    ring.counters[0] = 1
    reader = RingReader(ring)
    assert [reader.pop(), reader.pop()] == [b"a", b"b"]
    assert Ring(tmp_path / "r", 10, 4).push(b"c") == 3
    assert reader.pop() == b"c"
    assert reader.lost == 0


def test_a_record_torn_by_a_dying_producer_is_written_again_under_its_number(tmp_path):
    ring = Ring(tmp_path / "r", 10, 4, create=True)
    ring.push(b"a")
    ring.push(b"torn")
    ring._map[ring._at(2) + 17] ^= 0xFF
    ring.counters[0] = 1
    reader = RingReader(ring)
    assert [reader.pop(), reader.pop()] == [b"a", None]
    Ring(tmp_path / "r", 10, 4).push(b"whole")
    assert reader.pop() == b"whole"
    assert reader.lost == 0


def start_writer(kind, path, size, capacity):
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.shared.slot_writer", kind, str(path), str(size), str(capacity)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert child.stdout.readline() == b"ready\n"
    return child


def whole(record):
    """Records are one byte value repeated; anything mixed was torn."""
    return record == record[:1] * len(record)


def test_readers_never_see_a_torn_record_from_a_slot_writer_that_is_killed_again_and_again(tmp_path):
    size, rng = 20_000, random.Random(1)
    reader = Slot(tmp_path / "s", size, create=True)
    last, seen = 0, 0
    for _ in range(8):
        child = start_writer("slot", tmp_path / "s", size, 0)
        end = time.monotonic() + rng.uniform(0.02, 0.08)
        while time.monotonic() < end:
            found = reader.read()
            if found is not None:
                seq, record = found
                assert whole(record)
                assert seq >= last
                last, seen = seq, seen + 1
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        found = reader.read()
        assert found is not None
        assert whole(found[1])
        assert found[0] >= last
        last = found[0]
    assert seen > 50


def test_a_ring_survives_a_producer_that_is_killed_again_and_again(tmp_path):
    size, capacity, rng = 5_000, 64, random.Random(2)
    ring = Ring(tmp_path / "r", size, capacity, create=True)
    reader = RingReader(ring)
    popped = 0
    for _ in range(8):
        child = start_writer("ring", tmp_path / "r", size, capacity)
        end = time.monotonic() + rng.uniform(0.02, 0.08)
        while time.monotonic() < end:
            record = reader.pop()
            if record is not None:
                assert whole(record)
                popped += 1
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        while (record := reader.pop()) is not None:
            assert whole(record)
            popped += 1
        assert ring.head() <= popped + reader.lost <= ring.head() + 1
    assert popped > 50
