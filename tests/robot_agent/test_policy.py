"""The policy process's choices against a real guard core, without processes."""

import numpy as np
import pytest

from robot_agent.frames import Kind, Mode
from robot_agent.guard.machine import Latch
from robot_agent.inference import OnnxPolicy
from robot_agent.rehearsal import empty_task, random_policy
from shared.control.pilot import ALL_TOOLS, action_log_prob
from shared.messages import END_REASONS, SOURCES, EndEpisode
from shared.spaces import slot_range
from shared.tools import TOOL_INDEX, TOOLS
from tests.robot_agent.policies import Plain, chooser, together


@pytest.fixture(scope="module")
def policy():
    return OnnxPolicy(random_policy(3), 7)


def test_an_episode_from_start_to_closing(bench, policy):
    robot, mind = bench(), chooser(policy, seed=1)[0]
    mind.give(empty_task("e1", max_decisions=4))
    together(robot, mind, 500)
    *decisions, closing = robot.records
    assert [r.episode_step for r in robot.records] == [0, 1, 2, 3, 4]
    assert {END_REASONS[r.end_reason] for r in decisions} == {"completed"}
    assert END_REASONS[closing.end_reason] == "closing"
    ends = [r.state_seq + r.n_ticks for r in decisions]
    assert ends == [r.state_seq for r in robot.records[1:]], "no gap ticks"
    assert mind.waiting == "a task"
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
    robot, mind = bench(), chooser(policy, seed=1)[0]
    mind.give(empty_task("e1", max_decisions=100))
    together(robot, mind, 150)
    made = len(robot.records)
    mind.give(EndEpisode("e1", "success"))
    together(robot, mind, 4)
    assert [END_REASONS[r.end_reason] for r in robot.records[made:]] == ["new_task", "closing"]
    mind.give(empty_task("e2"))
    together(robot, mind, 100)
    assert robot.states[-1].episode_id == "e2"


def test_an_end_for_another_episode_is_ignored(bench, policy):
    robot, mind = bench(), chooser(policy, seed=1)[0]
    mind.give(empty_task("e1", max_decisions=100))
    mind.give(EndEpisode("e0", "success"))
    together(robot, mind, 150)
    assert robot.states[-1].kind == Kind.DECISION


def test_without_a_policy_it_waits_and_keeps_the_guard_awake(bench):
    robot, mind = bench(), chooser()[0]
    mind.give(empty_task("e1"))
    together(robot, mind, 60)
    assert robot.states[-1].mode == Mode.ACTIVE
    assert robot.states[-1].kind == Kind.IDLE
    assert mind.waiting == "a policy"
    np.testing.assert_array_equal(robot.setpoints[-1], robot.setpoints[0])


def test_a_new_policy_waits_for_the_episode_to_end(bench, policy):
    robot, (mind, ledger, source) = bench(), chooser(policy, seed=1)
    mind.give(empty_task("e1", max_decisions=3))
    together(robot, mind, 60)
    source.coming.append(OnnxPolicy(random_policy(5), 9))
    while robot.states[-1].kind != Kind.CLOSING:
        assert mind.succession.version == 7
        together(robot, mind, 1)
    mind.give(empty_task("e2", max_decisions=2))
    together(robot, mind, 300)
    versions = {r.episode_id: set() for r in robot.records}
    for r in robot.records:
        versions[r.episode_id].add(r.policy_version)
    assert versions == {"e1": {7}, "e2": {9}}
    assert ledger.in_use == 9


def test_a_restarted_policy_process_goes_on_where_the_guard_is(bench, policy):
    robot, mind = bench(), chooser(policy, seed=1)[0]
    mind.give(empty_task("e1", max_decisions=6))
    together(robot, mind, 200)
    robot.tick(30)  # nobody answers
    assert robot.states[-1].mode == Mode.SAFE_HOLD
    again = chooser(policy, seed=2)[0]
    again.give(empty_task("e1", max_decisions=6))
    together(robot, again, 600)
    steps = [r.episode_step for r in robot.records]
    assert steps == list(range(7))
    reasons = [END_REASONS[r.end_reason] for r in robot.records]
    assert reasons.count("stale") <= 1
    assert reasons[-1] == "closing"


def test_a_restarted_guard_has_its_episode_closed(bench, policy):
    robot, mind = bench(), chooser(policy, seed=1)[0]
    mind.give(empty_task("e1", max_decisions=6))
    together(robot, mind, 150)
    assert robot.states[-1].kind == Kind.DECISION
    again = bench(previous=robot.states[-1], epoch=2)
    again.action = robot.action
    together(again, mind, 40)
    assert [(r.boot_epoch, r.decision_seq, END_REASONS[r.end_reason]) for r in again.records] == [
        (2, 0, "closing")
    ]
    assert again.records[0].episode_step == robot.states[-1].episode_step + 1


def test_deterministic_takes_the_mean(bench, policy):
    actions = []
    for seed in (1, 2):
        robot, mind = bench(), chooser(policy, deterministic=True, seed=seed)[0]
        mind.give(empty_task("e1"))
        together(robot, mind, 150)
        actions.append([(r.tool, r.params.tolist()) for r in robot.records])
    assert actions[0] == actions[1] != []


class Broken(Plain):
    """NaN from its `fails_at`th evaluation on."""

    def __init__(self, fails_at=0, **options):
        super().__init__(**options)
        self.fails_at = fails_at

    def __call__(self, obs):
        output = super().__call__(obs)
        if self.calls > self.fails_at:
            output.tool_logits[:] = np.nan
        return output


def test_a_policy_that_fails_in_use_is_taken_back_and_the_one_before_it_goes_on(bench, policy):
    robot, (mind, ledger, _) = bench(), chooser(Broken(200), kept=[policy])
    mind.give(empty_task("e1", max_decisions=20))
    together(robot, mind, 230)
    entry = ledger.entry(9)
    assert (entry.status, ledger.in_use) == ("rolled_back", 7)
    assert "NaN" in entry.reason
    *_, cut, closing = robot.records
    assert (END_REASONS[cut.end_reason], cut.policy_version) == ("new_task", 9)
    assert (END_REASONS[closing.end_reason], closing.policy_version) == ("closing", 7)
    made = len(robot.records)
    mind.give(empty_task("e2", max_decisions=2))
    together(robot, mind, 300)
    assert {r.policy_version for r in robot.records[made:]} == {7}
    assert {r.episode_id for r in robot.records[made:]} == {"e2"}


def test_a_policy_that_fails_over_the_start_pose_leaves_the_episode_to_the_next(bench, policy):
    robot, (mind, ledger, _) = bench(), chooser(Broken(15, limits_profile=0.5), kept=[policy])
    mind.give(empty_task("e1", max_decisions=2))
    together(robot, mind, 300)
    assert ledger.entry(9).status == "rolled_back"
    assert [r.policy_version for r in robot.records] == [7, 7, 7]
    assert robot.states[-1].limits_profile == 1.0


def test_without_another_one_the_robot_closes_what_is_open_and_holds(bench):
    robot, (mind, ledger, source) = bench(), chooser(Broken(200))
    mind.give(empty_task("e1", max_decisions=20))
    together(robot, mind, 300)
    assert ledger.in_use == 0
    assert mind.waiting == "a policy"
    assert END_REASONS[robot.records[-1].end_reason] == "closing"
    assert SOURCES[robot.records[-1].source] == "script"
    state = robot.states[-1]
    assert (state.mode, state.kind) == (Mode.ACTIVE, Kind.CLOSING)
    np.testing.assert_array_equal(robot.setpoints[-1], robot.setpoints[-10])
    source.coming.append(Plain(version=10))
    mind.give(empty_task("e2", max_decisions=2))
    together(robot, mind, 400)
    assert {r.policy_version for r in robot.records if r.episode_id == "e2"} == {10}


@pytest.mark.parametrize("log_std", [100.0, -1000.0])
def test_a_policy_whose_samples_are_not_finite_is_taken_back(bench, policy, log_std):
    robot, (mind, ledger, _) = bench(), chooser(Plain(log_std=log_std), kept=[policy])
    mind.give(empty_task("e1", max_decisions=2))
    together(robot, mind, 400)
    assert ledger.entry(9).status == "rolled_back"
    assert {r.policy_version for r in robot.records} == {7}
    assert robot.records[-1].episode_step == 2


def test_what_was_decided_before_a_stop_is_not_played_after_it(bench, policy):
    robot, mind = bench(), chooser(policy, seed=1)[0]
    mind.give(empty_task("e1", max_decisions=50))
    together(robot, mind, 150)
    while not robot.states[-1].finished:
        together(robot, mind, 1)
    before = robot.action
    assert before.action_seq > robot.states[-1].action_seq, "proposed, and not yet taken"
    robot.latch = Latch.STOPPED
    together(robot, mind, 100)
    robot.latch = Latch.CLEAR
    resumed, made = robot.states[-1].state_seq, len(robot.records)
    together(robot, mind, 150)
    after = robot.records[made]
    assert after.state_seq > resumed
    assert not np.array_equal(after.obs, before.obs)


@pytest.mark.parametrize(("place", "made"), [(0, 11), (1, 12), (7, 0)])
def test_the_made_tool_at_the_chosen_place_is_named(bench, place, made):
    raw = TOOLS[TOOL_INDEX["run_made"]].params[0].raw(place)
    run = Plain(tool="run_made", mean=raw, log_std=-9.0)
    robot, mind = bench(), chooser(run, made=(11, 12), deterministic=True)[0]
    mind.give(empty_task("e1", max_decisions=100))
    together(robot, mind, 100)
    assert robot.action.kind == Kind.DECISION
    assert (robot.action.tool, robot.action.made) == (TOOL_INDEX["run_made"], made)


def test_other_tools_name_none(bench):
    robot, mind = bench(), chooser(Plain(tool="nod"), made=(11, 12))[0]
    mind.give(empty_task("e1", max_decisions=100))
    together(robot, mind, 100)
    assert (robot.action.kind, robot.action.made) == (Kind.DECISION, 0)
