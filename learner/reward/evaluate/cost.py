"""What a model costs: time of one prediction, predictions a second, memory. Measured in a process of its own.

`python -m learner.reward.evaluate.cost SPEC DATA_DIR` is that process: it opens the model and answers orders
on stdin, one JSON line each. So several models can take turns on a noisy machine, each with its own memory.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from learner.reward.data.example import Example, from_dict
from learner.reward.model import Judgement, Remark
from shared.errors import ConfigError

FROZEN = "frozen-encoder"
"""The spec of the yardstick: MiniLM as it comes, float32 in PyTorch, with a linear head."""
BATCH = 64
_WARM = 8


class Judging(Protocol):
    """The part of a reward model that costs."""

    def judge(self, remarks: Sequence[Remark]) -> list[Judgement]:
        """One judgement a remark."""
        ...


class Worker:
    """A process with one model in it; use as a context manager through `worker`."""

    def __init__(self, process: subprocess.Popen[str], spec: str) -> None:
        self._process, self._spec = process, spec

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Send an order and wait for its answer.

        Raises:
            ConfigError: the process ended, or says what is wrong.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ConfigError(f"measuring {self._spec!r} ended with code {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ConfigError(f"measuring {self._spec!r}: {answer['error']}")
        return answer


@contextlib.contextmanager
def worker(
    spec: str, data_dir: Path, examples: Sequence[Example], threads: int = 1
) -> Iterator[tuple[Worker, dict[str, Any]]]:
    """A process that has opened the model and judged once, and what that took: `load_s`."""
    command = [sys.executable, "-m", "learner.reward.evaluate.cost", spec, str(data_dir)]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | one_thread,
    ) as process:
        try:
            told = Worker(process, spec)
            yield told, told.ask({"do": "open", "remarks": [_plain(e) for e in examples], "threads": threads})
        finally:
            process.kill()


def measure(
    spec: str, data_dir: Path, examples: Sequence[Example], singles: int, seconds: float
) -> dict[str, Any]:
    """Latency of `singles` single predictions [ms], predictions a second in batches over `seconds`, memory
    [MB]; on one thread, and the throughput on all cores as well."""
    # Once before: what a first use builds and keeps is not what serving costs.
    with worker(spec, data_dir, examples[:1]):
        pass
    with worker(spec, data_dir, examples) as (process, opened):
        singly = process.ask({"do": "single", "count": singles})
        batched = process.ask({"do": "batch", "seconds": seconds})
        after = process.ask({"do": "memory"})
    cores = os.cpu_count() or 1
    with worker(spec, data_dir, examples, cores) as (process, _):
        on_all = process.ask({"do": "batch", "seconds": seconds})
    return opened | {
        "single_ms": percentiles(singly["wall_ms"]),
        "single_cpu_ms": percentiles(singly["cpu_ms"]),
        **rates(batched["rows"], batched["wall_s"], batched["cpu_s"]),
        "cores": cores,
        "batch_per_s_on_all_cores": on_all["rows"] / on_all["wall_s"],
        **after,
        "load_average": os.getloadavg()[0],
    }


def rates(rows: int, wall_s: float, cpu_s: float) -> dict[str, float]:
    """Throughput by the clock and by the processor time that was really had."""
    return {"batch_per_s": rows / wall_s, "batch_per_cpu_s": rows / max(cpu_s, 1e-9)}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99."""
    return {f"p{p}": float(np.percentile(values, p)) for p in (50, 95, 99)}


def serve(spec: str, data_dir: Path) -> None:
    """Answer orders until stdin ends."""
    before, answers = _rss_mb(), sys.stdout
    model: Judging | None = None
    remarks: list[Remark] = []
    with contextlib.redirect_stdout(sys.stderr):  # whatever a library prints is no answer
        for line in sys.stdin:
            order = json.loads(line)
            answer: dict[str, Any]
            try:
                if order["do"] == "open":
                    remarks = [from_dict(given).remark() for given in order["remarks"]]
                    begun = time.perf_counter()
                    model = _open(spec, data_dir, order["threads"])
                    model.judge(remarks[:_WARM])
                    answer = {"load_s": time.perf_counter() - begun}
                elif model is None:
                    answer = {"error": "open first"}
                elif order["do"] == "single":
                    answer = _single(model, remarks, order["count"])
                elif order["do"] == "batch":
                    answer = _batch(model, remarks, order["seconds"])
                else:
                    answer = {"rss_mb": _rss_mb(), "rss_growth_mb": _rss_mb() - before}
            except Exception as error:  # told to the process that asked, which stops
                answer = {"error": f"{type(error).__name__}: {error}"}
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


def _open(spec: str, data_dir: Path, threads: int) -> Judging:
    if spec == FROZEN:
        from learner.reward.evaluate.frozen import FrozenModel

        return FrozenModel()
    from learner.reward.backends import open_model

    return open_model(spec, data_dir, threads=threads)


def _single(model: Judging, remarks: Sequence[Remark], count: int) -> dict[str, Any]:
    wall, cpu = [], []
    for i in range(count):
        some = [remarks[i % len(remarks)]]
        begun, cpu_begun = time.perf_counter(), time.process_time()
        model.judge(some)
        wall.append((time.perf_counter() - begun) * 1e3)
        cpu.append((time.process_time() - cpu_begun) * 1e3)
    return {"wall_ms": wall, "cpu_ms": cpu}


def _batch(model: Judging, remarks: Sequence[Remark], seconds: float) -> dict[str, Any]:
    rows, begun, cpu_begun = 0, time.perf_counter(), time.process_time()
    while True:
        model.judge([remarks[(rows + i) % len(remarks)] for i in range(BATCH)])
        rows += BATCH
        if time.perf_counter() - begun >= seconds:
            return {
                "rows": rows,
                "wall_s": time.perf_counter() - begun,
                "cpu_s": time.process_time() - cpu_begun,
            }


def _plain(example: Example) -> dict[str, Any]:
    return asdict(example) | {"ratings": ()}


def _rss_mb() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss / 1e6)


if __name__ == "__main__":
    serve(sys.argv[1], Path(sys.argv[2]))
