"""Experience in arrays: `Rollout` is (T, N) as it was collected, `Batch` is flat as it is learnt from."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
Int = NDArray[np.int64]


@dataclass
class Rollout:
    """T decisions of each of N environments, or one robot episode with N = 1. The last row cuts every
    chain."""

    obs: F32
    """(T, N, 512)."""
    tool: Int
    params: F32
    """(T, N, 4) raw."""
    tool_mask: Int
    """(T, N) bits."""
    log_prob: F32
    """(T, N) under the policy that acted."""
    value: F32
    next_value: F32
    """(T, N) critic at the observation after the decision."""
    n_ticks: Int
    r_task: F32
    """(T, N) the task's own reward, summed over the decision's ticks."""
    r_safety: F32
    """(T, N) <= 0: what the decision cost in safety."""
    terminated: Bool
    truncated: Bool
    on_policy: Bool
    """(T, N) the policy's own action was applied: only these enter the PPO loss."""
    policy_version: Int
    motion: F32
    """(T, N, 9) `learner.reward.feedback.outcome`."""
    task: Int
    """(T, N) index into `TASK_NAMES`."""
    success: Bool
    """(T, N) the decision ended its episode well."""
    step_id: Int
    """(T, N) row of the store's `steps`, 0 for simulated decisions."""

    @property
    def ended(self) -> Bool:
        """(T, N) the decision was its episode's last."""
        return self.terminated | self.truncated


@dataclass
class Batch:
    """M decisions ready for PPO."""

    obs: F32
    """(M, 512)."""
    tool: Int
    params: F32
    """(M, 4)."""
    tool_mask: Int
    log_prob: F32
    value: F32
    advantage: F32
    returns: F32

    def __len__(self) -> int:
        return len(self.tool)

    @staticmethod
    def concatenate(parts: list[Batch]) -> Batch:
        """One batch from several; at least one."""
        return Batch(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Batch)))

    def where(self, keep: Bool) -> Batch:
        """The rows where `keep` (M,) is True."""
        return Batch(*(getattr(self, f.name)[keep] for f in fields(Batch)))


def flatten(rollout: Rollout, advantage: F32, returns: F32) -> Batch:
    """(T, N) -> (T * N), time-major."""

    def flat(array: NDArray) -> NDArray:  # type: ignore[type-arg]
        return array.reshape(-1, *array.shape[2:])

    return Batch(
        flat(rollout.obs),
        flat(rollout.tool),
        flat(rollout.params),
        flat(rollout.tool_mask),
        flat(rollout.log_prob),
        flat(rollout.value),
        flat(advantage),
        flat(returns),
    )
