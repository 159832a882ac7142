"""A policy bundle as something that can be called: ONNX Runtime on one thread, without spinning."""

from __future__ import annotations

import time

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from shared.bundle import Bundle
from shared.control.pilot import OUTPUTS, PolicyOutput
from shared.errors import BundleError
from shared.spaces import OBS_DIM

F32 = NDArray[np.float32]

GOLDEN_TOLERANCE = 1e-4
"""Largest difference to the golden outputs, relative to 1 + their size."""
MAX_LATENCY_MS = 10.0
"""Half a tick."""
_LATENCY_RUNS = 30


class OnnxPolicy:
    """`shared.control.pilot.Policy` over an ONNX session.

    Raises:
        BundleError: ONNX Runtime cannot load it, or its inputs and outputs are not a policy's.
    """

    def __init__(self, onnx: bytes, version: int, limits_profile: float = 1.0) -> None:
        self.version, self.limits_profile = version, limits_profile
        options = onnxruntime.SessionOptions()
        # The default spins on every core between calls: a whole core at 50 Hz.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise BundleError(f"policy v{version}: ONNX Runtime cannot load it: {error}") from error
        names = {output.name for output in self._session.get_outputs()}
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or not names.issuperset(OUTPUTS):
            raise BundleError(
                f"policy v{version} has inputs {[i.name for i in inputs]} and outputs {sorted(names)}; "
                f"a policy has one input and the outputs {list(OUTPUTS)}"
            )
        self._input = inputs[0].name

    def __call__(self, obs: F32) -> PolicyOutput:
        """Evaluate (n, 512) float32."""
        return PolicyOutput(*self._session.run(OUTPUTS, {self._input: obs}))


def load_policy(bundle: Bundle) -> tuple[OnnxPolicy, float]:
    """A policy that has shown on this machine that it computes what its maker's machine computed, in time.

    Returns:
        The policy and its median latency at batch 1 [ms].

    Raises:
        BundleError: golden vectors differ, numbers are not finite, or it is too slow.
    """
    version = bundle.manifest.version
    policy = OnnxPolicy(bundle.onnx, version, bundle.manifest.limits_profile)
    golden = bundle.manifest.golden_outputs
    try:
        output = policy(bundle.manifest.golden_obs)
    except Exception as error:
        raise BundleError(f"policy v{version} cannot be evaluated on its golden vectors: {error}") from error
    for name in OUTPUTS:
        found, expected = getattr(output, name), golden[name]
        if found.shape != expected.shape or not np.isfinite(found).all():
            raise BundleError(f"policy v{version}: {name} has shape {found.shape} or is not finite")
        worst = float((np.abs(found - expected) / (1.0 + np.abs(expected))).max())
        if worst > GOLDEN_TOLERANCE:
            raise BundleError(f"policy v{version}: {name} differs from its golden vectors by {worst:.2g}")
    latency_ms = median_latency_ms(policy)
    if latency_ms > MAX_LATENCY_MS:
        raise BundleError(
            f"policy v{version} takes {latency_ms:.1f} ms; at most {MAX_LATENCY_MS} ms are left"
        )
    return policy, latency_ms


def median_latency_ms(policy: OnnxPolicy, runs: int = _LATENCY_RUNS) -> float:
    """Median wall time of one evaluation at batch 1 [ms]."""
    obs = np.zeros((1, OBS_DIM), np.float32)
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        policy(obs)
        times.append(time.perf_counter() - begun)
    return float(np.median(times) * 1e3)
