"""The link process's turns, called from here, against a learner's end that speaks the real wire."""

import dataclasses
import os
import time

import msgpack
import numpy as np
import pytest

from robot_agent.bundles import BundleFolder
from robot_agent.frames import (
    EPISODE_ID_BYTES,
    GuardState,
    LatchState,
    PolicyState,
    Record,
    Teleop,
    pack,
    size,
    unpack,
)
from robot_agent.guard.guard import RING_RECORDS
from robot_agent.link import Lines, Link
from robot_agent.mailbox import Mailbox
from robot_agent.rehearsal import RehearsalLearner, empty_task, random_bundle
from robot_agent.spool import Spool
from shared.codec import MAX_MESSAGE, encode
from shared.control.limits import LIMITS
from shared.control.motions import pose_of
from shared.keys import ensure_keypair
from shared.messages import Approval, EndEpisode, SceneObject, SetMode, StopRequest, TeleopTarget
from shared.slots import Ring, Slot

LONG_NAME = SceneObject("x" * 1000, (0.5, 0.0, 0.0), 0.1, 0.5, (0.0, 0.0))
ZERO = np.zeros(9)
STATE = GuardState(
    1.0, ZERO, ZERO, np.zeros(3), np.array([1.0, 0, 0, 0]), np.zeros(3), np.zeros(3), ZERO,
    5, 3, 4, 7, 1, 2, False, "e1", 2, 8, 0, 11, 0, 0,
)  # fmt: skip


def record(seq, epoch=4):
    rows = np.ones((60, 9), np.float32)
    return Record(
        epoch, seq, "e1", seq, np.ones(512, np.float32), 8, np.zeros(4, np.float32), -1.0, 0.5, 2**20 - 1, 3,
        0, 0, 10, 100 + seq, 0, 0, 1e9, rows, rows, np.ones((60, 7), np.float32),
    )  # fmt: skip


class Robot:
    """Everything around a `Link` that other processes would do."""

    def __init__(self, config, lines):
        self.config, self.lines = config, lines
        runtime = config.runtime
        runtime.folder.mkdir(parents=True, exist_ok=True)
        self.states = Slot(runtime.state, size(GuardState), create=True)
        self.states.write(pack(STATE))
        self.guard_ticks = True
        self.latches = Slot(runtime.latch, size(LatchState), create=True)
        self.policies = Slot(runtime.policy, size(PolicyState), create=True)
        self.ring = Ring(runtime.records, size(Record), RING_RECORDS, create=True)
        self.mail = Mailbox(runtime)
        self.link = Link(config, Lines(lines["record_bell"], lines["stop_link"]))

    def push(self, *seqs):
        for seq in seqs:
            self.ring.push(pack(record(seq)))
            os.eventfd_write(self.lines["record_bell"], 1)

    def until(self, condition, timeout_s=15.0):
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, "did not come about"
            if self.guard_ticks:
                self.states.write(pack(STATE))
            self.link.step()

    def restart(self):
        """A link process that was killed: nothing is closed in order."""
        self.link.close()
        self.link = Link(self.config, Lines(self.lines["record_bell"], self.lines["stop_link"]))


@pytest.fixture
def learner(tmp_path):
    made = []

    def _make(**options):
        made.append(RehearsalLearner(tmp_path / "learner.key", **options))
        return made[-1]

    yield _make
    for one in made:
        one.close()


@pytest.fixture
def robot(config, lines, tmp_path):
    made = []

    def _make(port, **changes):
        changes = {"learner_key": str(tmp_path / "learner.pub"), **changes}
        made.append(Robot(dataclasses.replace(config, **{"learner": f"127.0.0.1:{port}", **changes}), lines))
        return made[-1]

    yield _make
    for one in made:
        one.link.close()


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


def there_is(learner):
    return learner.status is not None


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


def test_tasks_and_ends_reach_the_policy_process(learner, robot):
    there = learner()
    here = robot(there.port)
    there.send(empty_task("e9"))
    there.send(EndEpisode("e9", "success"))
    got = []
    here.until(lambda: got.extend(here.mail.take()) or len(got) == 2)
    assert [m.episode_id for m in got] == ["e9", "e9"]
    assert got[0].max_decisions == 5


def test_a_bundle_is_pulled_and_a_corrupted_one_refused(learner, robot):
    there = learner()
    here = robot(there.port)
    bundle = random_bundle(3)
    there.publish(2, bundle, sha256="0" * 64)
    here.until(lambda: there.results)
    assert (there.results[0].version, there.results[0].status) == (2, "rejected")
    assert "SHA-256" in there.results[0].reason
    there.publish(3, bundle)
    path = here.config.state.bundles / "00000003.bundle"
    here.until(path.exists)
    assert path.read_bytes() == bundle
    here.policies.write(pack(PolicyState(1, 3, 0, "", "", 0, 0.0, 0.0)))
    here.until(lambda: len(there.results) == 2)
    assert (there.results[1].version, there.results[1].status) == (3, "active")


def test_a_stop_is_asked_for_by_event_and_confirmed_after_the_latch(learner, robot):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    answered = os.eventfd_read  # the guard's side of the line

    def guard_latches(line, _value, write=os.eventfd_write):
        write(line, 1)
        if line == here.lines["stop_link"]:
            assert answered(line) == 1
            here.latches.write(pack(LatchState(True, 1, time.monotonic(), 1)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "eventfd_write", guard_latches)
        there.send(StopRequest("q1", "test"))
        here.until(lambda: there.confirms)
    assert (there.confirms[0].request_id, there.confirms[0].robot_id) == ("q1", "r1")
    assert 0.0 <= there.confirms[0].latched_ms < 1000.0


def test_without_a_guard_a_stop_is_not_confirmed_but_stays_on_the_line(learner, robot):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    there.send(StopRequest("q1", "test"))
    begun = time.monotonic()
    here.until(lambda: time.monotonic() - begun > 1.5)
    assert not there.confirms
    assert os.eventfd_read(here.lines["stop_link"]) == 1


def deep():
    nested = b""
    for _ in range(2000):
        nested = b"\x91" + nested
    return nested + b"\xc0"


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        os.urandom(400),
        msgpack.packb([99, 1, {}]),
        deep(),
        encode(empty_task("e1"))[:-40],
        encode(EndEpisode("x" * (EPISODE_ID_BYTES + 1), "success")),
        encode(EndEpisode("e1", "x" * 4000)),
        encode(dataclasses.replace(empty_task("e1"), objects=(LONG_NAME,) * 100)),
    ],
    ids=["empty", "zero", "noise", "other version", "deep", "cut", "long id", "long end", "long task"],
)
def test_frames_that_are_no_messages_change_nothing(learner, robot, frame):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    there.send_raw(frame)
    there.send(empty_task("good"))
    got = []
    here.until(lambda: got.extend(here.mail.take()) or got)
    assert [m.episode_id for m in got] == ["good"]


def test_an_oversized_frame_costs_the_connection_and_nothing_else(learner, robot):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    there.send_raw(bytes(MAX_MESSAGE + 1))
    here.push(0)
    here.until(lambda: len(there.hellos) >= 2, 30.0)
    here.until(lambda: len(there.records) == 1)


def test_another_layout_is_refused_and_tried_again_slowly(learner, robot, caplog):
    there = learner(layout="feedfeedfeedfeed")
    here = robot(there.port)
    here.push(0)
    here.until(lambda: len(there.hellos) >= 2)
    assert "feedfeedfeedfeed" in caplog.text
    assert caplog.text.count("refused this robot") == 1, "said once"
    assert not there.received


def test_a_robot_that_is_not_on_the_allow_list_says_what_to_do(learner, robot, caplog):
    there = learner(allowed=[])
    here = robot(there.port)
    here.push(0)
    here.until(lambda: "allow-list" in caplog.text)
    assert "r1.pub" in caplog.text
    assert not there.hellos
    public, _ = ensure_keypair(here.config.state.key)
    there._allowed.add(public.encode())
    here.until(lambda: len(there.records) == 1, 30.0)


def test_a_learner_with_another_key_is_not_spoken_to(learner, robot, tmp_path, caplog):
    there = learner()
    other, _ = ensure_keypair(tmp_path / "other.key")
    here = robot(there.port, learner_key=other)
    here.push(0)
    begun = time.monotonic()
    here.until(lambda: time.monotonic() - begun > 1.5)
    assert not there.hellos
    assert len(Spool(here.config.state.spool, 10)) == 1


def test_a_missing_key_is_named_and_waited_for(learner, robot, tmp_path, caplog):
    there = learner()
    late = tmp_path / "late.pub"
    here = robot(there.port, learner_key=str(late))
    here.until(lambda: "late.pub" in caplog.text)
    late.write_text((tmp_path / "learner.pub").read_text())
    here.until(lambda: there.hellos)


def test_the_end_of_the_link_puts_the_last_records_on_disk(robot):
    here = robot(1)
    here.push(0, 1)
    here.link.end()
    assert len(Spool(here.config.state.spool, 10)) == 2


@pytest.mark.parametrize("host", ["-", ".."])
def test_a_host_that_cannot_be_connected_to_is_named(robot, host, caplog, learner):
    learner()  # makes the key file
    here = robot(1, learner=f"{host}:5557")
    here.push(0)
    here.until(lambda: f"cannot connect to {host}:5557" in caplog.text)
    assert len(Spool(here.config.state.spool, 10)) == 1


def test_a_guard_that_does_not_tick_is_shown_as_a_fault(learner, robot):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there.status and there.status.state == "ACTIVE")
    here.guard_ticks = False
    here.until(lambda: there.status.state == "FAULT")
    here.guard_ticks = True
    here.until(lambda: there.status.state == "ACTIVE")


def test_a_policy_older_than_the_one_here_is_named(learner, robot, caplog):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    BundleFolder(here.config.state.bundles).keep(9, random_bundle(9))
    there.publish(2, random_bundle(2))
    here.until(lambda: "policy v2 is older than v9" in caplog.text)
    assert BundleFolder(here.config.state.bundles).versions() == [9]


def read(slot, frame):
    found = slot.read()
    return unpack(frame, found[1]) if found else None


TARGET = TeleopTarget("s1", True, (0.0, 0.2, 0.3), 0.1, (0.5, -0.5), 0.25)


def test_a_persons_target_becomes_joints_with_an_end_and_letting_go_ends_it(learner, robot):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    slot = Slot(here.config.runtime.teleop, size(Teleop), create=True)
    there.send(TARGET)
    here.until(lambda: read(slot, Teleop))
    got = read(slot, Teleop)
    assert got.active
    assert 0.0 < got.until_s - time.monotonic() <= 0.25
    pose = pose_of(got.target[None])[0]
    np.testing.assert_allclose(pose[:3], [0.0, 0.2, 0.3], atol=1e-6)
    np.testing.assert_allclose(pose[6:], [0.1, 0.5, -0.5], atol=1e-6)
    there.send(dataclasses.replace(TARGET, active=False))
    here.until(lambda: not read(slot, Teleop).active)
    there.send(TARGET)  # overtaken on its way
    there.send(empty_task("e9"))
    here.until(here.mail.take)
    assert not read(slot, Teleop).active


def test_a_target_far_outside_comes_out_reachable(learner, robot):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    slot = Slot(here.config.runtime.teleop, size(Teleop), create=True)
    there.send(dataclasses.replace(TARGET, head_rpy=(3.0, -3.0, 1e6), body_yaw=-1e9, antennas=(99.0, -99.0)))
    here.until(lambda: read(slot, Teleop))
    target = read(slot, Teleop).target
    assert np.isfinite(target).all()
    assert (target >= LIMITS.low).all()
    assert (target <= LIMITS.high).all()


def test_targets_that_waited_while_the_link_was_busy_are_dropped(learner, robot, caplog):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    slot = Slot(here.config.runtime.teleop, size(Teleop), create=True)
    for _ in range(5):
        there.send(TARGET)
    time.sleep(0.6)  # as if this process had been held up
    here.until(lambda: "too late" in caplog.text)
    assert read(slot, Teleop) is None
    there.send(TARGET)
    here.until(lambda: read(slot, Teleop))


def policy_state(**changes):
    return dataclasses.replace(PolicyState(1, 3, 0, "", "", 0, 0.0, 0.0), **changes)


def test_each_change_of_a_policy_is_told_once_and_again_to_the_next_learner(learner, robot, tmp_path):
    first = learner()
    here = robot(first.port)
    steps = [
        {"status": "trial", "status_version": 3, "status_seq": 1},
        {"status": "good", "status_version": 3, "status_seq": 2},
        {"status": "rolled_back", "status_version": 4, "status_seq": 3, "reason": "saturation"},
    ]
    for step in steps:
        here.policies.write(pack(policy_state(**step)))
        here.until(lambda step=step: [r for r in first.results if r.status == step["status"]])
        here.until(lambda seen=first.status: first.status is not seen)
    assert [(r.version, r.status) for r in first.results] == [
        (3, "active"), (3, "trial"), (3, "good"), (4, "rolled_back"),
    ]  # fmt: skip
    assert first.results[-1].reason == "saturation"
    first.close()
    second = RehearsalLearner(tmp_path / "learner.key", port=first.port)
    try:
        here.until(lambda: len(second.results) == 2, 30.0)
        assert {(r.version, r.status) for r in second.results} == {(3, "active"), (4, "rolled_back")}
    finally:
        second.close()


def test_a_policy_that_takes_over_is_told_once_with_what_is_said_of_it(learner, robot):
    there = learner()
    here = robot(there.port)
    here.policies.write(pack(policy_state(active_version=0)))
    here.until(lambda: there.status)
    here.policies.write(pack(policy_state(active_version=4, status="trial", status_version=4, status_seq=1)))
    here.until(lambda: there.results)
    here.policies.write(
        pack(policy_state(active_version=4, status="active", status_version=4, status_seq=2, reason="at 0.7"))
    )
    here.until(lambda: len(there.results) == 2)
    here.until(lambda seen=there.status: there.status is not seen)
    assert [(r.status, r.reason) for r in there.results] == [("trial", ""), ("active", "at 0.7")]


def test_an_anomaly_is_told_once(learner, robot):
    there = learner()
    here = robot(there.port)
    found = {"anomaly_kind": "frozen", "anomaly_score": 3.5, "anomaly_episode": "e1", "anomaly_step": 2}
    for seq in (1, 2):
        here.policies.write(pack(policy_state(anomaly_seq=seq, anomaly_detail=f"d{seq}", **found)))
        here.until(lambda seq=seq: len(there.anomalies) == seq)
    here.until(lambda seen=there.status: there.status is not seen)
    assert [(a.kind, a.score, a.episode_id, a.episode_step, a.detail) for a in there.anomalies] == [
        ("frozen", 3.5, "e1", 2, "d1"), ("frozen", 3.5, "e1", 2, "d2"),
    ]  # fmt: skip


def test_the_status_tells_fault_stop_hand_mode_and_what_waits_for_approval(learner, robot):
    there = learner()
    here = robot(there.port)
    waits = policy_state(
        mode="suggest", proposal_id=7, proposal_tool=8, proposal_until_s=time.monotonic() + 60.0
    )
    here.policies.write(pack(waits))
    here.until(lambda: there.status and there.status.proposal_id == 7)
    assert (there.status.mode, there.status.proposal_tool) == ("suggest", 8)
    assert 0.0 < there.status.proposal_left_s <= 60.0
    here.policies.write(pack(dataclasses.replace(waits, proposal_until_s=time.monotonic() - 1.0)))
    here.until(lambda: there.status.proposal_id == 0)
    here.guard_ticks = False
    faulty = dataclasses.replace(
        STATE, fault="tracking: joint 2", stop_source="button", teleop=True, limits_profile=0.6
    )
    for seq in range(20):
        here.states.write(pack(dataclasses.replace(faulty, state_seq=100 + seq)))
        here.link.step()
    here.until(lambda: there.status.stop_source == "button")
    status = there.status
    assert (status.fault, status.teleop, status.limits_profile) == ("tracking: joint 2", True, 0.6)


def test_a_persons_wishes_reach_the_policy_process(learner, robot):
    there = learner()
    here = robot(there.port)
    here.until(lambda: there_is(there))
    there.send(SetMode("suggest"))
    there.send(Approval(7, True))
    got = []
    here.until(lambda: got.extend(here.mail.take()) or len(got) == 2)
    assert got == [SetMode("suggest"), Approval(7, True)]
