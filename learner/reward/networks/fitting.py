"""From data to a model folder: train every member, measure its doubt, keep it, and say how good it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.torch import load_file, save

from learner.reward.backends.learned import combine
from learner.reward.data.example import Example
from learner.reward.data.noise import noisy_copies, stranger
from learner.reward.networks.figures import figures
from learner.reward.networks.intervals import Intervals, fit
from learner.reward.networks.model_files import MANIFEST, Manifest, weights_path, write_manifest
from learner.reward.networks.network import RewardNetwork, load_trained, trained_weights
from learner.reward.networks.train import Progress, Rows, TrainConfig, build, numbers, rows, train
from shared.errors import ConfigError
from shared.files import write_atomic

EVALUATES = (-1, 0)
"""`Rows.kinds` of remarks whose reward counts."""


def fit_model(
    config: TrainConfig,
    examples: Sequence[Example],
    folder: Path,
    *,
    members: int = 1,
    data_dir: Path | None = None,
    report: Callable[[int, Progress], None] = lambda _member, _progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> Manifest:
    """Train `members` networks that differ by their seed, and write them to `folder`.

    A run that was interrupted goes on: finished members are kept, the one under way has a checkpoint.

    Raises:
        Interrupted: `stop` said so; the same call goes on.
        ConfigError: the examples do not do, or `folder` holds a run with other settings.
    """
    parts = {s: [e for e in examples if e.split == s] for s in ("train", "validation", "test")}
    for name in ("train", "validation"):
        if not parts[name]:
            raise ConfigError(f"no examples to {name} with; `reachy-coach reward data build` makes some")
    parts["train"] += noisy_copies(examples, config.noisy_copies, config.seed)
    parts["intervals"] = stranger(parts["validation"])
    folder.mkdir(parents=True, exist_ok=True)
    if _main_process() and (folder / MANIFEST).exists():  # a finished model is trained anew
        (folder / MANIFEST).unlink()
        _forget_runs(folder)
    raw: dict[str, list[NDArray[np.float32]]] = {"intervals": [], "test": []}
    ready: dict[str, Rows] = {}
    runs: list[dict[str, Any]] = []
    for member in range(members):
        one = replace(config, seed=config.seed + member)
        network, base = build(one, data_dir)
        ready = ready or {name: rows(part, base.tokens) for name, part in parts.items()}
        kept = _kept(folder, member, one, network)
        if kept is None:
            kept = train(
                one,
                network,
                base.pad_id,
                ready["train"],
                ready["validation"],
                checkpoint=folder / f"checkpoint-{member}.pt",
                report=partial(report, member),
                stop=stop,
            )
        runs.append(kept)
        if not _main_process():
            continue
        stored = {name: weight.half() for name, weight in trained_weights(network).items()}
        load_trained(network, stored)  # figures are those of what is kept
        write_atomic(weights_path(folder, member), save(stored))
        write_atomic(_run_path(folder, member), json.dumps([asdict(one), kept]).encode())
        for name, found in raw.items():
            found.append(numbers(network, ready[name].with_context, base.pad_id))
    manifest = Manifest(
        config.backend,
        config.base,
        config.lora.rank if config.lora else 0,
        config.lora.alpha if config.lora else 0,
        members,
    )
    if not _main_process():
        return manifest
    intervals = _intervals(np.stack(raw["intervals"]), ready["intervals"])
    measured: dict[str, Any] = {}
    if parts["test"]:
        rewards, log_sd, _ = combine(np.stack(raw["test"]))
        measured = figures(parts["test"], rewards, intervals.half_widths(log_sd, ready["test"].has_context))
    training = {
        "config": asdict(config),
        "examples": {name: len(parts[name]) for name in ("train", "validation", "test")},
        "runs": runs,
        "test": {
            group: {key: round(value, 4) for key, value in one.items()} for group, one in measured.items()
        },
    }
    manifest = replace(manifest, intervals=intervals, training=training)
    write_manifest(folder, manifest)
    _forget_runs(folder)
    return manifest


def _run_path(folder: Path, member: int) -> Path:
    """What a finished member was trained with and how it went; there only until all members are."""
    return folder / f"run-{member}.json"


def _forget_runs(folder: Path) -> None:
    for path in folder.glob("run-*.json"):
        path.unlink()


def _kept(folder: Path, member: int, config: TrainConfig, network: RewardNetwork) -> dict[str, Any] | None:
    """How training went of a member that an interrupted run has finished; its weights are loaded."""
    path = _run_path(folder, member)
    if not path.exists():
        return None
    given, summary = json.loads(path.read_text())
    if given != json.loads(json.dumps(asdict(config))):
        raise ConfigError(f"{path} is of a run with other settings; remove it, or give the same settings")
    load_trained(network, load_file(weights_path(folder, member)))
    found: dict[str, Any] = summary
    return found


def _intervals(raw: NDArray[np.float32], rows_: Rows) -> Intervals:
    rewards, log_sd, _ = combine(raw)
    counts = np.isin(rows_.kinds, EVALUATES)
    if not counts.any():
        return Intervals()
    return fit(rewards[counts], log_sd[counts], rows_.labels[counts], rows_.has_context[counts])


def _main_process() -> bool:
    from accelerate.state import PartialState

    return bool(PartialState().is_main_process)
