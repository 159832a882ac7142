"""The policy process's choices against a real guard core, without processes."""

import numpy as np
import pytest

from robot_agent.frames import Kind, Mode
from robot_agent.guard.machine import Latch
from robot_agent.inference import OnnxPolicy
from robot_agent.policy import Chooser
from robot_agent.rehearsal import empty_task, random_policy
from shared.control.pilot import ALL_TOOLS, PolicyOutput, action_log_prob
from shared.messages import END_REASONS, SOURCES, EndEpisode
from shared.spaces import slot_range
from shared.tools import TOOL_INDEX


@pytest.fixture(scope="module")
def policy():
    return OnnxPolicy(random_policy(3), 7)


def fail(version, reason):
    raise AssertionError(f"policy v{version} was refused: {reason}")


def together(robot, chooser, ticks):
    """The two processes in step: the guard's state is answered before the next tick."""
    robot.silent = True
    for _ in range(ticks):
        state = robot.tick()
        robot.action = chooser.action(state)


def test_an_episode_from_start_to_closing(bench, policy):
    robot, chooser = bench(), Chooser(False, lambda: policy, fail, seed=1)
    chooser.give(empty_task("e1", max_decisions=4))
    together(robot, chooser, 500)
    *decisions, closing = robot.records
    assert [r.episode_step for r in robot.records] == [0, 1, 2, 3, 4]
    assert {END_REASONS[r.end_reason] for r in decisions} == {"completed"}
    assert END_REASONS[closing.end_reason] == "closing"
    ends = [r.state_seq + r.n_ticks for r in decisions]
    assert ends == [r.state_seq for r in robot.records[1:]], "no gap ticks"
    assert chooser.waiting == "a task"
    for step, record in enumerate(robot.records):
        assert record.obs[slot_range("episode_progress")] == np.float32(step / 4)
        assert record.policy_version == 7
        assert SOURCES[record.source] == "policy"
    for record in decisions:
        assert record.tool_mask == ALL_TOOLS
        output = policy(record.obs[None])
        log_prob = action_log_prob(output, None, np.array([record.tool]), record.params[None])
        assert log_prob[0] == pytest.approx(record.log_prob, abs=1e-5)
        assert output.value[0] == pytest.approx(record.value, abs=1e-6)
    assert closing.value == pytest.approx(float(policy(closing.obs[None]).value[0]), abs=1e-6)


def test_the_learner_ends_an_episode_early(bench, policy):
    robot, chooser = bench(), Chooser(False, lambda: policy, fail, seed=1)
    chooser.give(empty_task("e1", max_decisions=100))
    together(robot, chooser, 150)
    made = len(robot.records)
    chooser.give(EndEpisode("e1", "success"))
    together(robot, chooser, 4)
    assert [END_REASONS[r.end_reason] for r in robot.records[made:]] == ["new_task", "closing"]
    chooser.give(empty_task("e2"))
    together(robot, chooser, 100)
    assert robot.states[-1].episode_id == "e2"


def test_an_end_for_another_episode_is_ignored(bench, policy):
    robot, chooser = bench(), Chooser(False, lambda: policy, fail, seed=1)
    chooser.give(empty_task("e1", max_decisions=100))
    chooser.give(EndEpisode("e0", "success"))
    together(robot, chooser, 150)
    assert robot.states[-1].kind == Kind.DECISION


def test_without_a_policy_it_waits_and_keeps_the_guard_awake(bench):
    robot, chooser = bench(), Chooser(False, lambda: None, fail)
    chooser.give(empty_task("e1"))
    together(robot, chooser, 60)
    assert robot.states[-1].mode == Mode.ACTIVE
    assert robot.states[-1].kind == Kind.IDLE
    assert chooser.waiting == "a policy"
    np.testing.assert_array_equal(robot.setpoints[-1], robot.setpoints[0])


def test_a_new_policy_waits_for_the_episode_to_end(bench, policy):
    waiting = [OnnxPolicy(random_policy(4), 8), policy]
    robot, chooser = bench(), Chooser(False, lambda: waiting.pop() if waiting else None, fail, seed=1)
    chooser.give(empty_task("e1", max_decisions=3))
    together(robot, chooser, 12)
    assert chooser.policy.version == 7 or not waiting  # the first boundary took what was there
    first = chooser.policy.version
    together(robot, chooser, 60)
    late = OnnxPolicy(random_policy(5), 9)
    waiting.append(late)
    while robot.states[-1].kind == Kind.DECISION:
        assert chooser.policy.version == first or robot.states[-1].kind == Kind.CLOSING
        together(robot, chooser, 1)
    together(robot, chooser, 400)
    chooser.give(empty_task("e2", max_decisions=2))
    together(robot, chooser, 300)
    versions = {r.episode_id: set() for r in robot.records}
    for r in robot.records:
        versions[r.episode_id].add(r.policy_version)
    assert versions["e2"] == {9}
    assert 9 not in versions["e1"]


def test_a_restarted_policy_process_goes_on_where_the_guard_is(bench, policy):
    robot, chooser = bench(), Chooser(False, lambda: policy, fail, seed=1)
    chooser.give(empty_task("e1", max_decisions=6))
    together(robot, chooser, 200)
    robot.tick(30)  # nobody answers
    assert robot.states[-1].mode == Mode.SAFE_HOLD
    again = Chooser(False, lambda: policy, fail, seed=2)
    again.give(empty_task("e1", max_decisions=6))
    together(robot, again, 600)
    steps = [r.episode_step for r in robot.records]
    assert steps == list(range(7))
    reasons = [END_REASONS[r.end_reason] for r in robot.records]
    assert reasons.count("stale") <= 1
    assert reasons[-1] == "closing"


def test_a_restarted_guard_has_its_episode_closed(bench, policy):
    robot, chooser = bench(), Chooser(False, lambda: policy, fail, seed=1)
    chooser.give(empty_task("e1", max_decisions=6))
    together(robot, chooser, 150)
    assert robot.states[-1].kind == Kind.DECISION
    again = bench(previous=robot.states[-1], epoch=2)
    again.action = robot.action
    together(again, chooser, 40)
    assert [(r.boot_epoch, r.decision_seq, END_REASONS[r.end_reason]) for r in again.records] == [
        (2, 0, "closing")
    ]
    assert again.records[0].episode_step == robot.states[-1].episode_step + 1


def test_deterministic_takes_the_mean(bench, policy):
    actions = []
    for seed in (1, 2):
        robot, chooser = bench(), Chooser(True, lambda: policy, fail, seed=seed)
        chooser.give(empty_task("e1"))
        together(robot, chooser, 150)
        actions.append([(r.tool, r.params.tolist()) for r in robot.records])
    assert actions[0] == actions[1] != []


class Broken:
    version, limits_profile = 9, 1.0

    def __call__(self, obs):
        nan = np.full((1, 20), np.nan, np.float32)
        return PolicyOutput(nan, np.zeros((1, 20, 4)), np.zeros((20, 4)), np.zeros(1))


def test_a_policy_that_fails_in_use_is_refused_and_the_one_before_it_goes_on(bench, policy):
    refused, waiting = [], [Broken(), policy]
    robot = bench()
    chooser = Chooser(False, lambda: waiting.pop(0) if waiting else None, lambda *what: refused.append(what))
    chooser.give(empty_task("e1", max_decisions=2))
    together(robot, chooser, 40)
    assert [version for version, _ in refused] == [9]
    assert "NaN" in refused[0][1]
    together(robot, chooser, 300)
    assert {r.policy_version for r in robot.records} == {7}
    waiting.append(Broken())
    together(robot, chooser, 3)
    chooser.give(empty_task("e2", max_decisions=2))
    together(robot, chooser, 300)
    assert [version for version, _ in refused] == [9, 9]
    assert {r.policy_version for r in robot.records} == {7}
    assert {r.episode_id for r in robot.records} == {"e1", "e2"}


class Wild:
    """Finite numbers from which no finite action can be drawn."""

    version, limits_profile = 9, 1.0

    def __init__(self, log_std):
        self.log_std = np.full((20, 4), log_std, np.float32)

    def __call__(self, obs):
        nod = np.where(np.arange(20) == TOOL_INDEX["nod"], 50.0, 0.0).astype(np.float32)
        mean = np.zeros((1, 20, 4), np.float32)
        return PolicyOutput(nod[None], mean, self.log_std, np.zeros(1, np.float32))


@pytest.mark.parametrize("log_std", [100.0, -1000.0])
def test_a_policy_whose_samples_are_not_finite_is_refused(bench, policy, log_std):
    refused, waiting = [], [policy, Wild(log_std)]
    robot = bench()
    chooser = Chooser(False, lambda: waiting.pop(0) if waiting else None, lambda *what: refused.append(what))
    chooser.give(empty_task("e1", max_decisions=2))
    together(robot, chooser, 400)
    assert [version for version, _ in refused] == [9]
    assert {r.policy_version for r in robot.records} == {7}
    assert robot.records[-1].episode_step == 2


def test_what_was_decided_before_a_stop_is_not_played_after_it(bench, policy):
    robot, chooser = bench(), Chooser(False, lambda: policy, fail, seed=1)
    chooser.give(empty_task("e1", max_decisions=50))
    together(robot, chooser, 150)
    while not robot.states[-1].finished:
        together(robot, chooser, 1)
    before = robot.action
    assert before.action_seq > robot.states[-1].action_seq, "proposed, and not yet taken"
    robot.latch = Latch.STOPPED
    together(robot, chooser, 100)
    robot.latch = Latch.CLEAR
    resumed, made = robot.states[-1].state_seq, len(robot.records)
    together(robot, chooser, 150)
    after = robot.records[made]
    assert after.state_seq > resumed
    assert not np.array_equal(after.obs, before.obs)
