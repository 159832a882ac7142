"""How fast training is: end to end against raw environment steps, and against Stable-Baselines3 on the
same env.

Four loops take turns in one run, round after round, so that a noisy machine is noisy for all of them:

- raw: the vector environment alone, fed with the actions a fresh policy samples (drawn beforehand);
- ours: collect, label, returns, update, as the trainer does it, without validation and publishing; PPO alone,
  as SB3's is;
- ours_all: the same with self-imitation;
- SB3: its PPO with the same rollout size, epochs, minibatch, and network sizes.

SB3 has no hybrid action. The fairest adaptation found: a `Box` of 20 tool scores and 80 parameters, the
greatest score being the tool. Its policy is then a Gaussian over 100 numbers with networks of the same
hidden sizes; the observation is normalised by the same fixed scale inside the wrapper. Both see the same
decisions' durations only in distribution, so the figure compared is guard ticks a second as well as
decisions a second.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from learner.evaluation import median_interval
from learner.rl.config import TrainConfig
from learner.rl.threads import one_thread
from shared.spaces import CLIP, NUM_PARAMS, NUM_TOOLS, OBS_DIM, normaliser
from sim.vector import VectorEnv

Loop = Callable[[], tuple[int, int]]
"""Plays one update's worth; gives decisions and guard ticks."""

ACTION_BOUND = 10.0
"""SB3 wants a bounded box; the parameters themselves saturate at 1."""
ROUNDS = 48
"""Of one update of each loop: a machine's speed wanders over seconds, so neighbours in time are compared."""


def bench_train(quick: bool = False) -> dict[str, Any]:
    """Decisions and ticks per second of each loop, and the ratios per round.

    Args:
        quick: four rounds: a look, not figures to quote.
    """
    # The physics of all loops takes every core, as `reachy-coach train --threads` does.
    base = TrainConfig(demonstrations=0, eval_every=0, threads=len(os.sched_getaffinity(0)))
    # All epochs in both: where each would stop early says nothing about speed.
    # Learning rates of 0 cost as much and keep all of them playing alike: a policy that learns ends its
    # episodes sooner, and resets cost time too.
    still = replace(base.ppo, target_kl=0.0, learning_rate=0.0, critic_learning_rate=0.0)
    config = replace(base, ppo=still)
    one_thread()
    rounds = 4 if quick else ROUNDS
    with TemporaryDirectory() as folder:
        loops: dict[str, Loop] = {
            "raw": raw_loop(config),
            "ours": our_loop(replace(config, ppo=replace(still, sil_coef=0.0)), Path(folder) / "ours"),
            "ours_all": our_loop(config, Path(folder) / "all"),
            "sb3": sb3_loop(config),
        }
        for loop in loops.values():
            loop()
        found: dict[str, list[dict[str, float]]] = {name: [] for name in loops}
        for turn in range(rounds):
            # Another order each round: none always follows the same neighbour.
            names = list(loops)[turn % 4 :] + list(loops)[: turn % 4]
            for name in names:
                started, cpu_started = time.perf_counter(), time.process_time()
                decisions, ticks = loops[name]()
                elapsed_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu_started
                found[name].append(
                    {
                        "decisions_per_s": decisions / elapsed_s,
                        "ticks_per_s": ticks / elapsed_s,
                        "ticks_per_cpu_s": ticks / cpu_s,
                    }
                )
    return {
        "rounds": rounds,
        "config": {
            "num_envs": config.num_envs,
            "num_steps": config.num_steps,
            "update_epochs": config.ppo.update_epochs,
            "minibatch_size": config.ppo.minibatch_size,
            "hidden": list(config.network.hidden),
            "physics_threads": config.threads,
        },
        "loops": {
            name: {key: spread([r[key] for r in rows]) for key in rows[0]} for name, rows in found.items()
        },
        "ours_over_raw_ticks": ratio(found, "ours", "raw", "ticks_per_s"),
        "sb3_over_raw_ticks": ratio(found, "sb3", "raw", "ticks_per_s"),
        "ours_all_over_raw_ticks": ratio(found, "ours_all", "raw", "ticks_per_s"),
        "ours_all_over_sb3_ticks": ratio(found, "ours_all", "sb3", "ticks_per_s"),
        "ours_over_sb3_ticks": ratio(found, "ours", "sb3", "ticks_per_s"),
        "ours_over_raw_ticks_per_cpu_s": ratio(found, "ours", "raw", "ticks_per_cpu_s"),
        "sb3_over_raw_ticks_per_cpu_s": ratio(found, "sb3", "raw", "ticks_per_cpu_s"),
        "ours_over_sb3_ticks_per_cpu_s": ratio(found, "ours", "sb3", "ticks_per_cpu_s"),
        "ours_over_sb3_decisions": ratio(found, "ours", "sb3", "decisions_per_s"),
    }


def spread(values: list[float]) -> dict[str, float]:
    """Minimum, median and maximum."""
    return {"min": min(values), "median": float(np.median(values)), "max": max(values)}


def ratio(found: dict[str, list[dict[str, float]]], above: str, below: str, key: str) -> dict[str, float]:
    """Ratio of two loops within each round; `low` and `high` are the median's 95 % bootstrap interval."""
    ratios = np.array([a[key] / b[key] for a, b in zip(found[above], found[below], strict=True)])
    low, high = median_interval(ratios)
    return spread(ratios.tolist()) | {"low": low, "high": high}


def make_env(config: TrainConfig) -> VectorEnv:
    """The environment all loops use."""
    return VectorEnv(config.tasks, config.num_envs, seed=config.seed, threads=config.threads)


def raw_loop(config: TrainConfig) -> Loop:
    """Environment steps alone; actions as an untrained policy would sample them."""
    env = make_env(config)
    env.reset()
    rng = np.random.default_rng(0)
    n = config.num_envs

    def run() -> tuple[int, int]:
        ticks = 0
        for _ in range(config.num_steps):
            step = env.step(rng.integers(0, NUM_TOOLS, n), rng.normal(0.0, 0.4, (n, NUM_PARAMS)))
            ticks += int(step.n_ticks.sum())
        return config.num_steps * n, ticks

    return run


def our_loop(config: TrainConfig, folder: Path) -> Loop:
    """The trainer's own steps."""
    from learner.trainer import Trainer

    trainer = Trainer(config, folder)

    def run() -> tuple[int, int]:
        rollouts = trainer.collect()
        trainer.update(trainer.returns(rollouts, trainer.label(rollouts)))
        trainer.counters.updates += 1
        return rollouts[0].tool.size, int(rollouts[0].n_ticks.sum())

    return run


def sb3_loop(config: TrainConfig) -> Loop:
    """Stable-Baselines3's PPO on the same vector environment, behind its own VecEnv interface.

    Raises:
        MissingExtra: stable-baselines3 is not installed.
    """
    try:
        from stable_baselines3 import PPO
        from stable_baselines3.common.logger import Logger
    except ImportError:
        from shared.errors import MissingExtra

        raise MissingExtra("dev", "stable-baselines3") from None
    env = sb3_env(config)
    hidden = list(config.network.hidden)
    model = PPO(
        "MlpPolicy",
        env,
        learning_rate=config.ppo.learning_rate,
        n_steps=config.num_steps,
        batch_size=config.ppo.minibatch_size,
        n_epochs=config.ppo.update_epochs,
        gamma=config.ppo.gamma,
        gae_lambda=config.ppo.gae_lambda,
        clip_range=config.ppo.clip_coef,
        ent_coef=config.ppo.ent_coef,
        vf_coef=config.ppo.vf_coef,
        max_grad_norm=config.ppo.max_grad_norm,
        policy_kwargs={"net_arch": {"pi": hidden, "vf": hidden}, "log_std_init": config.network.log_std_init},
        device="cpu",
        seed=config.seed,
        verbose=0,
    )
    # One without outputs: SB3 would open log files anew at each call.
    model.set_logger(Logger(folder=None, output_formats=[]))

    def run() -> tuple[int, int]:
        before = env.ticks
        steps = config.num_steps * config.num_envs
        model.learn(steps, reset_num_timesteps=False)
        return steps, env.ticks - before

    return run


def sb3_env(config: TrainConfig) -> Any:
    """`VectorEnv` as SB3 wants it; `ticks` counts guard ticks played."""
    from gymnasium.spaces import Box
    from stable_baselines3.common.vec_env import VecEnv

    offset, scale = normaliser()

    class Adapted(VecEnv):
        def __init__(self) -> None:
            self.inner = make_env(config)
            self.ticks = 0
            size = NUM_TOOLS * (1 + NUM_PARAMS)
            super().__init__(
                config.num_envs,
                Box(-CLIP, CLIP, (OBS_DIM,), np.float32),
                Box(-ACTION_BOUND, ACTION_BOUND, (size,), np.float32),
            )

        def _seen(self, obs: np.ndarray) -> np.ndarray:
            seen: np.ndarray = np.clip((obs - offset) / scale, -CLIP, CLIP)
            return seen

        def reset(self) -> np.ndarray:
            return self._seen(self.inner.reset())

        def step_async(self, actions: np.ndarray) -> None:
            self._actions = actions

        def step_wait(self) -> Any:
            tool = self._actions[:, :NUM_TOOLS].argmax(axis=1)
            all_params = self._actions[:, NUM_TOOLS:].reshape(-1, NUM_TOOLS, NUM_PARAMS)
            step = self.inner.step(tool, all_params[np.arange(len(tool)), tool])
            self.ticks += int(step.n_ticks.sum())
            done = step.terminated | step.truncated
            infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
            final = self._seen(step.final_obs)
            for i in np.flatnonzero(done):
                infos[i] = {
                    "terminal_observation": final[i],
                    "TimeLimit.truncated": bool(step.truncated[i]),
                }
            return self._seen(step.obs), step.reward.astype(np.float32), done, infos

        def close(self) -> None:
            self.inner.close()

        def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
            return [None] * self.num_envs

        def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
            raise NotImplementedError(f"attribute {attr_name} of a simulated environment cannot be set")

        def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
            raise NotImplementedError(f"simulated environments have no method {method_name}")

        def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
            return [False] * self.num_envs

    return Adapted()
