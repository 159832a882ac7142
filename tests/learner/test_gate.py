"""The sim gate, what it lets pass, and how wide robots may move."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from learner import gate
from learner.evaluation import CosinePolicy, RandomPolicy
from learner.evidence import LADDER, SEEN_S, earned_profile, profile_of
from learner.publishing import Publisher
from learner.rl.networks import ActorCritic
from learner.store import queries
from learner.store.rows import PolicyEvent, Robot
from shared.bundle import read_bundle
from shared.control.limits import LIMITS
from shared.control.motions import joints_of
from tests.learner import samples

NOW = 1_000_000.0
GOOD = {"episodes": 12.0, "successes": 12.0}


class Broken:
    """Numbers that are not finite, after a few good ones."""

    def __init__(self):
        self.calls = 0

    def __call__(self, obs):
        self.calls += 1
        output = RandomPolicy()(obs)
        return replace(output, param_mean=output.param_mean * np.nan) if self.calls > 2 else output


def test_a_harmless_policy_passes_and_its_figures_are_told():
    verdict = gate.judge(RandomPolicy(0), ("nod", "shake"), seed=1)
    assert verdict.passed
    assert verdict.figures["violations"] == 0.0
    assert verdict.figures["episodes"] == gate.EPISODES
    assert 0.0 <= verdict.figures["limited"] <= 1.0


def test_numbers_that_are_not_finite_are_refused():
    verdict = gate.judge(Broken(), ("nod",), seed=1)
    assert not verdict.passed
    assert "NaN" in verdict.reason


def test_a_policy_clearly_worse_than_the_one_before_is_refused_and_a_slightly_worse_one_is_not(monkeypatch):
    monkeypatch.setattr(gate, "play", lambda *_: {"episodes": 12.0, "violations": 0.0, "successes": won})
    won = 9.0
    assert gate.judge(None, (), 0, GOOD).passed
    won = 4.0
    verdict = gate.judge(None, (), 0, GOOD)
    assert verdict.reason == "4 of 12 episodes succeeded, 12 of 12 with the policy before it"
    assert gate.judge(None, (), 0, None).passed  # nothing to compare with


def test_one_setpoint_beyond_a_limit_is_enough(monkeypatch):
    monkeypatch.setattr(gate, "play", lambda *_: GOOD | {"violations": 1.0})
    assert gate.judge(None, (), 0).reason == "1 setpoints beyond a limit"


REST = np.zeros((6, 9))


@pytest.mark.parametrize(
    "emitted",
    [
        np.where(np.arange(6)[:, None] > 3, 0.2, REST),  # far too fast
        REST + LIMITS.high + 0.01,
        REST + LIMITS.low - 0.01,
        np.cumsum(np.full((6, 9), 0.002 * np.array([1, -1, 1, -1, 1, -1])[:, None]), axis=0),  # trembles
    ],
)
def test_setpoints_beyond_a_limit_of_motion_are_seen(emitted):
    assert gate.beyond_motion(emitted).any()
    assert not gate.beyond_motion(REST).any()


def test_a_head_too_far_over_and_joints_without_a_pose_are_seen():
    pose = np.zeros((3, 9))
    pose[1, 1] = np.deg2rad(35.0)
    pose[2, 0] = np.deg2rad(32.0)
    assert gate.beyond_cone(joints_of(pose)).tolist() == [False, False, True]
    assert gate.beyond_cone(np.full((1, 9), np.nan)).all()


def test_what_the_gate_refuses_is_kept_with_its_reason_and_offered_to_nobody(store, tmp_path):
    torch.manual_seed(0)
    publisher = Publisher(store, tmp_path, ("nod",))
    first = publisher.publish(ActorCritic(), {}, 0)
    worse = ActorCritic()
    publisher._gate = GOOD
    assert publisher.publish(worse, {}, 0) == first == publisher.version
    with store.read() as c:
        assert queries.latest_policy(c).version == first
        newest, oldest = queries.list_policies(c)
    assert (newest.status, newest.version) == ("refused", 2)
    assert "with the policy before it" in newest.status_reason
    bundle = read_bundle((tmp_path / oldest.path).read_bytes())
    assert bundle.manifest.gate == oldest.gate
    assert bundle.manifest.limits_profile == oldest.limits_profile == LADDER[0][1]
    assert publisher.publish(worse, {}, 0) == first  # numbers rise also where nothing is published
    assert Publisher(store, tmp_path)._gate == oldest.gate


def seen(c, robot_id, ago_s=0.0):
    queries.put_robot(c, Robot(robot_id, "mujoco", "0", "h", NOW - ago_s, "connected"))


def finish(c, robot_id, count, start=0, violations=0, ended=NOW):
    for index in range(start, start + count):
        name = f"{robot_id}{index}"
        queries.insert_episode(c, replace(samples.EPISODE, episode_id=name, robot_id=robot_id))
        step = replace(
            samples.STEP, robot_id=robot_id, episode_id=name, decision_seq=index, violations=violations
        )
        queries.insert_steps(c, [step])
        queries.close_episode(c, name, "success", ended + index)


def test_limits_widen_with_clean_episodes_and_tighten_after_a_roll_back(store):
    (_, tight), (some, wider), (many, widest) = LADDER
    assert earned_profile(store, NOW) == tight
    with store.write() as c:
        seen(c, "r")
        finish(c, "r", some - 1)
        finish(c, "r", 5, start=500, violations=1)  # asked for too much: they do not count
    assert earned_profile(store, NOW) == tight
    with store.write() as c:
        finish(c, "r", 1, start=some)
    assert earned_profile(store, NOW) == wider
    with store.write() as c:
        finish(c, "r", many, start=some + 1)
    assert earned_profile(store, NOW) == widest
    with store.write() as c:
        seen(c, "away", ago_s=SEEN_S + 1.0)
    assert earned_profile(store, NOW) == widest
    with store.write() as c:
        seen(c, "new")
    assert earned_profile(store, NOW) == tight  # the robot with the least decides
    with store.write() as c:
        finish(c, "new", many)
        queries.add_policy_event(c, PolicyEvent("r", 3, "rolled_back", "saturation", NOW + 1000.0))
    assert earned_profile(store, NOW) == tight


def test_the_ladder_only_rises():
    shares = [profile_of(n) for n in range(LADDER[-1][0] + 2)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_limits_that_robots_have_earned_are_handed_out_while_training_rests(store, tmp_path):
    publisher = Publisher(store, tmp_path, ("nod",))
    assert not publisher.profile_earned()  # nothing published yet
    publisher.publish(ActorCritic(), {}, 0)
    assert not publisher.profile_earned()
    with store.write() as c:
        queries.put_robot(c, Robot("r", "mujoco", "0", "h", time.time(), "connected"))
        finish(c, "r", LADDER[1][0])
    assert publisher.profile_earned()
    publisher._gate = {}
    publisher.publish(ActorCritic(), {}, 0)
    assert not publisher.profile_earned()


def test_the_cosine_policy_passes_on_every_task():
    assert gate.judge(CosinePolicy(), ("look", "nod", "shake"), seed=3).passed
