"""What the learner asks of a robot, and what the robot tells of itself."""

import dataclasses
import os
import time

import numpy as np
import pytest

from robot_agent.bundles import BundleFolder
from robot_agent.frames import (
    LatchState,
    PolicyState,
    Teleop,
    pack,
    size,
    unpack,
)
from robot_agent.rehearsal import RehearsalLearner, empty_task, random_bundle
from shared.control.limits import LIMITS
from shared.control.motions import pose_of
from shared.messages import Approval, EndEpisode, SetMode, StopRequest, TeleopTarget
from shared.slots import Slot
from tests.robot_agent.link.rig import STATE, there_is


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
