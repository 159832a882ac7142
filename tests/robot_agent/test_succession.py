"""Who is in use, who is in the shadow, who is gone back to, against a real guard core."""

from dataclasses import replace

import numpy as np
import pytest

from robot_agent import probation
from robot_agent.frames import Kind, Mode
from robot_agent.guard.machine import Latch
from robot_agent.ledger import KEEP_GOOD
from robot_agent.policy_report import FRAMES_AN_EVENT, Report
from robot_agent.probation import CANARY_PROFILE, SHADOW_STATES, Stage
from robot_agent.rehearsal import empty_task
from robot_agent.signs import ANOMALIES, SILENCES
from shared.control.ood import Finding
from shared.control.pilot import PolicyOutput
from shared.messages import END_REASONS, EndEpisode
from tests.robot_agent.policies import Plain, chooser, together


@pytest.fixture(autouse=True)
def _short_probation(monkeypatch):
    monkeypatch.setattr(probation, "GOOD_DECISIONS", 4)
    monkeypatch.setattr(probation, "CANARY_DECISIONS", 2)


def episodes(robot, mind, count, decisions=2, ticks=1500):
    """Play so many whole episodes."""
    for _ in range(count):
        name = f"e{len(robot.records)}-{count}"
        mind.give(empty_task(name, max_decisions=decisions))
        for _ in range(ticks):
            together(robot, mind, 1)
            last = robot.records[-1] if robot.records else None
            if last and (last.episode_id, END_REASONS[last.end_reason]) == (name, "closing"):
                break
        else:
            raise AssertionError("the episode does not end")
    together(robot, mind, 2)


def stage(mind):
    return mind.succession._now.probation.stage


def statuses(ledger):
    return [(entry.version, entry.status) for entry in ledger.news]


def test_from_the_shadow_to_good(bench):
    new = Plain(10)
    robot, (mind, ledger, source) = bench(), chooser(Plain(9), coming=[new])
    episodes(robot, mind, 1)
    assert new.calls >= SHADOW_STATES
    assert {r.policy_version for r in robot.records} == {9}
    assert ledger.in_use == 10
    assert not source.coming
    episodes(robot, mind, 1)
    assert robot.states[-10].limits_profile == CANARY_PROFILE
    assert stage(mind) is Stage.TRUSTED
    episodes(robot, mind, 1, decisions=3)
    assert robot.states[-10].limits_profile == 1.0
    assert stage(mind) is Stage.GOOD
    assert statuses(ledger) == [(10, "active"), (10, "good")]
    assert "agreed with v9 on 100% of states" in ledger.news[0].reason
    assert robot.states[-1].violations_applied == 0


def test_a_further_policy_is_wanted_once_the_place_in_the_shadow_is_free(bench):
    robot, (mind, _, source) = bench(), chooser(Plain(9), coming=[Plain(10)])
    assert source.wanted
    mind.give(empty_task("e1", max_decisions=4))
    together(robot, mind, 60)
    assert not source.wanted
    episodes(robot, mind, 1)
    assert source.wanted


class Worse(Plain):
    """Sound until so many evaluations were made."""

    def __init__(self, bad_from, **options):
        super().__init__(**options)
        self.bad_from = bad_from

    def __call__(self, obs):
        output = super().__call__(obs)
        if self.calls >= self.bad_from:
            output.value[:] = np.inf
        return output


def test_one_that_fails_in_the_shadow_is_refused_and_nobody_notices(bench):
    robot, (mind, ledger, _) = bench(), chooser(Plain(9), coming=[Worse(20, version=10), Plain(11)])
    episodes(robot, mind, 1, decisions=5)
    assert ledger.entry(10).status == "rejected"
    assert "in the shadow run: " in ledger.entry(10).reason
    assert {r.policy_version for r in robot.records} == {9}
    assert {END_REASONS[r.end_reason] for r in robot.records} == {"completed", "closing"}
    assert ledger.in_use == 11


def test_the_newest_proven_one_comes_back(bench):
    robot, (mind, ledger, source) = bench(), chooser(Plain(9), kept=[Plain(8)])
    episodes(robot, mind, 1)
    assert stage(mind) is Stage.TRUSTED
    for version in (10, 11):
        source.coming.append(Worse(120, version=version))
        episodes(robot, mind, 1)
        assert ledger.in_use == version
        mind.give(empty_task(f"long {version}", max_decisions=30))
        together(robot, mind, 250)
        assert ledger.entry(version).status == "rolled_back"
        assert ledger.in_use == 9
        assert END_REASONS[robot.records[-1].end_reason] == "closing"


def test_two_good_ones_are_kept(bench):
    robot, (mind, ledger, source) = bench(), chooser(Plain(1))
    for version in range(2, 6):
        episodes(robot, mind, 2, decisions=3)
        assert stage(mind) is Stage.GOOD
        source.coming.append(Plain(version))
        episodes(robot, mind, 1, decisions=3)
        assert ledger.in_use == version
    assert [one.version for one in mind.succession._kept] == [4, 3][:KEEP_GOOD]


def test_a_person_who_stops_a_policy_on_probation_ends_it(bench):
    robot, (mind, ledger, _) = bench(), chooser(Plain(9), kept=[Plain(8)])
    mind.give(empty_task("e1", max_decisions=50))
    together(robot, mind, 150)
    assert robot.states[-1].kind == Kind.DECISION
    robot.latch = Latch.STOPPED
    together(robot, mind, 60)
    assert ledger.entry(9).status == "rolled_back"
    assert "a person stopped the robot" in ledger.entry(9).reason
    robot.latch = Latch.CLEAR
    episodes(robot, mind, 1)
    assert robot.records[-1].policy_version == 8


def test_a_stop_without_another_policy_begins_the_canary_anew(bench):
    robot, (mind, ledger, _) = bench(), chooser(Plain(9))
    episodes(robot, mind, 1)
    assert stage(mind) is Stage.TRUSTED
    mind.give(empty_task("e1", max_decisions=50))
    together(robot, mind, 150)
    robot.latch = Latch.STOPPED
    together(robot, mind, 60)
    robot.latch = Latch.CLEAR
    together(robot, mind, 30)
    assert stage(mind) is Stage.CANARY
    assert ledger.in_use == 9


def test_a_stop_weighs_nothing_against_a_good_policy_or_a_robot_at_rest(bench):
    robot, (mind, ledger, _) = bench(), chooser(Plain(9), kept=[Plain(8)])
    episodes(robot, mind, 1)
    robot.latch = Latch.STOPPED
    together(robot, mind, 60)
    robot.latch = Latch.CLEAR
    assert ledger.in_use == 9
    episodes(robot, mind, 2, decisions=3)
    assert stage(mind) is Stage.GOOD
    mind.give(empty_task("e1", max_decisions=50))
    together(robot, mind, 150)
    robot.latch = Latch.STOPPED
    together(robot, mind, 60)
    assert ledger.in_use == 9


def test_taps_that_end_an_episode_count_against_a_policy_on_probation(bench):
    robot, (mind, ledger, _) = bench(), chooser(Plain(9), kept=[Plain(8)])
    mind.give(empty_task("e1", max_decisions=50))
    together(robot, mind, 150)
    mind.give(EndEpisode("e1", "disliked"))
    together(robot, mind, 60)
    assert ledger.entry(9).status == "rolled_back"
    assert END_REASONS[robot.records[-1].end_reason] == "closing"


def test_silence_and_anomalies_count_against_a_policy_on_probation(bench, monkeypatch):
    clock = iter(k * 0.006 for k in range(10**6))
    monkeypatch.setattr("robot_agent.succession.time.thread_time", lambda: next(clock))
    for act in ("silence", "anomaly"):
        robot, (mind, ledger, _) = bench(), chooser(Plain(9), kept=[Plain(8)])
        mind.give(empty_task("e1", max_decisions=500))
        together(robot, mind, 100)
        state = robot.states[-1]
        for k in range(SILENCES + ANOMALIES):
            at = replace(state, state_seq=state.state_seq + 50 * k)
            if act == "silence":
                mind.succession.saw(replace(at, mode=Mode.ACTIVE))
                mind.succession.saw(replace(at, mode=Mode.FALLBACK))
            elif mind.succession.version == 9:
                mind.succession._now.detector = Unusual()
                mind.succession.observed(np.zeros(512, np.float32), at)
        assert ledger.entry(9).status == "rolled_back"
        assert act[:5] in ledger.entry(9).reason or "anomalies" in ledger.entry(9).reason


def test_silence_of_a_quick_policy_is_the_machines(bench):
    robot, (mind, ledger, _) = bench(), chooser(Plain(9), kept=[Plain(8)])
    mind.give(empty_task("e1", max_decisions=500))
    together(robot, mind, 40)
    for _ in range(4 * SILENCES):
        mind.succession.saw(replace(robot.states[-1], mode=Mode.ACTIVE))
        mind.succession.saw(replace(robot.states[-1], mode=Mode.FALLBACK))
    assert ledger.in_use == 9


class Unusual:
    def update(self, obs, tick):
        return Finding("frozen", 2.0, "joint 3 stands still")


def test_anomalies_are_reported_with_their_episode(bench):
    robot, (mind, ledger, _) = bench(), chooser(Plain(9))
    report = Report(mind, ledger)
    mind.give(empty_task("e1", max_decisions=50))
    together(robot, mind, 100)
    assert report.frame().anomaly_seq == 0
    mind.succession._now.detector = Unusual()
    together(robot, mind, 1)
    frame = report.frame()
    assert (frame.anomaly_kind, frame.anomaly_episode) == ("frozen", "e1")
    assert frame.anomaly_seq > 0


def test_events_are_shown_one_after_the_other(bench):
    _, (mind, ledger, _) = bench(), chooser(Plain(9))
    report = Report(mind, ledger)
    for version, status in ((3, "trial"), (3, "active"), (4, "rejected")):
        ledger.note(version, status, f"because of {version}")
    frames = [report.frame() for _ in range(4 * FRAMES_AN_EVENT)]
    shown = [(f.status_version, f.status, f.reason) for f in frames]
    assert shown[:4] == [(3, "trial", "because of 3")] * 2 + [(3, "active", "because of 3")] * 2
    assert shown[-1] == (4, "rejected", "because of 4")
    assert frames[-1].rejected_version == 4
    numbers = [f.status_seq for f in frames]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == 3


class TwoFaced(Plain):
    """A new answer for every evaluation."""

    def __init__(self, answer, **options):
        super().__init__(**options)
        self.answer = answer

    def __call__(self, obs):
        output = super().__call__(obs)
        return self.answer(output, self.calls)


def swinging(output, call):
    output.param_mean[:] = 1.0 if (call // 10) % 2 else -1.0
    return output


@pytest.mark.parametrize(
    ("answer", "tool", "reason"),
    [
        (lambda output, call: replace(output, param_mean=output.param_mean + 3), "turn_head", "saturation"),
        (lambda output, call: replace(output, tool_logits=output.tool_logits * 1e5), "nod", "at most 1000"),
        (swinging, "roll_head", "oscillation"),
    ],
)
def test_signs_of_illness(bench, answer, tool, reason):
    robot, (mind, ledger, _) = bench(), chooser(TwoFaced(answer, tool=tool), kept=[Plain(8)])
    mind.give(empty_task("e1", max_decisions=500))
    together(robot, mind, 200)
    assert ledger.entry(9).status == "rolled_back"
    assert reason in ledger.entry(9).reason


def test_slow_answers_are_told_by_processor_time(bench, monkeypatch):
    clock = iter(k * 0.02 for k in range(10**6))
    monkeypatch.setattr("robot_agent.succession.time.thread_time", lambda: next(clock))
    robot, (mind, ledger, _) = bench(), chooser(Plain(9), kept=[Plain(8)])
    mind.give(empty_task("e1"))
    together(robot, mind, 20)
    assert "overrun" in ledger.entry(9).reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"violations": 3}, "violations: 2 of its last"), ({"limited_ticks": 10}, "limits: ")],
)
def test_the_guards_records_count(bench, changes, reason):
    robot, (mind, ledger, _) = bench(), chooser(Plain(9), kept=[Plain(8)])
    episodes(robot, mind, 1)
    mind.give(empty_task("e1", max_decisions=50))
    together(robot, mind, 60)
    assert robot.states[-1].limits_profile == 1.0
    record = next(r for r in robot.records if r.policy_version == 9)
    for _ in range(2 if "violations" in changes else 12):
        mind.played(replace(record, **changes))
    assert ledger.entry(9).status == "rolled_back"
    assert reason in ledger.entry(9).reason


def test_reduced_limits_do_not_speak_against_a_policy(bench):
    robot, (mind, ledger, _) = bench(), chooser(Plain(9), kept=[Plain(8)])
    mind.give(empty_task("e1", max_decisions=50))
    together(robot, mind, 60)
    assert robot.states[-1].limits_profile == CANARY_PROFILE
    record = replace(robot.records[0], limited_ticks=10)
    for k in range(40):
        mind.played(replace(record, violations=int(k == 10)))
    assert ledger.entry(9) is None
    mind.played(replace(record, violations=1))
    mind.played(replace(record, violations=1))
    assert "violations: 3 of its last" in ledger.entry(9).reason


def test_records_of_others_do_not_count(bench):
    robot, (mind, _, _) = bench(), chooser(Plain(9))
    mind.give(empty_task("e1", max_decisions=50))
    together(robot, mind, 200)
    record = next(r for r in robot.records if r.policy_version == 9)
    before = mind.succession._now.probation
    mind.played(replace(record, policy_version=4, violations=9))
    mind.played(replace(record, source=2))
    mind.played(replace(record, end_reason=END_REASONS.index("stale")))
    assert mind.succession._now.probation == before
    assert isinstance(mind.succession.policy(np.zeros((1, 512), np.float32)), PolicyOutput)
