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

from learner.rl.buffer import Bool, Rollout

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

    def add(self, rollout: Rollout, returns: F32, well: Bool) -> None:
        """Keep the last decision of every episode of the rollout (T, N) that ended well (T, N); the oldest
        make room."""
        won = well & rollout.on_policy
        self.obs = np.concatenate([self.obs, rollout.obs[won]])[-CAPACITY:]
        self.tool = np.concatenate([self.tool, rollout.tool[won]])[-CAPACITY:]
        self.returns = np.concatenate([self.returns, returns[won]])[-CAPACITY:]

    def sample(self, rng: np.random.Generator, rows: int) -> tuple[Tensor, Tensor, Tensor]:
        """Draw rows: obs, tool, returns as tensors. At least one success must have been added."""
        index = rng.integers(len(self), size=rows)
        return (
            torch.from_numpy(self.obs[index]),
            torch.from_numpy(self.tool[index]),
            torch.from_numpy(self.returns[index]),
        )


def sil_loss(logits: Tensor, value: Tensor, *, tool: Tensor, returns: Tensor) -> Tensor:
    """Mean of (return - value)+ times the tool's cross-entropy; `value` gets no gradient."""
    better = (returns - value.detach()).clamp(min=0.0)
    loss: Tensor = (better * nn.functional.cross_entropy(logits, tool, reduction="none")).mean()
    return loss
