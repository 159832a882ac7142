"""MiniLM with shipped adapters: the default. Served by ONNX Runtime; PyTorch is not loaded."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog
from numpy.typing import NDArray

from learner.pretrained import default_data_dir
from learner.reward.backends.learned import LearnedModel
from learner.reward.networks.bases import minilm_folder
from learner.reward.networks.model_files import Manifest, identity, read_manifest, weights_path
from learner.reward.networks.tokens import BertTokens, Ids, pad
from shared.errors import ConfigError
from shared.files import write_atomic

if TYPE_CHECKING:
    import onnxruntime

GRAPH = 2
"""Raised when `export` makes another graph of the same weights."""

ROWS = 8
"""Go through the graph together: more no longer fit a core's cache, fewer repeat its overhead."""

log = structlog.get_logger("reward")


class OnnxNetwork:
    """One graph in ONNX Runtime, with a few rows at a time on each thread."""

    def __init__(self, session: onnxruntime.InferenceSession, threads: int) -> None:
        self._session = session
        self._pool = ThreadPoolExecutor(threads, "reward") if threads > 1 else None

    def run(self, rows: Sequence[Ids]) -> NDArray[np.float32]:
        """(n, OUTPUTS) raw numbers of the head."""
        some = [rows[i : i + ROWS] for i in range(0, len(rows), ROWS)]
        each = map(self._head, some) if self._pool is None else self._pool.map(self._head, some)
        return np.concatenate(list(each))

    def _head(self, rows: Sequence[Ids]) -> NDArray[np.float32]:
        batch = pad(rows)
        given = {"ids": batch.ids, "mask": batch.mask, "parts": batch.parts}
        (head,) = self._session.run(["head"], given)
        return np.asarray(head, np.float32)


def open_minilm(folder: Path, data_dir: Path | None = None, threads: int = 1) -> LearnedModel:
    """The model in `folder`; merged and quantised on first use (seconds), then kept below `data_dir`.

    Raises:
        ConfigError: no such model, or one that does not fit its base.
        MissingExtra: the package with MiniLM's weights is not installed.
    """
    manifest = read_manifest(folder)
    base = Path(manifest.base) if manifest.base else minilm_folder()
    if not (base / "model.safetensors").exists():
        raise ConfigError(f"no MiniLM in {base}; the model in {folder} was trained on one from there")
    digest = hashlib.sha256(f"{GRAPH}:{identity(folder, manifest)}:{_stamp(base)}".encode()).hexdigest()
    cache = default_data_dir(data_dir) / "reward" / "cache"
    networks = []
    for member in range(manifest.members):
        path = cache / f"minilm-{digest[:16]}-{member}.onnx"
        if not path.exists():
            _build(folder, manifest, member, base, path)
        networks.append(OnnxNetwork(_session(path), threads))
    tokens = BertTokens(base / "tokenizer.json")
    version = f"minilm-{identity(folder, manifest)[:12]}"
    return LearnedModel(version, networks, tokens, manifest.intervals)


def _build(folder: Path, manifest: Manifest, member: int, base: Path, path: Path) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    from learner.reward.networks.export import bert_shape, build_graph, merge

    begun = time.monotonic()
    try:
        merged = merge(
            load_file(base / "model.safetensors"),
            load_file(weights_path(folder, member)),
            manifest.lora_rank,
            manifest.lora_alpha,
        )
        graph = build_graph(merged, bert_shape(base))
    except (ValueError, KeyError, SafetensorError) as error:
        raise ConfigError(f"the weights in {folder} do not fit MiniLM: {error}") from error
    write_atomic(path, graph.SerializeToString())
    log.info("reward model merged and quantised", seconds=round(time.monotonic() - begun, 1), kept=str(path))


def _session(path: Path) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _stamp(base: Path) -> str:
    """What tells one base from another without reading 90 MB at every start."""
    size = (base / "model.safetensors").stat().st_size
    return f"{size}:{hashlib.sha256((base / 'config.json').read_bytes()).hexdigest()}"
