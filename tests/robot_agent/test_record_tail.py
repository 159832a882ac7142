"""Records are read from now on, in order, and never from a place that the ring has written over."""

from robot_agent.frames import Record, pack, size
from robot_agent.guard.guard import RING_RECORDS
from robot_agent.record_tail import RecordTail
from shared.slots import Ring
from tests.robot_agent.samples import record


def test_what_was_there_before_is_left_out_and_what_was_written_over_is_passed(tmp_path):
    ring = Ring(tmp_path / "records", size(Record), RING_RECORDS, create=True)

    def write(first, last):
        for seq in range(first, last):
            ring.push(pack(record(decision_seq=seq)))

    write(0, 3)
    tail = RecordTail(tmp_path / "records")
    assert list(tail.new()) == []
    write(3, 5)
    assert [one.decision_seq for one in tail.new()] == [3, 4]
    write(5, 5 + RING_RECORDS + 7)
    found = [one.decision_seq for one in tail.new()]
    assert found == list(range(12, 12 + RING_RECORDS))
    assert list(tail.new()) == []
