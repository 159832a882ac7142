"""Behavioural cloning: the warm start from a handful of demonstrations.

Cross-entropy on the tool, Normal negative log-likelihood on the parameters that tool uses.
A handful of demonstrations would be memorised, down to the pose the robot happened to have, so each drawn row
is changed in ways that leave the right answer known: seen in a mirror; the robot's own slots and the
distractors taken from other rows; distractors missing; sensor noise; other words for the same wish (noise on
the embedding).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from learner.rl.mirror import mirror_obs, mirror_params
from learner.rl.networks import ActorCritic
from shared.control.pilot import USED_PARAMS
from shared.spaces import DETECTION_FIELDS, LAYOUT, NUM_DETECTIONS, TEXT_DIM, slot_range
from shared.tools import TOOL_INDEX, TOOLS

F32 = NDArray[np.float32]
_USED = torch.from_numpy(USED_PARAMS)
_GESTURE = np.array([tool.gesture for tool in TOOLS])
_IS_GESTURE = torch.from_numpy(_GESTURE)
_VISION = slot_range("detections")
_TEXT = slot_range("instruction")
_SAY, _RUN_MADE = TOOL_INDEX["say"], TOOL_INDEX["run_made"]
_MATCH = slot_range("tool_match")
_BODY = slice(0, _MATCH.start)
_DISTRACTORS = slice(_VISION.start + len(DETECTION_FIELDS), _VISION.stop)
_BODY_SCALE = np.concatenate([np.full(run.size, run.scale, np.float32) for run in LAYOUT])[_BODY]


@dataclass(frozen=True)
class BCConfig:
    """How to imitate, and how the rows are changed."""

    steps: int = 600
    """Gradient steps of the warm start."""
    batch_size: int = 64
    learning_rate: float = 1e-3
    param_coef: float = 0.5
    """Weight of the parameters' negative log-likelihood against the tool's cross-entropy."""
    body_noise: float = 0.2
    """Deviation on the robot's own slots, in units of the normaliser."""
    fancy_coef: float = 0.1
    """Weight of `fancy` in the warm start."""
    mix: float = 0.7
    """Probability that the robot's own slots, and likewise the distractors, come from another row."""
    drop_distractor: float = 0.3
    """Probability that a detection other than the best match is missing."""
    drop_text: float = 0.5
    """Probability that the instruction's embedding is another row's, so that the tool match must tell."""
    text_noise: float = 0.7
    """Norm of the noise added to the unit-norm instruction embedding."""
    match_noise: float = 0.8
    """Deviation on the standardised tool match. Large, so that cloning stays unsure between tools whose
    match is close and PPO still tries the other one."""
    gesture_variety: float = 0.3
    """Deviation put on a gesture's raw amplitude and cycles: nobody nods twice alike, and people's taste
    needs variety to choose from."""


@dataclass
class Demonstrations:
    """What an expert did. One demonstration is one episode."""

    obs: F32
    """(D, 512)."""
    tool: NDArray[np.int64]
    params: F32
    """(D, 4) raw."""
    episodes: int
    """How many episodes these rows come from."""

    def __len__(self) -> int:
        return len(self.tool)

    def sample(self, rng: np.random.Generator, rows: int, config: BCConfig) -> tuple[Tensor, Tensor, Tensor]:
        """Draw changed rows, rare tools more often than their share: obs, tool, params as tensors."""
        _, inverse, counts = np.unique(self.tool, return_inverse=True, return_counts=True)
        weight = counts[inverse] ** -0.5
        index = rng.choice(len(self), size=rows, p=weight / weight.sum())
        obs, tool, params = self.obs[index], self.tool[index], self.params[index]
        moves = tool != _SAY  # an answer depends on every word, and on which side things are
        turned = (rng.random(rows) < 0.5) & moves
        obs[turned], params[turned] = mirror_obs(obs[turned]), mirror_params(tool[turned], params[turned])
        named = moves & (tool != _RUN_MADE)  # which made tool is meant, the words alone tell
        # The tool match and the named object's place decide; the rest may come from anywhere.
        for part, share, free in (
            (_BODY, config.mix, moves),
            (_DISTRACTORS, config.mix, moves),
            (_TEXT, config.drop_text, named),
        ):
            swapped = (rng.random(rows) < share) & free
            donors = self.obs[rng.integers(len(self), size=rows)]
            obs[swapped, part] = donors[swapped, part]
        vary = _GESTURE[tool][:, None] & USED_PARAMS[tool]
        params = params + (vary * rng.normal(0.0, config.gesture_variety, params.shape)).astype(np.float32)
        obs = disturb(obs, rng, config)
        return torch.from_numpy(obs), torch.from_numpy(tool), torch.from_numpy(params)


def disturb(obs: F32, rng: np.random.Generator, config: BCConfig) -> F32:
    """A copy of `obs` (n, 512) as another sensor, another scene or another speaker might have given it."""
    out = obs.copy()
    n = len(out)
    out[:, _BODY] += config.body_noise * _BODY_SCALE * rng.standard_normal((n, _BODY.stop), np.float32)
    out[:, _MATCH] += config.match_noise * rng.standard_normal((n, _MATCH.stop - _MATCH.start), np.float32)
    text = rng.standard_normal((n, TEXT_DIM), np.float32) * (config.text_noise * TEXT_DIM**-0.5)
    text += out[:, _TEXT]
    out[:, _TEXT] = text / np.linalg.norm(text, axis=1, keepdims=True)
    slots = out[:, _VISION].reshape(n, NUM_DETECTIONS, len(DETECTION_FIELDS))
    keep = rng.random((n, NUM_DETECTIONS)) >= config.drop_distractor
    keep[:, 0] = True
    keep &= slots.any(axis=2)
    # Slots are sorted by match with the empty ones last: close the gaps in order.
    order = np.argsort(~keep, axis=1, kind="stable")
    slots = np.take_along_axis(np.where(keep[:, :, None], slots, 0.0), order[:, :, None], axis=1)
    out[:, _VISION] = slots.reshape(n, -1)
    return out


def bc_loss(
    logits: Tensor,
    mean: Tensor,
    log_std: Tensor,
    *,
    tool: Tensor,
    params: Tensor,
    config: BCConfig,
    gestures: bool = True,
) -> Tensor:
    """Cross-entropy of the tool + `param_coef` times the mean Normal negative log-likelihood of its used
    parameters, whose deviation is learnt too: it becomes the policy's first exploration.

    `gestures=False` leaves the parameters of gestures out: beside PPO, people's taste must be free to move
    them.
    """
    used = _USED[tool] if gestures else _USED[tool] & ~_IS_GESTURE[tool][:, None]
    taken = mean[torch.arange(len(tool)), tool]
    spread = log_std[tool]
    surprise = 0.5 * ((taken - params) * torch.exp(-spread)).square() + spread
    nll = (surprise * used).sum() / used.sum().clamp(min=1)
    loss: Tensor = nn.functional.cross_entropy(logits, tool) + config.param_coef * nll
    return loss


def fancy(model: ActorCritic, x: Tensor, logits: Tensor) -> Tensor:
    """Variance over rows of what the matrices add to the tool logits, summed over tools.

    What the shared match gain and constants can explain, they shall: a handful of phrases can be told apart
    in endless ways that mean nothing.
    """
    own = logits - model.match_gain * x[:, _MATCH]
    spread: Tensor = own.var(dim=0, correction=0).sum()
    return spread


def clone(
    model: ActorCritic, demonstrations: Demonstrations, config: BCConfig, rng: np.random.Generator
) -> float:
    """Imitate in place; the mean loss over the last tenth of the steps. The critic is left alone."""
    # Few numbers with far to go: they learn faster.
    groups = [
        {"params": list(model.actor.parameters()), "lr": config.learning_rate},
        {"params": [model.log_std], "lr": 10.0 * config.learning_rate},
        {"params": [model.match_gain], "lr": 100.0 * config.learning_rate},
    ]
    optimizer = torch.optim.Adam(groups, fused=True)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, config.steps)
    losses = []
    for _ in range(config.steps):
        obs, tool, params = demonstrations.sample(rng, config.batch_size, config)
        x = model.normalise(obs)
        logits, mean, log_std = model.act(x)
        loss = bc_loss(logits, mean, log_std, tool=tool, params=params, config=config)
        loss = loss + config.fancy_coef * fancy(model, x, logits)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        decay.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses[-max(1, len(losses) // 10) :]))
