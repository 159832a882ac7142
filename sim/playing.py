"""One episode from start to end, tick by tick: what is shown when a task is to be watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.messages import TaskSpec
from shared.spaces import NUM_JOINTS
from sim.tasks import Split
from sim.vector import VectorEnv

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

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
    )
