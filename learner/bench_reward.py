"""`reachy-coach bench reward`: what a prediction of the default reward model costs, beside its bare encoder.

The yardstick is MiniLM at float32 in PyTorch with a linear head: what the frozen encoder with ridge costs.
Both run in processes of their own, one thread each, and take turns round after round, so that a noisy machine
is noisy for both.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from learner.evaluation import median_interval
from learner.reward.backends import DEFAULT
from learner.reward.data.corpus.generate import SMALLEST, generate
from learner.reward.data.example import Example
from learner.reward.evaluate.cost import BATCH, FROZEN, Worker, percentiles, rates, worker


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int = 12
    singles: int = 100
    """Single predictions a round."""
    seconds: float = 2.0
    """Of batches a round."""


def bench_reward(quick: bool = False, model: str = DEFAULT, data_dir: Path | None = None) -> dict[str, Any]:
    """Latency [ms], predictions a second, memory [MB] and their ratios.

    Args:
        quick: three short rounds: a look, not figures to quote.
        model: as `learner.reward.backends.open_model` takes it.
        data_dir: where the merged model is kept; None: for this run only.
    """
    size = Size(3, 20, 0.5) if quick else Size()
    remarks = [e for e in generate(SMALLEST) if e.split == "test" and e.language == "en"]
    with tempfile.TemporaryDirectory(prefix="reachy-coach-bench-") as folder:
        home = data_dir or Path(folder)
        with worker(model, home, remarks[:1]):
            pass  # what a first use builds and keeps is not what serving costs
        return side_by_side(model, home, remarks, size)


def side_by_side(model: str, home: Path, remarks: list[Example], size: Size) -> dict[str, Any]:
    """Both take turns, each in its own process."""
    with worker(model, home, remarks) as (ours, opened), worker(FROZEN, home, remarks) as (frozen, loaded):
        both = {"ours": ours, "frozen": frozen}
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in both}
        for turn in range(size.rounds):
            # Another order each round: none always follows the other.
            for name in sorted(both, reverse=bool(turn % 2)):
                found[name].append(_round(both[name], size))
        memory = {name: process.ask({"do": "memory"}) for name, process in both.items()}
    return {
        "config": {**asdict(size), "batch": BATCH, "threads": 1, "model": model},
        "ours": _told(found["ours"]) | opened | memory["ours"],
        "frozen": _told(found["frozen"]) | loaded | memory["frozen"],
        "frozen_over_ours_single_p50": _ratio(found, lambda r: r["single_ms"]["p50"]),
        "frozen_over_ours_single_cpu_p50": _ratio(found, lambda r: r["single_cpu_ms"]["p50"]),
        "ours_over_frozen_batch": _ratio(found, lambda r: 1.0 / r["batch_per_s"]),
        "ours_over_frozen_batch_cpu": _ratio(found, lambda r: 1.0 / r["batch_per_cpu_s"]),
        "load_average": os.getloadavg()[0],
    }


def _round(process: Worker, size: Size) -> dict[str, Any]:
    single = process.ask({"do": "single", "count": size.singles})
    batch = process.ask({"do": "batch", "seconds": size.seconds})
    return {
        "wall_ms": single["wall_ms"],
        "cpu_ms": single["cpu_ms"],
        "single_ms": percentiles(single["wall_ms"]),
        "single_cpu_ms": percentiles(single["cpu_ms"]),
        **rates(batch["rows"], batch["wall_s"], batch["cpu_s"]),
    }


def _told(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Over all rounds: percentiles of every prediction, median throughput."""
    return {
        "single_ms": percentiles([ms for row in rows for ms in row["wall_ms"]]),
        "single_cpu_ms": percentiles([ms for row in rows for ms in row["cpu_ms"]]),
        "batch_per_s": float(np.median([row["batch_per_s"] for row in rows])),
        "batch_per_cpu_s": float(np.median([row["batch_per_cpu_s"] for row in rows])),
    }


def _ratio(
    found: dict[str, list[dict[str, Any]]], cost: Callable[[dict[str, Any]], float]
) -> dict[str, float]:
    """Cost of the yardstick in units of ours, within each round; `low` and `high` are the median's 95 %
    bootstrap interval."""
    ratios = np.array([cost(b) / cost(a) for a, b in zip(found["ours"], found["frozen"], strict=True)])
    low, high = median_interval(ratios)
    return {"median": float(np.median(ratios)), "low": low, "high": high}
