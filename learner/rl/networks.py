"""The actor [512-256-256-100] and the critic [512-256-256-1], with the fixed normaliser inside.

`ActorCritic` is what training updates; `snapshot()` gives the same function in plain numpy, which evaluates
the small batches of acting several times faster than torch does (no dispatch, no autograd).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from shared.control.pilot import PolicyOutput
from shared.spaces import CLIP, NUM_PARAMS, NUM_TOOLS, OBS_DIM, normaliser, slot_range

F32 = NDArray[np.float32]

MATCH = slot_range("tool_match")
ACTOR_OUT = NUM_TOOLS * (1 + NUM_PARAMS)
LOGIT_SCALE = 5.0
"""Logits are this times the last layer's numbers. A logit must move by units before a choice changes, a gaze
misses when its parameters move by hundredths: with one learning rate for both, this keeps the second
still."""
LOG_STD_MIN, LOG_STD_MAX = -2.5, 0.5
"""Bounds on a parameter's log standard deviation: below, exploration dies; above, half the draws clip."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes and starting values."""

    hidden: tuple[int, int] = (256, 256)
    """Units of the two hidden layers, of actor and critic each."""
    log_std_init: float = -1.0
    """Starting log standard deviation of every parameter, raw units."""


def mlp(inputs: int, hidden: tuple[int, int], outputs: int, out_gain: float) -> nn.Sequential:
    """Three linear layers with tanh between, Xavier weights, zero biases; the last scaled by `out_gain`."""
    net = nn.Sequential(
        nn.Linear(inputs, hidden[0]),
        nn.Tanh(),
        nn.Linear(hidden[0], hidden[1]),
        nn.Tanh(),
        nn.Linear(hidden[1], outputs),
    )
    for index, gain in ((0, 5 / 3), (2, 5 / 3), (4, out_gain)):
        layer = net[index]
        assert isinstance(layer, nn.Linear)
        nn.init.xavier_uniform_(layer.weight, gain=gain)
        nn.init.zeros_(layer.bias)
    return net


class ActorCritic(nn.Module):
    """Observation (n, 512) in physical units -> tool logits (n, 20), parameter means (n, 20, 4), their log
    standard deviations (20, 4) and the value (n,).

    Each tool's logit also has a direct path from that tool's own match with the instruction, through one gain
    that all tools share and that starts at 0: what is learnt about listening on one tool holds for all,
    which a plain MLP has to learn phrase by phrase.
    """

    obs_offset: Tensor
    obs_gain: Tensor

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        config = config or NetworkConfig()
        self.config = config
        offset, scale = normaliser()
        self.register_buffer("obs_offset", torch.from_numpy(offset))
        self.register_buffer("obs_gain", torch.from_numpy(1.0 / scale))
        # A small last layer starts all tools near equal and all parameters near their middle.
        self.actor = mlp(OBS_DIM, config.hidden, ACTOR_OUT, out_gain=0.01)
        self.critic = mlp(OBS_DIM, config.hidden, 1, out_gain=1.0)
        self.match_gain = nn.Parameter(torch.zeros(1))
        self.log_std = nn.Parameter(torch.full((NUM_TOOLS, NUM_PARAMS), config.log_std_init))

    def normalise(self, obs: Tensor) -> Tensor:
        """Physical units -> what the layers see."""
        return ((obs - self.obs_offset) * self.obs_gain).clamp(-CLIP, CLIP)

    def act(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tool logits, parameter means and log standard deviations of observations already normalised."""
        out = self.actor(x)
        return (
            LOGIT_SCALE * out[:, :NUM_TOOLS] + self.match_gain * x[:, MATCH],
            out[:, NUM_TOOLS:].unflatten(1, (NUM_TOOLS, NUM_PARAMS)),
            self.log_std.clamp(LOG_STD_MIN, LOG_STD_MAX),
        )

    def judge(self, x: Tensor) -> Tensor:
        """Value (n,) of observations already normalised."""
        value: Tensor = self.critic(x).squeeze(1)
        return value

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Tool logits, parameter means, log standard deviations, value."""
        x = self.normalise(obs)
        return *self.act(x), self.judge(x)

    def snapshot(self) -> NumpyPolicy:
        """The same function with a copy of the present weights, in numpy."""
        return NumpyPolicy(self)


class NumpyPolicy:
    """A frozen copy of an `ActorCritic`; implements `shared.control.pilot.Policy`."""

    def __init__(self, model: ActorCritic) -> None:
        def copy(tensor: Tensor | nn.Module) -> F32:
            assert isinstance(tensor, Tensor)
            array: F32 = tensor.detach().cpu().numpy().copy()
            return array

        self._offset, self._gain = copy(model.obs_offset), copy(model.obs_gain)
        self._match_gain = copy(model.match_gain)
        self._log_std = copy(model.log_std.clamp(LOG_STD_MIN, LOG_STD_MAX))
        # Transposed and contiguous, so that a forward pass is one plain product a layer.
        self._actor, self._critic = (
            [(np.ascontiguousarray(copy(net[i].weight).T), copy(net[i].bias)) for i in (0, 2, 4)]
            for net in (model.actor, model.critic)
        )

    def __call__(self, obs: F32) -> PolicyOutput:
        """Evaluate n observations (n, 512)."""
        x = np.clip((obs - self._offset) * self._gain, -CLIP, CLIP)
        out = _forward(self._actor, x)
        return PolicyOutput(
            LOGIT_SCALE * out[:, :NUM_TOOLS] + self._match_gain * x[:, MATCH],
            out[:, NUM_TOOLS:].reshape(-1, NUM_TOOLS, NUM_PARAMS),
            self._log_std,
            _forward(self._critic, x)[:, 0],
        )

    def value(self, obs: F32) -> F32:
        """The critic alone: (n,)."""
        return _forward(self._critic, np.clip((obs - self._offset) * self._gain, -CLIP, CLIP))[:, 0]


def _forward(layers: list[tuple[F32, F32]], x: F32) -> F32:
    for weight, bias in layers[:-1]:
        x = x @ weight
        x += bias
        np.tanh(x, out=x)
    weight, bias = layers[-1]
    out: F32 = x @ weight + bias
    return out
