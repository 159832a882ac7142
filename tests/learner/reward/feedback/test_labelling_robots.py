"""From the store's robot episodes to rewards, and back: what a page can read about each step."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from learner.publishing import Publisher, golden_vectors
from learner.reward.feedback.human import GUESS_WEIGHT
from learner.reward.feedback.labelling import MIDDLE, Labeller
from learner.rl.config import RewardWeights, TrainConfig
from learner.rl.networks import ActorCritic
from learner.rollouts.robots import RobotSource
from learner.store import queries
from learner.store.rows import Credit, NewFeedback, NewStep, PolicyEvent
from learner.trainer import Trainer
from shared.bundle import read_bundle
from shared.codec import pack_transition
from shared.tools import TOOL_INDEX
from tests.learner.samples import EPISODE
from tests.shared import samples

NOD = TOOL_INDEX["nod"]
NOW = 1000.0


@pytest.fixture
def policy():
    torch.manual_seed(0)
    return ActorCritic().snapshot()


def transition(seq, episode, step, n_ticks=60, **changes):
    values = {
        "robot_id": "r", "boot_epoch": 1, "decision_seq": seq, "episode_id": episode, "episode_step": step,
        "obs": np.full(512, 0.01 * seq, np.float32), "tool": NOD,
        "params": np.array([0.5, 0, 0, 0], np.float32), "log_prob": -1.0, "value": 0.25,
        "policy_version": 3, "limited_ticks": 6, "time_unix_s": NOW,
        "setpoints": np.zeros((n_ticks, 9), np.float32), "joints": np.zeros((n_ticks, 9), np.float32),
    }  # fmt: skip
    return samples.transition(n_ticks, **(values | changes))


def put(store, name, outcome, rows, ended=NOW, split="train"):
    """Store an episode: rows of (r_task, changes of the transition)."""
    with store.write() as c:
        queries.insert_episode(c, replace(EPISODE, episode_id=name, split=split, started_unix_s=NOW))
        first = queries.count_steps(c)
        new = []
        for i, (r_task, changes) in enumerate(rows):
            t = transition(first + i, name, i, **changes)
            new.append(
                NewStep(
                    t.robot_id,
                    t.boot_epoch,
                    t.decision_seq,
                    name,
                    i,
                    t.tool,
                    t.source,
                    t.end_reason,
                    t.n_ticks,
                    t.policy_version,
                    t.log_prob,
                    t.value,
                    t.limited_ticks,
                    0,
                    NOW,
                    NOW,
                    r_task,
                    pack_transition(t),
                )
            )
        queries.insert_steps(c, new)
        queries.close_episode(c, name, outcome, ended)


CLOSING = (None, {"end_reason": "closing", "n_ticks": 0})


def collect(source, policy):
    return source.collect(policy, 3, np.random.default_rng(0))


def test_each_episode_once_and_only_after_its_grace(store, policy):
    put(store, "a", "success", [(1.0, {})], ended=NOW)
    now = [NOW + 4.9]
    source = RobotSource(store, grace_s=5.0, clock=lambda: now[0])
    assert collect(source, policy) == []
    now[0] = NOW + 5.1
    assert len(collect(source, policy)) == 1
    assert collect(source, policy) == []
    put(store, "b", "failure", [(-1.0, {})], ended=NOW + 1)
    now[0] = NOW + 7
    assert len(collect(source, policy)) == 1
    again = RobotSource(store, grace_s=5.0, clock=lambda: now[0], mark=source.mark)
    assert collect(again, policy) == []


def test_an_episode_that_ended_well(store, policy):
    put(store, "a", "success", [(-0.02, {}), (0.98, {"source": "human"}), (None, {}), CLOSING])
    (r,) = collect(RobotSource(store, clock=lambda: NOW + 10), policy)
    assert r.r_task[:, 0].tolist() == pytest.approx([-0.02, 0.98])
    assert r.terminated[:, 0].tolist() == [False, True]
    assert not r.truncated.any()
    assert r.success[:, 0].tolist() == [False, True]
    assert r.on_policy[:, 0].tolist() == [True, False]
    assert r.next_value[0, 0] == pytest.approx(0.25)
    assert r.r_safety[:, 0].tolist() == pytest.approx([-0.1, -0.1])
    assert (r.step_id > 0).all()


def test_a_truncated_episode_bootstraps_from_its_closing_record(store, policy):
    put(store, "a", "truncated", [(-0.02, {}), (-0.02, {}), CLOSING])
    (r,) = collect(RobotSource(store, clock=lambda: NOW + 10), policy)
    assert r.truncated[:, 0].tolist() == [False, True]
    assert not r.terminated.any()
    closing_obs = np.full((1, 512), 0.02, np.float32)
    assert r.next_value[-1, 0] == pytest.approx(float(policy.value(closing_obs)[0]))


def test_decisions_that_somebody_else_cut_short_stay_out_of_the_loss(store, policy):
    rows = [(-0.02, {"end_reason": reason}) for reason in ("completed", "override", "stopped", "stale")]
    put(store, "a", "failure", [*rows, (-0.02, {"source": "human"}), (-1.0, {"end_reason": "new_task"})])
    (r,) = collect(RobotSource(store, clock=lambda: NOW + 10), policy)
    assert r.on_policy[:, 0].tolist() == [True, False, False, False, False, True]
    assert r.r_task.shape == (6, 1)  # but they count in the returns


@pytest.mark.parametrize(
    ("outcome", "split", "r_task"), [("success", "held_out", 1.0), ("truncated", "train", None)]
)
def test_held_out_and_unjudged_episodes_are_not_learnt_from(store, policy, outcome, split, r_task):
    put(store, "a", outcome, [(r_task, {}), CLOSING], split=split)
    assert collect(RobotSource(store, clock=lambda: NOW + 10), policy) == []


def tap(store, value, step_id, seq=0):
    with store.write() as c:
        row = NewFeedback("r", "a", "synthetic", "tap", value, None, NOW, 1, seq, 0.0, value, 1.0)
        feedback_id = queries.insert_feedback(c, row)
        queries.insert_credits(c, feedback_id, [Credit(feedback_id, step_id, 1.0, value)], NOW)
    return feedback_id


def test_what_became_of_a_tap_can_be_read(store, policy, tmp_path):
    """tap -> taste model -> the step's reward -> the first policy trained with it."""
    put(store, "a", "success", [(0.5, {}), (0.98, {})])
    (r,) = collect(RobotSource(store, clock=lambda: NOW + 10), policy)
    labeller = Labeller(RewardWeights(task=1.0, human=0.3, safety=0.1), store, tmp_path / "tastes", seed=0)
    assert not labeller.refresh()
    feedback_id = tap(store, -1.0, int(r.step_id[0, 0]))
    assert labeller.refresh()
    assert not labeller.refresh()
    labelled = labeller.label(r)
    # The tapped step carries nearly the tap itself; its twin, which ends the episode, what R_h makes of it.
    guess = float(labelled.r_human[1, 0])
    assert -1.0 < guess < 0.0
    tapped = float(labelled.r_human[0, 0])
    assert tapped == pytest.approx((GUESS_WEIGHT * MIDDLE * guess - 1.0) / (GUESS_WEIGHT + 1.0), abs=0.02)
    assert labelled.reward[0, 0] == pytest.approx(0.5 + 0.3 * tapped - 0.1 * 0.1)
    publisher = Publisher(store, tmp_path)
    torch.manual_seed(0)
    version = publisher.publish(ActorCritic(), {"nod": 0.9}, labeller.version)
    with store.read() as c:
        noted = queries.get_step_reward(c, int(r.step_id[0, 0]))
        fate = queries.feedback_fate(c, feedback_id)
    assert (noted.r_task, noted.r_human) == pytest.approx((0.5, 0.3 * tapped))
    assert noted.total == pytest.approx(0.49 + 0.3 * tapped)
    assert noted.taste_version == labeller.version == fate.taste_version
    assert noted.policy_version == version == fate.policy_version
    assert fate.changed_steps == 1


def test_a_published_bundle_is_whole_and_agrees_with_torch(store, tmp_path):
    torch.manual_seed(0)
    model = ActorCritic()
    publisher = Publisher(store, tmp_path)
    assert [publisher.publish(model, {"look": 0.5}, 0) for _ in range(2)] == [1, 2]
    with store.read() as c:
        row = queries.latest_policy(c)
    assert (row.version, row.parent) == (2, 1)
    bundle = read_bundle((tmp_path / row.path).read_bytes())
    assert bundle.manifest.eval == {"look": 0.5}
    _, outputs = golden_vectors(model)
    for name, array in outputs.items():
        np.testing.assert_array_equal(bundle.manifest.golden_outputs[name], array)
    assert Publisher(store, tmp_path).version == 2


def test_a_robot_waits_once_it_has_answered_to_the_newest_policy_until_it_has_run_enough(store, tmp_path):
    publisher = Publisher(store, tmp_path)
    assert not publisher.robot_waits(2)  # nobody takes part
    for version, status, newest, waits in (
        (1, "active", 1, True),
        (1, "active", 2, False),
        (2, "rejected", 2, True),
        (3, "active", 3, False),
        (3, "active", 4, False),
    ):
        publisher.version = newest
        with store.write() as c:
            queries.add_policy_event(c, PolicyEvent("r", version, status, "", NOW))
        assert publisher.robot_waits(2) == waits


def test_the_trainer_learns_from_robots_too(store, tmp_path):
    put(store, "a", "success", [(0.98, {"policy_version": 1})])
    config = TrainConfig(
        tasks=("nod",), num_envs=2, num_steps=2, demonstrations=0, eval_every=0, publish_every=1
    )
    trainer = Trainer(config, tmp_path / "run", store, tmp_path)
    seen = []
    trainer._reporters = (seen.append,)
    trainer.run(lambda: False, 1)
    assert trainer.counters.robot_episodes == trainer.counters.robot_decisions == 1
    assert seen[0].stats.rows == 2 * 2 + 1
    assert trainer.policy_version == 2
    with store.read() as c:
        assert [p.version for p in queries.list_policies(c)] == [2, 1]
