import pytest

from robot_agent.outbox import BATCH, RESEND_S, WINDOW, Outbox
from robot_agent.spool import Spool
from shared.codec import pack_transition
from tests.shared import samples


def transition(seq):
    return samples.transition(1, boot_epoch=1, decision_seq=seq)


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "spool.db", 10_000)


def fill(spool, begin, end):
    spool.add([((1, seq), pack_transition(transition(seq))) for seq in range(begin, end)])


def seqs(batch):
    return [t.decision_seq for t in batch]


def drain(outbox, now):
    sent = []
    while batch := outbox.batch(now):
        assert len(batch) <= BATCH
        sent += seqs(batch)
    return sent


def test_the_window_bounds_what_is_on_its_way(spool):
    fill(spool, 0, WINDOW + 120)
    outbox = Outbox(spool)
    assert drain(outbox, 0.0) == list(range(WINDOW))
    outbox.acknowledged([(1, seq) for seq in range(WINDOW)], 0.1)
    assert drain(outbox, 0.2) == list(range(WINDOW, WINDOW + 120))
    assert len(spool) == 120


def test_silence_sends_again_what_was_not_acknowledged(spool):
    fill(spool, 0, 5)
    outbox = Outbox(spool)
    assert drain(outbox, 0.0) == [0, 1, 2, 3, 4]
    outbox.acknowledged([(1, 0), (1, 3)], 1.0)
    assert drain(outbox, 1.0 + 0.9 * RESEND_S) == []
    assert drain(outbox, 1.0 + 1.1 * RESEND_S) == [1, 2, 4]


def test_a_new_connection_begins_at_the_oldest(spool):
    fill(spool, 0, 3)
    outbox = Outbox(spool)
    assert drain(outbox, 0.0) == [0, 1, 2]
    outbox.restart()
    fill(spool, 3, 4)
    assert drain(outbox, 0.1) == [0, 1, 2, 3]


def test_acknowledgements_of_nothing_are_harmless(spool):
    outbox = Outbox(spool)
    outbox.acknowledged([(7, 7)], 0.0)
    assert drain(outbox, 0.0) == []


def test_a_record_of_another_version_stays_and_lets_the_others_pass(spool, caplog):
    spool.add([((1, seq), b"from another time") for seq in range(BATCH + 1)])
    spool.add([((1, 100), pack_transition(transition(100)))])
    outbox = Outbox(spool)
    assert [t.decision_seq for t in outbox.batch(0.0)] == [100]
    outbox.acknowledged([(1, 100)], 0.0)
    assert outbox.batch(0.0) == ()
    assert len(spool) == BATCH + 1
    assert "stays there" in caplog.text
