"""Self-imitation (Oh et al. 2018, arXiv:1806.05635): what once went better than expected is tried again.

A wording that the policy mistakes nine times in ten gives PPO one good decision in a batch and then
forgets it. Here it is kept, and its tool (not its parameters: people's taste must stay free to move those)
is imitated in proportion to how much better it went than the critic now expects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from learner.rl.buffer import Rollout
from learner.rl.networks import ActorCritic

F32 = NDArray[np.float32]
CAPACITY = 2000


@dataclass
class Successes:
    """Decisions of episodes that ended well, newest last."""

    obs: F32
    """(n, 512)."""
    tool: NDArray[np.int64]
    returns: F32

    @classmethod
    def empty(cls, obs_dim: int) -> Successes:
        """Nothing went well so far."""
        return cls(np.zeros((0, obs_dim), np.float32), np.zeros(0, np.int64), np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.tool)

    def add(self, rollout: Rollout, returns: F32) -> None:
        """Keep the last decision of every episode of the rollout (T, N) that ended well; the oldest make
        room."""
        won = rollout.success & rollout.on_policy
        self.obs = np.concatenate([self.obs, rollout.obs[won]])[-CAPACITY:]
        self.tool = np.concatenate([self.tool, rollout.tool[won]])[-CAPACITY:]
        self.returns = np.concatenate([self.returns, returns[won]])[-CAPACITY:]


def sil_loss(model: ActorCritic, successes: Successes, rng: np.random.Generator, rows: int) -> Tensor:
    """Mean of (return - value)+ times the tool's cross-entropy over `rows` draws."""
    index = rng.integers(len(successes), size=rows)
    logits, _, _, value = model(torch.from_numpy(successes.obs[index]))
    better = (torch.from_numpy(successes.returns[index]) - value.detach()).clamp(min=0.0)
    entropy = nn.functional.cross_entropy(logits, torch.from_numpy(successes.tool[index]), reduction="none")
    loss: Tensor = (better * entropy).mean()
    return loss
