"""What the detector costs: time of a frame on one core, memory; and a guess for the robot's own computer.

`python -m learner.vision.cost FOLDER FRAMES` measures in a process of its own and prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from shared.errors import ConfigError
from shared.sight.network import GRAPH, SHIPPED, Detector

CAMERA = (720, 1280)
"""Rows and columns of the robot's frames."""
CM4_MACS_PER_S = (1.5e9, 3.0e9)
"""Multiplications that one core of the robot's computer (Cortex-A72 at 1.5 GHz) may do in a second: a
quarter to a half of what its vector unit can do at best, four a cycle. An estimate, not measured."""


def measure(folder: Path = SHIPPED, frames: int = 200) -> dict[str, Any]:
    """Figures of a fresh process, on one thread; milliseconds, megabytes."""
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-m", "learner.vision.cost", str(folder), str(frames)],
        capture_output=True,
        text=True,
        env=os.environ | one_thread,
        check=False,
    )
    if done.returncode != 0:
        raise ConfigError(f"measuring the detector's cost failed: {done.stderr.strip()[-300:]}")
    macs = multiplications(folder)
    slow, fast = CM4_MACS_PER_S
    found: dict[str, Any] = json.loads(done.stdout)
    return found | {
        "macs": macs,
        "file_mb": (folder / GRAPH).stat().st_size / 1e6,
        "cm4_estimate_ms": [1e3 * macs / fast, 1e3 * macs / slow],
    }


def multiplications(folder: Path) -> int:
    """In the convolutions, for one frame."""
    import onnx

    model = onnx.shape_inference.infer_shapes(onnx.load(folder / GRAPH))
    weights = {one.name: tuple(one.dims) for one in model.graph.initializer}
    known = [*model.graph.value_info, *model.graph.output]
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in known}
    total = 0
    for node in model.graph.node:
        if node.op_type == "Conv":
            _, channels, rows, columns = shapes[node.output[0]]
            total += channels * rows * columns * int(np.prod(weights[node.input[1]][1:]))
    return total


def _memory_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024.0
    return float("nan")


def _main(folder: Path, frames: int) -> None:
    before = _memory_mb()
    detector = Detector(folder)
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (detector.manifest.height, detector.manifest.width, 3), np.uint8)
    large = rng.integers(0, 256, (*CAMERA, 3), np.uint8)
    found: dict[str, Any] = {}
    for name, frame in (("frame", small), ("camera_frame", large)):
        for _ in range(5):
            detector(frame)
        wall, cpu = [], []
        for _ in range(frames):
            begun, used = time.perf_counter(), time.thread_time()
            detector(frame)
            wall.append(1e3 * (time.perf_counter() - begun))
            cpu.append(1e3 * (time.thread_time() - used))
        for kind, values in (("ms", wall), ("cpu_ms", cpu)):
            found[f"{name}_{kind}"] = {f"p{p}": float(np.percentile(values, p)) for p in (50, 95)}
    found["memory_mb"], found["memory_before_mb"] = _memory_mb(), before
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
