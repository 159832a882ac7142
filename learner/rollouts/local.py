"""Experience from simulated environments in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from learner.reward.feedback.context import Decisions
from learner.reward.feedback.outcome import OUTCOME_FIELDS, outcome_features
from learner.rl.buffer import Rollout
from learner.rl.networks import NumpyPolicy
from learner.rollouts.source import TASK_NAMES
from shared.control.pilot import ALL_TOOLS, decide
from shared.messages import TaskSpec
from shared.spaces import NUM_PARAMS, OBS_DIM
from sim.vector import Step, VectorEnv, varied_env

Int = NDArray[np.int64]
Watch = Callable[[list[TaskSpec], Decisions, Step], Int]
"""Told of each decision of the n environments; gives their rows (n,) of the store's `steps`, 0 for none."""


class LocalSource:
    """`num_steps` decisions of each of `num_envs` environments a call; episodes go on from call to call."""

    def __init__(
        self,
        tasks: Sequence[str],
        num_envs: int,
        num_steps: int,
        seed: int,
        threads: int,
        *,
        watch: Watch | None = None,
        randomise: bool = False,
    ) -> None:
        make = varied_env if randomise else VectorEnv
        self._env = make(tasks, num_envs, seed=seed, threads=threads)
        self._num_steps = num_steps
        self._watch = watch
        self._task_index = np.array([TASK_NAMES.index(name) for name in tasks])
        self._obs = self._env.reset(seed)

    def restart(self, seed: int) -> None:
        """Begin new episodes everywhere, with randomness from `seed`: what follows repeats exactly."""
        self._obs = self._env.reset(seed)

    def close(self) -> None:
        """Let go of the environments."""
        self._env.close()

    def collect(self, policy: NumpyPolicy, version: int, rng: np.random.Generator) -> list[Rollout]:
        """One rollout of (num_steps, num_envs) decisions."""
        steps, envs = self._num_steps, self._env.num_envs
        shape = (steps, envs)
        out = Rollout(
            obs=np.empty((*shape, OBS_DIM), np.float32),
            tool=np.empty(shape, np.int64),
            params=np.empty((*shape, NUM_PARAMS), np.float32),
            tool_mask=np.full(shape, ALL_TOOLS, np.int64),
            log_prob=np.empty(shape, np.float32),
            value=np.empty(shape, np.float32),
            next_value=np.zeros(shape, np.float32),
            n_ticks=np.empty(shape, np.int64),
            r_task=np.empty(shape, np.float32),
            r_safety=np.empty(shape, np.float32),
            terminated=np.empty(shape, np.bool_),
            truncated=np.empty(shape, np.bool_),
            on_policy=np.ones(shape, np.bool_),
            policy_version=np.full(shape, version, np.int64),
            motion=np.empty((*shape, len(OUTCOME_FIELDS)), np.float32),
            task=np.empty(shape, np.int64),
            success=np.empty(shape, np.bool_),
            step_id=np.zeros(shape, np.int64),
        )
        for t in range(steps):
            output = policy(self._obs)
            if t > 0:
                out.next_value[t - 1] = np.where(out.truncated[t - 1], out.next_value[t - 1], output.value)
            decision = decide(output, None, rng)
            out.obs[t], out.tool[t], out.params[t] = self._obs, decision.tool, decision.params
            out.log_prob[t], out.value[t] = decision.log_prob, decision.value
            specs = list(self._env.specs)
            step = self._env.step(decision.tool, decision.params)
            played = Decisions(
                self._obs, decision.tool, decision.params, step.n_ticks, step.joints, step.head
            )
            if self._watch is not None:
                out.step_id[t] = self._watch(specs, played, step)
            self._obs = step.obs
            out.n_ticks[t], out.r_task[t], out.r_safety[t] = step.n_ticks, step.reward, -step.cost
            out.terminated[t], out.truncated[t] = step.terminated, step.truncated
            out.success[t], out.task[t] = step.success, self._task_index[step.task]
            out.motion[t] = outcome_features(played)
            if t == steps - 1:
                out.next_value[t] = policy.value(step.final_obs)
            elif step.truncated.any():
                out.next_value[t, step.truncated] = policy.value(step.final_obs[step.truncated])
        return [out]
