import math
from dataclasses import replace

import numpy as np
import pytest

from learner.evaluation import CosinePolicy, RandomPolicy, Without, evaluate, table, to_json, wilson
from learner.rl.demos import demonstrate
from learner.rollouts.local import LocalSource
from shared.control.pilot import PolicyOutput
from shared.errors import ConfigError
from shared.spaces import slot_range
from shared.tools import TOOL_INDEX


class Always:
    """One tool, at the middle of its range."""

    def __init__(self, tool):
        self.tool = TOOL_INDEX[tool]

    def __call__(self, obs):
        logits = np.zeros((len(obs), 20), np.float32)
        logits[:, self.tool] = 50.0
        return PolicyOutput(
            logits,
            np.zeros((len(obs), 20, 4), np.float32),
            np.zeros((20, 4), np.float32),
            np.zeros(len(obs), np.float32),
        )

    def value(self, obs):
        return np.zeros(len(obs), np.float32)


def test_wilson_against_published_values():
    # Newcombe 1998 (Statistics in Medicine 17:857), table I: 81/263 -> .2553 .3662, 0/20 -> 0 .1611.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_success_is_judged_on_the_motion():
    scores = evaluate(Always("nod"), ("nod", "shake"), episodes=10, num_envs=4, threads=1)
    assert scores["nod"].success == 1.0
    assert scores["nod"].mean_decisions == 1.0
    assert scores["shake"].success == 0.0
    assert scores["nod"].episodes == 10


def test_the_same_seed_gives_the_same_figures():
    once, again = (
        evaluate(RandomPolicy(3), ("nod",), episodes=6, num_envs=6, seed=5, threads=1) for _ in range(2)
    )
    assert once == again


def test_baselines_and_their_table():
    scores = {"cosine only": evaluate(CosinePolicy(), ("nod",), episodes=4, num_envs=4, threads=1)}
    assert to_json(scores)["cosine only"]["nod"]["episodes"] == 4
    assert table(scores, "t").row_count == 1


def test_what_is_hidden_reads_as_nothing():
    seen = []

    def policy(obs):
        seen.append(obs)
        return RandomPolicy()(obs)

    obs = np.ones((2, 512), np.float32)
    Without(policy, ["detections", "brightness"])(obs)
    assert not seen[0][:, slot_range("detections")].any()
    assert (seen[0][:, slot_range("brightness")] == 0.5).all()
    assert (seen[0] != obs).sum() == 2 * (64 + 1)
    assert (obs == 1.0).all()
    with pytest.raises(ConfigError, match="no part 'eyes'"):
        Without(policy, ["eyes"])


def test_what_is_not_known_is_null_in_json():
    score = replace(
        evaluate(CosinePolicy(), ("nod",), episodes=2, num_envs=2, threads=1)["nod"], mean_decisions=math.nan
    )
    assert to_json({"p": {"nod": score}})["p"]["nod"]["mean_decisions"] is None


def test_demonstrations_are_the_experts_answers():
    demos = demonstrate({"look": 1, "nod": 2}, seed=0)
    assert demos.episodes == 3
    assert (demos.tool == TOOL_INDEX["nod"]).sum() == 2
    assert set(demos.tool) <= {TOOL_INDEX[name] for name in ("look", "nod", "go_home")}
    assert demos.obs.shape == (len(demos), 512)


def test_a_local_rollout_hangs_together():
    source = LocalSource(("nod", "look"), 4, 5, seed=0, threads=1)
    policy = Always("wait")
    (r,) = source.collect(policy, 7, np.random.default_rng(0))
    source.close()
    assert r.tool.shape == (5, 4)
    assert (r.policy_version == 7).all()
    assert r.on_policy.all()
    assert (r.n_ticks == 10).all()
    assert set(r.task[:, 0]) == {1}
    assert not r.ended.any()
    np.testing.assert_allclose(r.r_task[:, 0], -0.02, atol=1e-6)
