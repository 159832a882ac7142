"""The policy that is always there: it waits. Without another one the robot closes its episode and holds."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.control.pilot import PolicyOutput
from shared.spaces import NUM_PARAMS, NUM_TOOLS
from shared.tools import TOOL_INDEX

F32 = NDArray[np.float32]


class VersionedPolicy(Protocol):
    """A policy that knows its version and how fast it may move the robot."""

    version: int
    limits_profile: float

    def __call__(self, obs: F32) -> PolicyOutput:
        """Evaluate (n, 512) float32."""
        ...


class IdlePolicy:
    """Built in: no file that could be lost or forged."""

    version = 0
    limits_profile = 1.0

    def __call__(self, obs: F32) -> PolicyOutput:
        """Always `wait`."""
        n = len(obs)
        logits = np.zeros((n, NUM_TOOLS), np.float32)
        logits[:, TOOL_INDEX["wait"]] = 50.0
        return PolicyOutput(
            logits,
            np.zeros((n, NUM_TOOLS, NUM_PARAMS), np.float32),
            np.full((NUM_TOOLS, NUM_PARAMS), -2.0, np.float32),
            np.zeros(n, np.float32),
        )
