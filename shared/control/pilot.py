"""From an observation to a tool call: masks, sampling, log-probability; numpy, for robot and learner alike.

The action is hybrid: one of the tools, and that tool's continuous parameters. Its log-probability is
log p(tool | mask) + the Normal log-density of *that tool's used parameters only*, of the raw sample.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.errors import PolicyError
from shared.spaces import NUM_PARAMS, NUM_TOOLS
from shared.tools import TOOLS

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Int = NDArray[np.int64]

USED_PARAMS: Bool = np.array([[i < len(tool.params) for i in range(NUM_PARAMS)] for tool in TOOLS])
"""(20, 4): which of the four numbers a tool reads."""

ALL_TOOLS = (1 << NUM_TOOLS) - 1
"""The tool mask that allows every tool, as bits (`Transition.tool_mask`)."""

_LOG_SQRT_2PI = 0.5 * float(np.log(2.0 * np.pi))


@dataclass(frozen=True)
class PolicyOutput:
    """What a policy says about n observations."""

    tool_logits: F32
    """(n, 20)."""
    param_mean: F32
    """(n, 20, 4) in raw units: [-1, 1] spans a parameter's range."""
    param_log_std: F32
    """(20, 4)."""
    value: F32
    """(n,) expected discounted return."""


OUTPUTS = tuple(field.name for field in fields(PolicyOutput))
"""What the outputs of an exported network are called, in this order."""


class Policy(Protocol):
    """Anything that turns observations (n, 512) float32 into a `PolicyOutput`."""

    def __call__(self, obs: F32) -> PolicyOutput:
        """Evaluate; pure."""
        ...


@dataclass(frozen=True)
class Decision:
    """One tool call for each of n robots or environments."""

    tool: Int
    """(n,) in 0..19."""
    params: F32
    """(n, 4) raw sample, unclipped; the unused numbers are 0."""
    log_prob: F32
    """(n,)."""
    value: F32
    """(n,)."""


def mask_from_bits(bits: NDArray[np.integer] | int) -> Bool:
    """Bits (n,) or one integer -> (n, 20) bool, True where the tool is allowed."""
    allowed: Bool = (np.atleast_1d(np.asarray(bits, np.int64))[:, None] >> np.arange(NUM_TOOLS)) & 1 == 1
    return allowed


def bits_from_mask(mask: Bool) -> Int:
    """(n, 20) bool -> (n,) integers, bit i set where tool i is allowed."""
    bits: Int = (np.asarray(mask, np.int64) << np.arange(NUM_TOOLS)).sum(1)
    return bits


def masked_log_softmax(logits: F32, mask: Bool | None) -> F64:
    """(n, 20) log-probabilities; -inf where masked.

    Raises:
        PolicyError: a row that allows no tool.
    """
    wide = logits.astype(np.float64)
    if mask is not None:
        if not mask.any(axis=1).all():
            raise PolicyError("the tool mask allows no tool at all; allow at least `wait`")
        wide = np.where(mask, wide, -np.inf)
    wide = wide - wide.max(axis=1, keepdims=True)
    shifted: F64 = wide - np.log(np.exp(wide).sum(axis=1, keepdims=True))
    return shifted


def action_log_prob(output: PolicyOutput, mask: Bool | None, tool: Int, params: F32) -> F32:
    """Log-probability (n,) of the given raw actions under `output`."""
    rows = np.arange(len(tool))
    log_std = output.param_log_std[tool].astype(np.float64)
    z = (params - output.param_mean[rows, tool]) * np.exp(-log_std)
    density = np.where(USED_PARAMS[tool], -0.5 * z * z - log_std - _LOG_SQRT_2PI, 0.0).sum(axis=1)
    total: F64 = masked_log_softmax(output.tool_logits, mask)[rows, tool] + density
    return total.astype(np.float32)


def decide(
    output: PolicyOutput, mask: Bool | None, rng: np.random.Generator, deterministic: bool = False
) -> Decision:
    """Sample a tool call (or take the most likely one) for each row.

    Args:
        output: the policy's numbers for n observations.
        mask: (n, 20) bool, True = allowed; None allows all.
        rng: drawn from only when not deterministic.
        deterministic: most likely tool, mean parameters.

    Raises:
        PolicyError: non-finite numbers, or a mask that allows no tool.
    """
    for name in OUTPUTS:
        if not np.isfinite(getattr(output, name)).all():
            raise PolicyError(f"the policy's {name} holds NaN or infinity; this policy must not be used")
    log_p = masked_log_softmax(output.tool_logits, mask)
    n = len(log_p)
    # Gumbel-max draws from the softmax without a cumulative sum's rounding trouble at the ends.
    scores = log_p if deterministic else log_p + rng.gumbel(size=log_p.shape)
    tool = scores.argmax(axis=1)
    params = output.param_mean[np.arange(n), tool].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        if not deterministic:
            params = params + np.exp(output.param_log_std[tool]) * rng.standard_normal((n, NUM_PARAMS))
        params = np.where(USED_PARAMS[tool], params, 0.0).astype(np.float32)
        log_prob = action_log_prob(output, mask, tool, params)
    if not (np.isfinite(params).all() and np.isfinite(log_prob).all()):
        raise PolicyError("the policy's param_log_std gives NaN or infinity; this policy must not be used")
    return Decision(tool, params, log_prob, output.value)
