"""The vector environment: the expert succeeds, chance does not, and its verdicts are the robot's judge's."""

import numpy as np
import pytest

from shared.answers import spoken
from shared.control.motions import TICKS
from shared.errors import UnknownTask
from shared.spaces import NUM_TOOLS, OBS_DIM, slot_range
from shared.tools import TOOL_INDEX
from sim.experts import expert
from sim.tasks import TASKS
from sim.tasks.base import SPLITS
from sim.tasks.judge import Judge
from sim.vector import EXACT_DOMAIN, VectorEnv


@pytest.fixture
def make():
    made = []

    def build(*args, **kwargs):
        made.append(VectorEnv(*args, **kwargs))
        return made[-1]

    yield build
    for env in made:
        env.close()


def play(env, choose, episodes):
    """Success rate per task over at least so many episodes of each."""
    obs = env.reset()
    wins, ends = np.zeros(len(env.tasks)), np.zeros(len(env.tasks))
    while ends.min() < episodes:
        step = env.step(*choose(env, obs))
        over = step.terminated | step.truncated
        np.add.at(ends, step.task[over], 1)
        np.add.at(wins, step.task[step.success], 1)
        obs = step.obs
    return wins / ends


def scripted(env, obs):
    chosen = [expert(spec, row) for spec, row in zip(env.specs, obs, strict=True)]
    return np.array([tool for tool, _ in chosen]), np.array([params for _, params in chosen])


@pytest.mark.parametrize("split", SPLITS)
def test_the_expert_succeeds(make, split):
    assert play(make(list(TASKS), 30, seed=1, split=split), scripted, 40).min() >= 0.95


def test_chance_does_not(make):
    rng = np.random.default_rng(0)

    def chance(env, obs):
        return rng.integers(NUM_TOOLS, size=len(obs)), rng.uniform(-1, 1, (len(obs), 4))

    assert play(make(list(TASKS), 48, seed=2), chance, 60).max() < 0.3


def test_the_robots_judge_says_the_same(make):
    env = make(list(TASKS), 12, seed=5)
    obs = env.reset()
    rng = np.random.default_rng(5)
    judges = [Judge(spec) for spec in env.specs]
    ended = 0
    for _ in range(8):
        tool, params = rng.integers(NUM_TOOLS, size=12), rng.uniform(-1, 1, (12, 4))
        answers = [spoken(tool[i], params[i], obs[i], env.specs[i].objects) for i in range(12)]
        step = env.step(tool, params)
        obs = step.obs
        for i in range(12):
            k = step.n_ticks[i]
            verdict = judges[i].step(step.joints[i, :k], step.head[i, :k], answer=answers[i])
            assert verdict.reward == pytest.approx(step.reward[i])
            assert (verdict.terminated, verdict.success) == (step.terminated[i], step.success[i])
            assert (verdict.info.get("event", "")) == step.event[i]
            if step.terminated[i] or step.truncated[i]:
                ended += 1
                judges[i] = Judge(env.specs[i])
    assert ended > 5


def test_shapes_autoreset_and_final_observation(make):
    env = make(["nod"], 4, seed=0)
    obs = env.reset()
    assert obs.shape == (4, OBS_DIM)
    assert obs.dtype == np.float32
    before = [spec.episode_id for spec in env.specs]
    tool = np.array([TOOL_INDEX["nod"], TOOL_INDEX["wait"], TOOL_INDEX["nod"], TOOL_INDEX["go_home"]])
    step = env.step(tool, np.full((4, 4), 0.3))
    np.testing.assert_array_equal(step.n_ticks, TICKS[tool])
    assert step.success[[0, 2]].all()
    progress = slot_range("episode_progress")
    assert (step.obs[[0, 2], progress] == 0).all()
    assert (step.final_obs[:, progress] > 0).all()
    np.testing.assert_array_equal(step.obs[1], step.final_obs[1])
    after = [spec.episode_id for spec in env.specs]
    assert [a != b for a, b in zip(before, after, strict=True)] == [True, False, True, False]
    assert np.isfinite(step.obs).all()
    assert (step.setpoints[1, TICKS[tool[1]] :] == 0).all()


def test_waiting_is_truncated(make):
    env = make(["look"], 2, seed=0)
    env.reset()
    for i in range(15):
        step = env.step(np.zeros(2, int), np.zeros((2, 4)))
        assert step.truncated.all() == (i == 14)
        assert not step.terminated.any()


def test_a_seed_repeats_and_threads_do_not_matter(make):
    def rollout(threads):
        env = make(list(TASKS), 6, seed=9, threads=threads)
        rows = [env.reset()]
        rng = np.random.default_rng(1)
        for _ in range(4):
            rows.append(env.step(rng.integers(NUM_TOOLS, size=6), rng.uniform(-1, 1, (6, 4))).obs)
        return np.array(rows)

    np.testing.assert_array_equal(rollout(1), rollout(2))


def test_exact_domain_measures_what_is(make):
    env = make(["look"], 2, seed=3, domain=EXACT_DOMAIN)
    obs = env.reset()
    np.testing.assert_allclose(
        obs[:, slot_range("head_rpy")], [s.start_head_rpy for s in env.specs], atol=1e-5
    )
    np.testing.assert_array_equal(obs[:, slot_range("joint_pos")], obs[:, slot_range("applied_target")])
    step = env.step(np.zeros(2, int), np.zeros((2, 4)))
    np.testing.assert_allclose(step.obs[:, slot_range("head_rpy")], obs[:, slot_range("head_rpy")], atol=0.01)


def test_unknown_task():
    with pytest.raises(UnknownTask):
        VectorEnv(["lok"], 1)
