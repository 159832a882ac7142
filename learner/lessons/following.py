"""How like somebody who never looks away a gaze follows a moving object: the task `track`, measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.control.pilot import Policy, decide
from shared.messages import TaskSpec
from sim.experts import expert
from sim.tasks import Split
from sim.vector import VectorEnv

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Int = NDArray[np.int64]
Player = Callable[[Sequence[TaskSpec], F32], tuple[Int, F32]]
"""(n) episodes and what is observed in them, (n, 512), to (n,) tools and (n, 4) raw parameters."""

TASK = "track"
MOST_AT_ONCE = 48


@dataclass(frozen=True)
class Followed:
    """What became of n episodes."""

    similarity: F64
    """(n,) as the task measures it up to the episode's end; 0 where the gaze never was near."""
    success: NDArray[np.bool_]
    """(n,)"""
    events: tuple[str, ...]
    """(n) what ended each, "out of time" for none."""


def follow(player: Player, episodes: int, seed: int, split: Split = "train") -> Followed:
    """Play so many fresh resets."""
    parts = []
    for start in range(0, episodes, MOST_AT_ONCE):
        n = min(MOST_AT_ONCE, episodes - start)
        with closing(VectorEnv([TASK], n, seed=seed + start, split=split, threads=1, autoreset=False)) as env:
            parts.append(_play(player, env))
    return Followed(
        np.concatenate([part.similarity for part in parts]),
        np.concatenate([part.success for part in parts]),
        tuple(event for part in parts for event in part.events),
    )


def by_policy(policy: Policy) -> Player:
    """Whoever does what a policy thinks best."""

    def play(specs: Sequence[TaskSpec], obs: F32) -> tuple[Int, F32]:
        chosen = decide(policy(obs), None, np.random.default_rng(0), deterministic=True)
        return chosen.tool, chosen.params

    return play


def by_expert(specs: Sequence[TaskSpec], obs: F32) -> tuple[Int, F32]:
    """The scripted expert, who knows which object is meant."""
    chosen = [expert(spec, row) for spec, row in zip(specs, obs, strict=True)]
    return np.array([tool for tool, _ in chosen]), np.stack([params for _, params in chosen])


def _play(player: Player, env: VectorEnv) -> Followed:
    n = env.num_envs
    obs, going = env.reset(), np.ones(n, np.bool_)
    similarity, success, events = np.zeros(n), np.zeros(n, np.bool_), [""] * n
    while going.any():
        tool, params = player(env.specs, obs)
        # Whoever is done waits for the others: the shortest tool there is.
        step = env.step(np.where(going, tool, 0), params)
        over = going & (step.terminated | step.truncated)
        similarity[over] = np.nan_to_num(step.measure[over])
        success[over] = step.success[over]
        for i in np.flatnonzero(over):
            events[i] = str(step.event[i]) or "out of time"
        going &= ~over
        obs = step.obs
    return Followed(similarity, success, tuple(events))
