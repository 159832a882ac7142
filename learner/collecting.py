"""Baseline episodes for people to rate: untrained, scripted and trained policies, mixed and not told apart.

They go into the store like a robot's, held out from training: people's ratings of them teach R_h and the
reward model, the decisions themselves teach no policy.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from learner.recording import Recorder, outcome_of
from learner.reward.feedback.context import Decisions
from learner.rl import checkpoint
from learner.rl.config import TrainConfig
from learner.rl.networks import ActorCritic
from learner.store import queries
from learner.store.engine import Store
from learner.store.rows import Robot
from shared import __version__
from shared.control.pilot import Policy, decide
from shared.messages import TaskSpec
from shared.spaces import layout_hash
from sim.experts import expert
from sim.vector import VectorEnv

F32 = NDArray[np.float32]
PREFIX = "baseline"
"""Robots' names begin with it; who plays is not in the name, so that raters are blind to it."""
Act = Callable[[Sequence[TaskSpec], F32, np.random.Generator], tuple[NDArray[np.int64], F32]]


def collect(
    store: Store,
    episodes: int,
    *,
    tasks: Sequence[str],
    training: Path,
    seed: int,
    told: Callable[[int], None] = lambda done: None,
) -> dict[str, int]:
    """Play so many episodes into the store.

    Args:
        store: they go in here.
        episodes: how many in all, shared out evenly over policies and tasks.
        tasks: names.
        training: the trainer's folder; its best policy plays too, if there is one.
        seed: of everything random.
        told: how many are done.

    Returns:
        Kind of policy -> episodes.
    """
    players = _players(training, seed)
    order = [name for _ in range(episodes) for name in players][:episodes]
    shares = Counter(order)
    done: Counter[str] = Counter()
    epoch = int(time.time())
    for number, (name, act) in enumerate(players.items()):
        if not shares[name]:
            continue
        quota = [shares[name] // len(tasks) + (i < shares[name] % len(tasks)) for i in range(len(tasks))]
        chosen = [(task, count) for task, count in zip(tasks, quota, strict=True) if count]
        env = VectorEnv(
            [task for task, _ in chosen], len(chosen), seed=seed + number, split="held_out", threads=1
        )
        recorder = Recorder(
            f"{PREFIX}-{number + 1}", epoch, time.time(), split="held_out", source="script", policy_version=0
        )
        rng = np.random.default_rng([seed, number])
        try:
            _play(store, env, [count for _, count in chosen], act=act, recorder=recorder, rng=rng)
        finally:
            env.close()
        done[name] += shares[name]
        told(sum(done.values()))
    return dict(done)


def _play(
    store: Store,
    env: VectorEnv,
    left: list[int],
    *,
    act: Act,
    recorder: Recorder,
    rng: np.random.Generator,
) -> None:
    """Play until every environment has had its episodes; one that has, idles unrecorded."""
    obs = env.reset()
    with store.write() as connection:
        for i in range(env.num_envs):
            name = f"{recorder.prefix}-{i}"
            queries.put_robot(
                connection, Robot(name, "mujoco", __version__, layout_hash(), time.time(), "recorded")
            )
    while any(left):
        specs = list(env.specs)
        tool, params = act(specs, obs, rng)
        step = env.step(tool, params)
        played = Decisions(obs, tool, params, step.n_ticks, step.joints, step.head)
        rows = [i for i, count in enumerate(left) if count]
        with store.write() as connection:
            recorder.record(connection, specs, played, step, rows)
        for i in rows:
            left[i] -= outcome_of(step, i) != "running"
        obs = step.obs


def _players(training: Path, seed: int) -> dict[str, Act]:
    """Who plays, by kind."""
    config = TrainConfig(seed=seed)
    players: dict[str, Act] = {
        "untrained": _acting(ActorCritic(config.network).snapshot()),
        "scripted": _scripted,
    }
    state = checkpoint.load_best(training)
    if state is not None:
        best = ActorCritic(config.network)
        best.load_state_dict(state["model"])
        players["trained"] = _acting(best.snapshot())
    return players


def _acting(policy: Policy) -> Act:
    def act(_: Sequence[TaskSpec], obs: F32, rng: np.random.Generator) -> tuple[NDArray[np.int64], F32]:
        decision = decide(policy(obs), None, rng)
        return decision.tool, decision.params

    return act


def _scripted(specs: Sequence[TaskSpec], obs: F32, rng: np.random.Generator) -> tuple[NDArray[np.int64], F32]:
    """The expert, with gestures of varied size and speed: perfect episodes alone teach a rater's scale
    nothing."""
    answers = [expert(spec, row) for spec, row in zip(specs, obs, strict=True)]
    params = np.stack([params for _, params in answers]).astype(np.float32)
    params += rng.normal(0.0, 0.3, params.shape).astype(np.float32)
    return np.array([tool for tool, _ in answers]), params
