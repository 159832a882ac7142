"""The network of the learned reward models: a text encoder, and a head that says reward, doubt and kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from learner.reward.model import KINDS
from learner.reward.networks.network_shape import LOG_SD_RANGE, OUTPUTS

FIRST_LOG_SD = -1.2
"""Before training: about the spread of human ratings."""


class Outputs(NamedTuple):
    """What the network says of a batch."""

    reward: Tensor
    """(n,) in [-1, 1]: tanh is inside, in training and serving alike."""
    log_sd: Tensor
    """(n,) within LOG_SD_RANGE"""
    kinds: Tensor
    """(n, len(KINDS)) logits"""


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters on every linear layer (Hu et al., 2022)."""

    rank: int = 32
    alpha: int = 64
    dropout: float = 0.0


class RewardNetwork(nn.Module):
    """Encoder of transformers plus head."""

    def __init__(self, encoder: Any, *, causal: bool) -> None:
        """`causal`: the reward is read at the last token; otherwise from the mean over the tokens."""
        super().__init__()
        self.encoder = encoder
        self.causal = causal
        hidden: int = encoder.config.get_text_config().hidden_size
        self.head = nn.Linear(hidden, OUTPUTS)
        nn.init.zeros_(self.head.weight)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([0.0, FIRST_LOG_SD] + [0.0] * len(KINDS)))

    def forward(self, ids: Tensor, mask: Tensor, parts: Tensor) -> Outputs:
        """All (n, length) int64, as in `tokens.Batch`."""
        return split(self.raw(ids, mask, parts))

    def raw(self, ids: Tensor, mask: Tensor, parts: Tensor) -> Tensor:
        """The head's numbers, (n, OUTPUTS)."""
        if self.causal:
            hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
            last = mask.sum(1) - 1
            pooled = hidden[torch.arange(len(ids), device=ids.device), last].float()
            pooled = nn.functional.layer_norm(pooled, pooled.shape[1:])  # decoders end on a large scale
        else:
            hidden = self.encoder(
                input_ids=ids, attention_mask=mask, token_type_ids=parts
            ).last_hidden_state.float()
            weight = mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * weight).sum(1) / weight.sum(1)
        with torch.autocast(pooled.device.type, enabled=False):
            numbers: Tensor = self.head(pooled)
        return numbers


def split(raw: Tensor) -> Outputs:
    """The head's numbers by their meaning; `raw`: (n, OUTPUTS)."""
    return Outputs(torch.tanh(raw[:, 0]), raw[:, 1].clamp(*LOG_SD_RANGE), raw[:, 2:])


def add_lora(network: RewardNetwork, lora: Lora) -> None:
    """Freeze the encoder and put adapters on its linear layers; head and adapters stay float32."""
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(
        r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=_linear(network.encoder)
    )
    network.encoder.requires_grad_(False)
    inject_adapter_in_model(config, network.encoder)
    for name, parameter in network.encoder.named_parameters():
        if "lora_" in name:
            parameter.requires_grad_(True)
            parameter.data = parameter.data.float()


def _linear(encoder: nn.Module) -> list[str]:
    return [name for name, module in encoder.named_modules() if isinstance(module, nn.Linear)]


def trained_weights(network: RewardNetwork) -> dict[str, Tensor]:
    """Copies of everything that training may change, by name."""
    return {name: p.detach().clone() for name, p in network.named_parameters() if p.requires_grad}


def load_trained(network: RewardNetwork, weights: dict[str, Tensor]) -> None:
    """Put trained weights back.

    Raises:
        ValueError: names or shapes do not fit this network; nothing, the head least of all, is left out.
    """
    wanted = {name: p for name, p in network.named_parameters() if p.requires_grad}
    if wanted.keys() != weights.keys():
        odd = sorted(wanted.keys() ^ weights.keys())
        raise ValueError(f"the weights do not fit the network: {len(odd)} names differ, such as {odd[0]!r}")
    with torch.no_grad():
        for name, parameter in wanted.items():
            if parameter.shape != weights[name].shape:
                raise ValueError(
                    f"{name} is {tuple(weights[name].shape)}; the network has {tuple(parameter.shape)}"
                )
            parameter.copy_(weights[name])
