"""A policy bundle as something that can be called: ONNX Runtime on one thread, without spinning."""

from __future__ import annotations

import time

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from shared.bundle import Bundle
from shared.control.pilot import OUTPUTS, PolicyOutput, decide
from shared.errors import BundleError, PolicyError
from shared.spaces import NUM_PARAMS, NUM_TOOLS, OBS_DIM, normaliser

F32 = NDArray[np.float32]

GOLDEN_TOLERANCE = 1e-4
"""Largest difference to the golden outputs, relative to 1 + their size."""
MAX_LATENCY_MS = 10.0
"""Half a tick."""
_LATENCY_RUNS = 30
_PROBES = 9
HUGE = 1000.0
"""Largest number that a policy may give. Trained ones stay below 15."""
MAX_LOG_STD = 2.0
"""Training keeps it below 0.5; at 2 a sample is seven times the range of a parameter."""


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
        The policy and the processor time that one evaluation at batch 1 takes, median [ms].

    Raises:
        BundleError: golden vectors differ, numbers are huge or not finite, it answers everything alike, or it
            is too slow.
    """
    version = bundle.manifest.version
    policy = OnnxPolicy(bundle.onnx, version, bundle.manifest.limits_profile)
    golden = bundle.manifest.golden_outputs
    output = _answers(policy, bundle.manifest.golden_obs, "its golden vectors")
    for name in OUTPUTS:
        found, expected = getattr(output, name), golden[name]
        worst = float((np.abs(found - expected) / (1.0 + np.abs(expected))).max())
        if worst > GOLDEN_TOLERANCE:
            raise BundleError(f"policy v{version}: {name} differs from its golden vectors by {worst:.2g}")
    _answers(policy, probes()[:1], "one observation")
    probed = _answers(policy, probes(), "ordinary observations")
    if not any(np.ptp(array, axis=0).max() > 0.0 for array in (probed.tool_logits, probed.param_mean)):
        raise BundleError(f"policy v{version} answers every observation alike: it does not look at them")
    latency_ms = median_cpu_ms(policy)
    if latency_ms > MAX_LATENCY_MS:
        raise BundleError(
            f"policy v{version} takes {latency_ms:.1f} ms; at most {MAX_LATENCY_MS} ms are left"
        )
    return policy, latency_ms


def probes() -> F32:
    """(9, 512): observations of ordinary size, the first of them all zeros."""
    offset, scale = normaliser()
    x = np.random.default_rng(1).standard_normal((_PROBES, OBS_DIM), np.float32)
    x[0] = -offset / scale
    return (x * scale + offset).astype(np.float32)


def check_numbers(output: PolicyOutput) -> None:
    """Whether anything can be done with these numbers.

    Raises:
        PolicyError: NaN, infinity, or beyond anything that training gives.
    """
    for name in OUTPUTS:
        worst = float(np.abs(getattr(output, name)).max(initial=0.0))
        if not worst <= HUGE:
            raise PolicyError(f"the policy's {name} reaches {worst:.3g}; at most {HUGE:.0f} can be meant")
    widest = float(output.param_log_std.max(initial=-np.inf))
    if widest > MAX_LOG_STD:
        raise PolicyError(
            f"the policy's param_log_std reaches {widest:.3g}; beyond {MAX_LOG_STD} it acts at random"
        )


def _answers(policy: OnnxPolicy, obs: F32, what: str) -> PolicyOutput:
    try:
        output = policy(obs)
        n = len(obs)
        shapes = ((n, NUM_TOOLS), (n, NUM_TOOLS, NUM_PARAMS), (NUM_TOOLS, NUM_PARAMS), (n,))
        for name, shape in zip(OUTPUTS, shapes, strict=True):
            if (found := getattr(output, name).shape) != shape:
                raise PolicyError(f"{name} has shape {found}, not {shape}")
        check_numbers(output)
        decide(output, None, np.random.default_rng(0))
    except Exception as error:
        raise BundleError(f"policy v{policy.version} fails on {what}: {str(error)[:300]}") from error
    return output


def median_cpu_ms(policy: OnnxPolicy, runs: int = _LATENCY_RUNS) -> float:
    """Median processor time of one evaluation at batch 1 [ms]; a busy machine does not make it longer."""
    obs = np.zeros((1, OBS_DIM), np.float32)
    times = []
    for _ in range(runs):
        begun = time.thread_time()
        policy(obs)
        times.append(time.thread_time() - begun)
    return float(np.median(times) * 1e3)
