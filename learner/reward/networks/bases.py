"""Where the encoders under the reward models come from: packages, folders, or names of transformers."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from learner.pretrained import SMALLEST_GEMMA, where
from learner.reward.networks.tokens import BertTokens, CausalTokens, Tokens
from learner.text import PACKAGE
from shared.errors import ConfigError, MissingExtra

Backend = Literal["minilm", "gemma"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Base:
    """An encoder, its tokens, and how the two are read."""

    encoder: Any
    """Of transformers, in evaluation mode."""
    tokens: Tokens
    pad_id: int
    causal: bool


def minilm_folder() -> Path:
    """The folder with MiniLM's weights and tokenizer.

    Raises:
        MissingExtra: the package with the weights is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtra("learner", PACKAGE)
    return Path(spec.origin).parent / "model"


def load_base(
    backend: Backend, base: str = "", data_dir: Path | None = None, precision: Precision = "float32"
) -> Base:
    """An encoder as it was pre-trained.

    Args:
        backend: minilm, or gemma for every decoder that transformers knows.
        base: a folder, a `.gguf` file or a name of transformers; "" takes what a package brings along.
        data_dir: the 270M model is put together below it from the parts that its package holds.
        precision: of the encoder's weights.

    Raises:
        ConfigError: nothing can be loaded from there.
        MissingExtra: a package that it needs is not installed.
    """
    packaged = str(minilm_folder()) if backend == "minilm" else SMALLEST_GEMMA
    found = where(base or packaged, data_dir)
    import torch
    from transformers import AutoModel, AutoTokenizer

    pooling: dict[str, Any] = {"add_pooling_layer": False} if backend == "minilm" else {}
    try:
        encoder = AutoModel.from_pretrained(**found, **pooling, dtype=getattr(torch, precision)).eval()
        if backend == "minilm":
            tokens = BertTokens(Path(found["pretrained_model_name_or_path"]) / "tokenizer.json")
            return Base(encoder, tokens, encoder.config.pad_token_id or 0, False)
        tokenizer = AutoTokenizer.from_pretrained(**found)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"cannot load a {backend} base from {base or packaged}: {error}") from error
    encoder.config.use_cache = False
    return Base(encoder, CausalTokens(tokenizer), tokenizer.pad_token_id or 0, True)
