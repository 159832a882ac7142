"""Suggest mode: proposals wait for a person, expire, and keep the guard awake meanwhile."""

import numpy as np
import pytest

from robot_agent.files import RuntimeFiles
from robot_agent.frames import Kind, Mode
from robot_agent.guard.machine import Latch
from robot_agent.mailbox import Mailbox
from robot_agent.policy_report import Report
from robot_agent.proposals import EXPIRES_S
from robot_agent.rehearsal import empty_task
from shared.codec import encode
from shared.messages import END_REASONS, SOURCES, Approval, EndEpisode, SetMode
from tests.robot_agent.policies import Plain, chooser, together


class Suggesting:
    """A robot in suggest mode whose first proposal waits."""

    def __init__(self, bench):
        self.now = 100.0
        self.robot = bench()
        self.mind, self.ledger, _ = chooser(Plain(9), clock=lambda: self.now, seed=1)
        self.report = Report(self.mind, self.ledger)
        self.mind.give(SetMode("suggest"))
        self.mind.give(empty_task("e1", max_decisions=3))
        self.ticks(150)

    def ticks(self, count):
        together(self.robot, self.mind, count)

    @property
    def pending(self):
        return self.mind.proposals.pending

    def answer(self, approved, number=None):
        self.mind.give(Approval(number or self.pending.number, approved))


@pytest.fixture
def suggesting(bench):
    return Suggesting(bench)


def test_it_waits_holding_and_awake(suggesting):
    s = suggesting
    assert s.pending is not None
    assert s.robot.records == []
    assert s.robot.states[-1].mode == Mode.ACTIVE
    assert s.robot.action.state_seq == s.robot.states[-1].state_seq
    np.testing.assert_array_equal(s.robot.setpoints[-1], s.robot.setpoints[-20])
    frame = s.report.frame()
    assert (frame.mode, frame.proposal_id, frame.proposal_tool) == ("suggest", s.pending.number, 2)
    assert frame.proposal_until_s == 100.0 + EXPIRES_S
    assert frame.waiting == "a person's approval"


def test_approved_ones_are_played_one_by_one(suggesting):
    s = suggesting
    for step in range(3):
        asked = s.pending
        s.answer(True)
        s.ticks(40)
        record = s.robot.records[step]
        assert record.episode_step == step
        np.testing.assert_array_equal(record.params, asked.action.params)
        np.testing.assert_array_equal(record.obs, asked.action.obs)
        assert SOURCES[record.source] == "human"
        assert record.policy_version == 9
    assert END_REASONS[s.robot.records[-1].end_reason] == "closing"
    assert s.pending is None


def test_rejected_and_expired_ones_are_never_played(suggesting):
    s = suggesting
    first = s.pending
    s.answer(False)
    s.ticks(5)
    second = s.pending
    assert second.number == first.number + 1
    assert not np.array_equal(second.action.params, first.action.params)
    s.answer(True, first.number)
    s.ticks(5)
    assert s.pending == second, "a word on another proposal counts for nothing"
    s.now += EXPIRES_S
    s.answer(True, second.number)
    s.ticks(5)
    assert s.pending.number == second.number + 1
    assert s.robot.records == []


def test_a_stop_and_the_end_of_the_episode_void_what_was_proposed(suggesting):
    s = suggesting
    s.answer(True)
    s.robot.latch = Latch.STOPPED
    s.ticks(30)
    s.robot.latch = Latch.CLEAR
    s.ticks(60)
    assert s.robot.records == []
    asked = s.pending
    assert asked is not None
    s.mind.give(EndEpisode("e1", "truncated"))
    s.ticks(10)
    assert s.robot.states[-1].kind == Kind.CLOSING
    assert s.pending is None
    s.answer(True, asked.number)
    s.ticks(30)
    assert [END_REASONS[r.end_reason] for r in s.robot.records] == ["closing"]


def test_back_to_autonomous(suggesting):
    s = suggesting
    s.mind.give(SetMode("autonomous"))
    s.ticks(100)
    assert SOURCES[s.robot.records[0].source] == "policy"
    assert s.pending is None
    s.mind.give(SetMode("obey"))
    assert s.mind.proposals.mode == "autonomous"


def test_the_mode_outlives_the_policy_process(tmp_path):
    box = Mailbox(RuntimeFiles(tmp_path))
    box.put(SetMode("suggest"))
    box.put(Approval(7, True))
    assert Mailbox(RuntimeFiles(tmp_path)).take() == [SetMode("suggest"), Approval(7, True)]
    box.put(SetMode("autonomous"))
    assert SetMode("autonomous") in Mailbox(RuntimeFiles(tmp_path)).take()


def test_what_lies_in_the_wrong_slot_is_skipped(tmp_path):
    box = Mailbox(RuntimeFiles(tmp_path))
    box._slots[Approval].write(encode(SetMode("suggest")))
    assert box.take() == []
