"""Demonstrations by the scripted expert: a few episodes, counted, for the warm start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from learner.rl.bc import Demonstrations
from shared.tools import TOOL_INDEX
from sim.experts import expert
from sim.vector import VectorEnv

DISTURBANCE = 0.6
"""Probability that the expert is disturbed (DART, Laskey et al. 2017): it shows how to go on from places
where it would not have gone by itself. Before `look`, the gaze is thrown somewhere else."""
MAX_DISTURBED = 9
"""Decisions of an episode that may be disturbed, so that it still ends."""
THROW = 0.6
"""How far the gaze is thrown at most, in image half-widths."""


def demonstrate(
    episodes: Mapping[str, int], seed: int, *, disturbance: float = DISTURBANCE
) -> Demonstrations:
    """Play so many episodes of each task and note the expert's answer to every observation.

    Args:
        episodes: task name -> how many.
        seed: of scenes and disturbances.
        disturbance: probability that a look is thrown elsewhere; 0 where being thrown would fail the task.
    """
    names = [name for name, count in episodes.items() for _ in range(count)]
    rng = np.random.default_rng(seed)
    obs_rows, tools, params_rows = [], [], []
    env = VectorEnv(names, len(names), seed=seed, threads=1)
    try:
        obs = env.reset()
        playing = np.ones(len(names), np.bool_)
        decisions = 0
        while playing.any():
            answers = [expert(spec, row) for spec, row in zip(env.specs, obs, strict=True)]
            tool = np.array([answer[0] for answer in answers])
            params = np.stack([answer[1] for answer in answers]).astype(np.float32)
            obs_rows.append(obs[playing])
            tools.append(tool[playing])
            params_rows.append(params[playing])
            looks = tool == TOOL_INDEX["look"]
            disturbed = looks & (rng.random(len(names)) < disturbance) & (decisions < MAX_DISTURBED)
            thrown = rng.uniform(-THROW, THROW, params.shape)
            played = np.where(disturbed[:, None], thrown, params)
            step = env.step(tool, played)
            playing &= ~(step.terminated | step.truncated)
            obs = step.obs
            decisions += 1
    finally:
        env.close()
    return Demonstrations(
        np.concatenate(obs_rows), np.concatenate(tools), np.concatenate(params_rows), episodes=len(names)
    )
