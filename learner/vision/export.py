"""From a trained network to the folder that the robot reads."""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from learner.vision.network import Exported, Network
from shared.sight.network import Detector, Manifest, write_detector
from sim.images import HEIGHT, WIDTH
from sim.shots import NAMES

OPSET = 17
TOLERANCE = 1e-3


def export(
    network: Network, names: int, folder: Path, threshold: float, training: dict[str, Any]
) -> Manifest:
    """Write the detector and try it: it must say what the network says.

    Raises:
        RuntimeError: it does not.
    """
    graph = to_onnx(network)
    manifest = Manifest(
        names=NAMES[:names],
        width=WIDTH,
        height=HEIGHT,
        threshold=threshold,
        sha256=hashlib.sha256(graph).hexdigest(),
        training=training,
    )
    write_detector(folder, graph, manifest)
    frames = np.random.default_rng(0).integers(0, 256, (2, HEIGHT, WIDTH, 3), np.uint8)
    there = Detector(folder).maps(frames)
    with torch.no_grad():
        here = Exported(network)(torch.from_numpy(frames))
    worst = max(float((h - torch.from_numpy(t)).abs().max()) for h, t in zip(here, there, strict=True))
    if not worst <= TOLERANCE:
        raise RuntimeError(f"the exported graph differs from the network by {worst:.2g}")
    return manifest


def to_onnx(network: Network) -> bytes:
    """frames (n, HEIGHT, WIDTH, 3) uint8 -> heat, geometry, as `shared.sight.network` runs it."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the exporter by tracing is deprecated; the other one wants onnxscript
        torch.onnx.export(
            Exported(network).eval(),
            (torch.zeros(1, HEIGHT, WIDTH, 3, dtype=torch.uint8),),
            buffer,  # type: ignore[arg-type]
            input_names=["frames"],
            output_names=["heat", "geometry"],
            dynamic_axes={"frames": {0: "n"}, "heat": {0: "n"}, "geometry": {0: "n"}},
            opset_version=OPSET,
            dynamo=False,
        )
    return buffer.getvalue()
