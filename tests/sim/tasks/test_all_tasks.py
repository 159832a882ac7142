"""Every task keeps what tasks promise: readable, solvable, not by chance, repeatable."""

import contextlib
import hashlib
import subprocess
import sys
import warnings
from dataclasses import replace

import gymnasium
import mujoco
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import sim.env  # noqa: F401  registers the tasks
from shared.answers import spoken
from shared.control.rotations import matrix_to_quat, rpy_to_matrix
from shared.control.vision import EXACT, detect, gaze_angle, scenes
from shared.spaces import NUM_TOOLS
from sim import phrases
from sim.experts import expert
from sim.tasks import ALL_TASKS, TASKS
from sim.tasks.base import SCENE, SPLITS
from sim.tasks.judge import DWELL_RAD, Judge
from sim.vector import VectorEnv

NEW = [name for name in ALL_TASKS if name not in TASKS]


def episodes(task, count, choose, split="train", seed=1):
    """Whether each of so many episodes succeeded; a quota for each environment, fixed beforehand."""
    n = min(count, 25)
    env = VectorEnv([task], n, seed=seed, split=split, threads=1)
    try:
        obs, left, won = env.reset(), np.full(n, -(-count // n)), []
        while (left > 0).any():
            step = env.step(*choose(env, obs))
            over = (step.terminated | step.truncated) & (left > 0)
            won += step.success[over].tolist()
            left -= over
            obs = step.obs
            assert np.isfinite(obs).all()
    finally:
        env.close()
    return won


def scripted(env, obs):
    chosen = [expert(spec, row) for spec, row in zip(env.specs, obs, strict=True)]
    return np.array([tool for tool, _ in chosen]), np.array([params for _, params in chosen])


def chance(seed):
    rng = np.random.default_rng(seed)
    return lambda env, _: (rng.integers(NUM_TOOLS, size=env.num_envs), rng.uniform(-1, 1, (env.num_envs, 4)))


@pytest.mark.parametrize("name", ALL_TASKS)
def test_check_env(name):
    env = gymnasium.make(f"ReachyCoach/{name.capitalize()}-v0")
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


@pytest.mark.parametrize("name", ALL_TASKS)
def test_says_what_it_is(name):
    task = ALL_TASKS[name]
    assert 1 <= task.difficulty <= 5
    assert 0 < task.max_decisions <= 50
    assert task.about.endswith(".")
    assert not set(task.phrases.train) & set(task.phrases.held_out)
    assert set(task.instructions()) <= set(phrases.table())


def test_no_instruction_belongs_to_two_tasks_but_a_look_is_a_look():
    looks, seen = set(ALL_TASKS["look"].instructions()), {}
    for name in NEW:
        for text in set(ALL_TASKS[name].instructions()) - looks:
            assert seen.setdefault(text, name) == name
        if ALL_TASKS[name].phrases != ALL_TASKS["look"].phrases:
            assert not looks & set(ALL_TASKS[name].instructions())


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", NEW)
def test_goals_are_what_the_words_say(name, split):
    task, rng = ALL_TASKS[name], np.random.default_rng(3)
    for _ in range(40):
        spec = task.reset(rng, split)
        goals = task.goals(spec)
        named = [spec.objects[goal.target].name for goal in goals if goal.target is not None]
        assert named == sorted(named, key=spec.instruction.rindex)
        assert all(thing in spec.instruction for thing in named)
        assert len({thing.name for thing in spec.objects}) == len(spec.objects)
        if task.spots:
            assert named[-1] in task.spots
            assert named[0] != named[-1]


def test_a_robot_that_starts_turned_away_sees_nothing():
    rng = np.random.default_rng(2)
    for _ in range(200):
        spec = ALL_TASKS["find"].reset(rng)
        R = rpy_to_matrix(np.array([spec.start_head_rpy]))
        assert not detect(scenes([spec.objects]), np.zeros((1, 3)), R, rng, EXACT).any()


@pytest.mark.parametrize("yaw_deg", range(-180, 180, 15))
@pytest.mark.parametrize("pitch_deg", [-45, -35, 0, 45])
def test_there_is_nothing_to_look_at_where_nothing_stands(yaw_deg, pitch_deg):
    spec = ALL_TASKS["find"].reset(np.random.default_rng(0))
    R = rpy_to_matrix(np.deg2rad([[0, pitch_deg, yaw_deg]]))
    near = gaze_angle(np.zeros((1, 3)), R, np.array([[thing.position for thing in spec.objects]])).min()
    head = np.concatenate([np.zeros((1, 3)), matrix_to_quat(R)], axis=1)
    verdict = Judge(spec).step(np.zeros((30, 9)), np.repeat(head, 30, axis=0))
    assert verdict.terminated == (near <= DWELL_RAD)


def test_instructions_that_cannot_be_judged_are_refused():
    spec = ALL_TASKS["carry"].reset(np.random.default_rng(0))
    with pytest.raises(ValueError, match="no instruction of the task 'carry'"):
        Judge(replace(spec, instruction="do as you like"))
    with pytest.raises(ValueError, match="not in its scene"):
        Judge(replace(spec, objects=spec.objects[:1]))


@pytest.mark.parametrize("name", NEW)
def test_the_robots_judge_says_the_same(name):
    env = VectorEnv([name], 6, seed=5, threads=1)
    obs, rng, judges, over = env.reset(), np.random.default_rng(5), [Judge(s) for s in env.specs], 0
    for _ in range(26):
        if over >= 6:
            break
        tool, params = scripted(env, obs)
        stray = rng.random(6) < 0.1
        tool = np.where(stray, rng.integers(NUM_TOOLS, size=6), tool)
        things = [spec.objects for spec in env.specs]
        answers = [spoken(*one) for one in zip(tool, params, obs, things, strict=True)]
        step = env.step(tool, params)
        obs = step.obs
        for i, k in enumerate(step.n_ticks):
            limited = round(step.cost[i] * k)
            verdict = judges[i].step(step.joints[i, :k], step.head[i, :k], limited, answers[i])
            assert verdict.info["measure"] == pytest.approx(step.measure[i], nan_ok=True)
            assert verdict.reward == pytest.approx(step.reward[i])
            assert (verdict.terminated, verdict.success) == (step.terminated[i], step.success[i])
            assert verdict.info["event"] == step.event[i]
            if step.terminated[i] or step.truncated[i]:
                over += 1
                judges[i] = Judge(env.specs[i])
    env.close()
    assert over >= 3


@pytest.mark.parametrize("name", NEW)
def test_the_expert_succeeds(name):
    assert np.mean(episodes(name, 20, scripted)) >= 0.9


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("name", ALL_TASKS)
def test_the_expert_succeeds_on_300_resets(name, split):
    won = episodes(name, 300, scripted, split, seed=21)
    assert len(won) >= 300
    assert np.mean(won) >= 0.95


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ALL_TASKS)
def test_chance_does_not_succeed_on_300_resets(name):
    assert np.mean(episodes(name, 300, chance(8), seed=21)) < 0.15


@pytest.fixture
def no_warnings_of_mujoco(monkeypatch):
    """MuJoCo tells the handler, or Python, of every warning; here one is an error."""
    told = []
    mujoco.set_mju_user_warning(told.append)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    mujoco.set_mju_user_warning(None)
    assert not told


def test_a_warning_of_mujoco_would_be_noticed():
    told = []
    mujoco.set_mju_user_warning(told.append)
    env = VectorEnv(["nod"], 1, threads=1)
    try:
        env.reset()
        env._fleet._state[:] = np.nan
        with contextlib.suppress(ValueError, AssertionError):
            env.step(np.zeros(1, int), np.zeros((1, 4)))
    finally:
        env.close()
        mujoco.set_mju_user_warning(None)
    assert told


@pytest.mark.parametrize("name", ALL_TASKS)
def test_random_actions_raise_no_warning(name, no_warnings_of_mujoco):
    assert len(episodes(name, 5, chance(0))) >= 5


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ALL_TASKS)
def test_1000_episodes_of_random_actions_raise_no_warning(name, no_warnings_of_mujoco):
    assert len(episodes(name, 1000, chance(1))) >= 1000


_FINGERPRINT = """
import hashlib, sys
import numpy as np
from sim.vector import VectorEnv
env = VectorEnv(sys.argv[1].split(","), 7, seed=9, threads=1)
rng = np.random.default_rng(1)
found = hashlib.sha256(env.reset(seed=4).tobytes())
for _ in range(4):
    step = env.step(rng.integers(20, size=7), rng.uniform(-1, 1, (7, 4)))
    for part in (step.obs, step.reward, step.success, step.joints):
        found.update(part.tobytes())
print(found.hexdigest())
"""


def test_a_seed_repeats_across_processes():
    command = [sys.executable, "-c", _FINGERPRINT, ",".join(ALL_TASKS)]
    one, two = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert one == two
    assert len(one.strip()) == 2 * hashlib.sha256().digest_size


RESETS = {
    "look": "4ab51114dfc0342f",
    "nod": "41b4a3be46858015",
    "shake": "db9e90ee170f62a0",
}
"""What the first resets of the tasks that policies are trained on have always been; they may not change."""


@pytest.mark.parametrize("name", TASKS)
def test_resets_of_trained_tasks_are_what_they_were(name):
    rng, found = np.random.default_rng(12), hashlib.sha256()
    for split in SPLITS * 10:
        spec = TASKS[name].reset(rng, split)
        where = [f"{axis:.9f}" for thing in spec.objects for axis in thing.position]
        start = [f"{a:.9f}" for a in (*spec.start_head_rpy, spec.start_body_yaw, *spec.start_antennas)]
        names = [thing.name for thing in spec.objects]
        found.update("|".join([spec.instruction, spec.episode_id, *names, *where, *start]).encode())
    assert found.hexdigest()[:16] == RESETS[name]


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_a_scene_may_hold_a_single_object(task):
    spec = task.reset(np.random.default_rng(0), "held_out", replace(SCENE, count=(1, 1)))
    assert len(spec.objects) == 1
