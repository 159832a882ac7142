"""Where experience comes from: one interface for simulated environments and robots."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from learner.rl.buffer import Rollout
from learner.rl.networks import NumpyPolicy
from sim.tasks import ALL_TASKS

TASK_NAMES = tuple(ALL_TASKS)
"""Every task that can be learnt; a rollout's `task` is an index into this."""


class Source(Protocol):
    """Gives experience that was not given before."""

    def collect(self, policy: NumpyPolicy, version: int, rng: np.random.Generator) -> list[Rollout]:
        """Rollouts, possibly none.

        Args:
            policy: the newest policy; simulated sources act with it, others only need its critic.
            version: of the policy now being trained, written on what it does.
            rng: for sampling actions.
        """
        ...
