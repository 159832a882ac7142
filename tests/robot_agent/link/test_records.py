"""Records on their way to the learner: once, in order, none lost."""

from robot_agent.guard.guard import RING_RECORDS
from robot_agent.rehearsal import RehearsalLearner
from robot_agent.spool import Spool
from tests.robot_agent.link.rig import there_is


def test_records_arrive_once_and_are_forgotten_when_acknowledged(learner, robot):
    there = learner()
    here = robot(there.port)
    here.push(0, 1, 2)
    here.until(lambda: len(there.records) == 3)
    here.until(lambda: there.status and there.status.spooled == 0)
    got = there.records[4, 1]
    assert (got.robot_id, got.tool, got.n_ticks, got.setpoints.shape) == ("r1", 8, 10, (10, 9))
    assert (got.end_reason, got.source) == ("completed", "policy")
    assert there.received == 3
    assert there.status.state == "ACTIVE"
    assert there.status.limited_ticks == 11
    assert there.hellos[0].boot_epoch == 4


def test_records_wait_for_a_learner_and_survive_a_restart_of_the_link(
    learner, robot, config, lines, tmp_path
):
    probe = learner()
    port = probe.port
    here = robot(port)
    here.until(lambda: there_is(probe))
    probe.close()
    here.push(*range(80))
    here.link.step()
    here.restart()
    here.push(80)
    for _ in range(3):
        here.link.step()
    back = RehearsalLearner(tmp_path / "learner.key", port=port)
    try:
        here.until(lambda: len(back.records) == 81, 30.0)
    finally:
        back.close()
    assert sorted(seq for _, seq in back.records) == list(range(81))


def test_what_a_learner_took_but_never_acknowledged_is_sent_to_the_next(learner, robot, tmp_path):
    first = learner()
    first.acknowledge = False
    here = robot(first.port)
    here.push(0, 1, 2)
    here.until(lambda: first.received >= 3)
    first.close()
    second = RehearsalLearner(tmp_path / "learner.key", port=first.port)
    try:
        here.until(lambda: len(second.records) == 3, 30.0)
        here.until(lambda: second.status and second.status.spooled == 0)
    finally:
        second.close()


def test_a_full_spool_is_counted_in_the_status(learner, robot):
    there = learner()
    there.acknowledge = False
    here = robot(there.port, spool_records=4)
    here.push(*range(10))
    here.until(lambda: there.status and there.status.lost)
    assert (there.status.spooled, there.status.lost) == (4, 6)


def test_records_overwritten_in_the_ring_are_counted(learner, robot):
    here = robot(1)
    here.push(*range(RING_RECORDS + 30))
    here.link.step()
    there = learner()
    here.link.close()
    again = robot(there.port)
    again.until(lambda: there.status and there.status.lost)
    assert 30 <= there.status.lost <= 32
    assert there.status.spooled + len(there.records) + there.status.lost >= RING_RECORDS + 30


def test_the_end_of_the_link_puts_the_last_records_on_disk(robot):
    here = robot(1)
    here.push(0, 1)
    here.link.end()
    assert len(Spool(here.config.state.spool, 10)) == 2
