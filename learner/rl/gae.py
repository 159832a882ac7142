"""Generalised advantage estimation over decisions of unequal length.

Schulman et al. 2016 (arXiv:1506.02438), with two differences: a decision of n ticks is discounted by
gamma ** (n / 10), and an episode cut short (truncated, or still running when the rollout ended) bootstraps
with the value of the observation that followed, while one that really ended (terminated) does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.spaces import DISCOUNT_TICKS

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]


def decision_discount(gamma: float, n_ticks: NDArray[np.integer]) -> F32:
    """Discount of decisions that lasted `n_ticks` guard ticks; gamma is per 10 ticks (0.2 s)."""
    discount: F32 = (gamma ** (n_ticks / DISCOUNT_TICKS)).astype(np.float32)
    return discount


def gae(
    *, reward: F32, value: F32, next_value: F32, terminated: Bool, cut: Bool, discount: F32, gae_lambda: float
) -> tuple[F32, F32]:
    """Advantages and returns, both (T, N).

    Args:
        reward: (T, N) summed over each decision's ticks.
        value: (T, N) critic at the decision.
        next_value: (T, N) critic at the observation after the decision (before any reset); not read where
            terminated.
        terminated: (T, N) the episode really ended: nothing follows.
        cut: (T, N) row t + 1 belongs to another episode: terminated, truncated or end of the rollout.
        discount: (T, N) from `decision_discount`.
        gae_lambda: in [0, 1], per decision.
    """
    follow = discount * ~terminated
    delta = reward + follow * np.where(terminated, 0.0, next_value) - value
    carry = np.where(cut | terminated, 0.0, follow * gae_lambda)
    advantage = np.zeros_like(delta)
    ahead = np.zeros(delta.shape[1:], delta.dtype)
    for t in range(len(delta) - 1, -1, -1):
        ahead = delta[t] + carry[t] * ahead
        advantage[t] = ahead
    return advantage.astype(np.float32), (advantage + value).astype(np.float32)
