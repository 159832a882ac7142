"""Episodes from start to end: one, tick by tick, to be watched; or many, to be counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.messages import SceneObject, TaskSpec
from shared.spaces import NUM_JOINTS
from shared.tools import TOOL_INDEX
from sim.tasks import Split, task_named
from sim.tasks.paths import objects_at
from sim.vector import VectorEnv

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Int = NDArray[np.int64]

ENVIRONMENTS = 50
"""That are played side by side when episodes are counted."""

Choose = Callable[[TaskSpec, F32], tuple[int, F32]]
"""The episode and the observation (512,) -> tool and raw parameters (4,); `sim.experts.expert` is one."""


@dataclass(frozen=True)
class Played:
    """An episode that was played to its end."""

    spec: TaskSpec
    joints: F64
    """(k, 9) measured joints [rad], the start pose first, then one row a tick of 20 ms."""
    tools: tuple[int, ...]
    """What was chosen, decision by decision."""
    total: float
    """Undiscounted reward."""
    success: bool
    event: str
    """What ended it, in words; "" where the decisions ran out."""
    cost: float
    """Share of the ticks on which the limiter had to change what was asked for."""
    measure: float
    """What its task measures (`Task.measures`); NaN for nothing."""

    def objects(self, tick: int) -> tuple[SceneObject, ...]:
        """What stood where, so many ticks after the start."""
        return objects_at(self.spec, task_named(self.spec.task).path(self.spec), tick)


ChooseMany = Callable[[Sequence[TaskSpec], F32], tuple[Int, F32]]
"""n episodes and their observations (n, 512) -> tools (n,) and raw parameters (n, 4)."""


@dataclass(frozen=True)
class Score:
    """How many episodes went."""

    episodes: int
    successes: int
    limited: float
    """Mean share of a decision's ticks on which the limiter had to change what was asked for."""
    measure: float | None
    """Median over the episodes of what the task measures; None where that is nothing."""


def score(task: str, choose: ChooseMany, *, episodes: int, seed: int, split: Split = "train") -> Score:
    """Play so many fresh episodes, a quota for each environment that is fixed beforehand: to count whichever
    end first would favour short ones.

    Raises:
        UnknownTask: no task of that name.
    """
    n = min(episodes, ENVIRONMENTS)
    left = np.array([episodes // n + (i < episodes % n) for i in range(n)])
    env = VectorEnv([task], n, split=split, threads=1)
    try:
        obs = env.reset(seed=seed)
        successes, limited, decisions, measures = 0, 0.0, 0, []
        while (left > 0).any():
            counted = left > 0
            tool, params = choose(env.specs, obs)
            # An environment whose quota is spent waits: the shortest tool there is.
            step = env.step(np.where(counted, tool, TOOL_INDEX["wait"]), params)
            over = counted & (step.terminated | step.truncated)
            successes += int(step.success[over].sum())
            limited += float(step.cost[counted].sum())
            decisions += int(counted.sum())
            measures += step.measure[over & np.isfinite(step.measure)].tolist()
            left -= over
            obs = step.obs
    finally:
        env.close()
    return Score(episodes, successes, limited / decisions, float(np.median(measures)) if measures else None)


def play(task: str, choose: Choose, *, seed: int, split: Split = "train") -> Played:
    """Play one episode; the same seed gives the same one.

    Raises:
        UnknownTask: no task of that name.
    """
    env = VectorEnv([task], 1, split=split, threads=1, autoreset=False)
    try:
        obs = env.reset(seed=seed)[0]
        spec = env.specs[0]
        path, tools = [env.joints.copy()], []
        total, limited = 0.0, 0.0
        while True:
            tool, params = choose(spec, obs)
            step = env.step(np.array([tool]), np.asarray(params)[None])
            obs, ticks = step.obs[0], int(step.n_ticks[0])
            path.append(step.joints[0, :ticks].copy())
            tools.append(int(tool))
            total += float(step.reward[0])
            limited += float(step.cost[0]) * ticks
            if step.terminated[0] or step.truncated[0]:
                break
    finally:
        env.close()
    joints = np.concatenate(path).reshape(-1, NUM_JOINTS)
    return Played(
        spec,
        joints,
        tuple(tools),
        total,
        bool(step.success[0]),
        str(step.event[0]),
        limited / (len(joints) - 1),
        float(step.measure[0]),
    )
