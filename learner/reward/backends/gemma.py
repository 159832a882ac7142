"""Gemma, or any other decoder of transformers, with LoRA and a reward head: the full-size model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from learner.reward.backends.learned import LearnedModel
from learner.reward.networks.bases import Base, Precision, load_base
from learner.reward.networks.model_files import Manifest, identity, read_manifest, weights_path
from learner.reward.networks.network import Lora, RewardNetwork, add_lora, load_trained
from learner.reward.networks.tokens import Ids, pad
from shared.errors import ConfigError


class TorchNetwork:
    """One network in PyTorch, on the GPU where there is one.

    In bfloat16 rows run one by one, because there the rounding depends on the shape of the batch.
    """

    def __init__(self, network: RewardNetwork, pad_id: int) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network = network.to(self._device).eval()
        self._pad_id = pad_id
        self._alone = any(p.dtype == torch.bfloat16 for p in network.parameters())

    def run(self, rows: Sequence[Ids]) -> NDArray[np.float32]:
        """(n, OUTPUTS) raw numbers of the head."""
        if self._alone and len(rows) > 1:
            return np.concatenate([self.run([row]) for row in rows])
        batch = pad(rows, self._pad_id)
        given = (torch.from_numpy(a).to(self._device) for a in (batch.ids, batch.mask, batch.parts))
        with torch.inference_mode():
            found: NDArray[np.float32] = self._network.raw(*given).float().cpu().numpy()
        return found


def open_gemma(folder: Path, data_dir: Path | None = None, precision: Precision = "bfloat16") -> LearnedModel:
    """The model in `folder`, on its base.

    Raises:
        ConfigError: no such model, or one that does not fit its base.
        MissingExtra: the package of its base is not installed.
    """
    manifest = read_manifest(folder)
    networks, tokens = [], None
    for member in range(manifest.members):
        base = load_base(manifest.backend, manifest.base, data_dir, precision)
        network = load_network(folder, manifest, member, base)
        networks.append(TorchNetwork(network, base.pad_id))
        tokens = base.tokens
    if tokens is None:
        raise ConfigError(f"{folder}: a model without members")
    version = f"{manifest.backend}-{identity(folder, manifest)[:12]}"
    return LearnedModel(version, networks, tokens, manifest.intervals)


def load_network(folder: Path, manifest: Manifest, member: int, base: Base) -> RewardNetwork:
    """Base, adapters and head of one member together, as they were trained.

    Raises:
        ConfigError: the weights do not fit; nothing is left at its initial value.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    network = RewardNetwork(base.encoder, causal=base.causal)
    if manifest.lora_rank:
        add_lora(network, Lora(manifest.lora_rank, manifest.lora_alpha))
    path = weights_path(folder, member)
    try:
        load_trained(network, load_file(path))
    except (OSError, ValueError, SafetensorError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if manifest.lora_rank:
        _merge(network)
    return network.eval()


def _merge(network: RewardNetwork) -> None:
    """Fold the adapters into the encoder: the same answers, one matrix product a layer instead of three."""
    from peft.tuners.lora import LoraLayer

    for module in network.encoder.modules():
        if isinstance(module, LoraLayer):
            module.merge()
