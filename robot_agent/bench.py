"""`reachy-coach bench policy`: what inference and the whole agent cost, paced as they run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from robot_agent.bench_rig import in_memory
from robot_agent.bundles import BundleFolder
from robot_agent.config import AgentConfig
from robot_agent.files import RuntimeFiles
from robot_agent.frames import PolicyState, size, unpack
from robot_agent.inference import OnnxPolicy
from robot_agent.processes import settings
from robot_agent.rehearsal import RehearsalLearner, empty_task, random_bundle, random_policy
from shared.bundle import read_bundle
from shared.clock import Ratekeeper
from shared.signing import trust
from shared.slots import Slot
from shared.spaces import OBS_DIM, TICK_S

WARM_UP = 50
_HERTZ = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def bench_policy(seconds: float = 20.0, bundle: Path | None = None) -> dict[str, Any]:
    """Measure inference alone and inside a running agent on the MuJoCo body.

    Args:
        seconds: length of each of the two paced runs.
        bundle: a policy bundle; a random network of the usual size (512-256-256) if absent.

    Returns:
        Latencies [ms], shares of one core [%], memory [MiB], and how they were taken.
    """
    onnx = random_policy() if bundle is None else read_bundle(bundle.read_bytes()).onnx
    policy = OnnxPolicy(onnx, 1)
    free = _free_running(policy, 2000)
    paced, core_percent = _paced(policy, seconds)
    return {
        "network": "random 512-256-256" if bundle is None else str(bundle),
        "free_p50_ms": _percentile(free, 50),
        "free_p99_ms": _percentile(free, 99),
        "paced_hz": 1.0 / TICK_S,
        "paced_p50_ms": _percentile(paced, 50),
        "paced_p99_ms": _percentile(paced, 99),
        "paced_core_percent": core_percent,
        "agent": bench_agent(seconds, bundle),
    }


def bench_agent(seconds: float, bundle: Path | None = None) -> dict[str, Any]:
    """CPU [% of a core] and memory [MiB] of every process of an agent that works on the MuJoCo body."""
    with _running_agent(bundle) as (learner, runtime, pids):
        before = {name: _cpu_s(pid) for name, pid in pids.items()}
        decisions, begun = len(learner.records), time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - begun
        processes = {
            name: {
                "core_percent": round(100.0 * (_cpu_s(pid) - before[name]) / elapsed, 2),
                "rss_mib": round(_rss_mib(pid), 1),
            }
            for name, pid in pids.items()
        }
        found = Slot(runtime.policy, size(PolicyState)).read()
        policy = unpack(PolicyState, found[1]) if found else None
        status = learner.status
        return {
            "seconds": round(elapsed, 1),
            "decisions": len(learner.records) - decisions,
            "infer_p50_ms": policy.infer_p50_ms if policy else None,
            "infer_p99_ms": policy.infer_p99_ms if policy else None,
            "violations_applied": status.violations_applied if status else None,
            "lost": status.lost if status else None,
            "processes": processes,
        }


@contextmanager
def _running_agent(bundle: Path | None) -> Any:
    """An agent that decides, its learner, its runtime files, and the pids of its processes."""
    with in_memory() as runtime, tempfile.TemporaryDirectory(prefix="reachy-coach-bench-") as name:
        folder = Path(name)
        episodes = iter(range(10**9))
        learner = RehearsalLearner(
            folder / "learner.key", tasks=lambda: empty_task(f"e{next(episodes)}", max_decisions=15)
        )
        config = AgentConfig(robot_id="bench", data_dir=folder, runtime_dir=runtime)
        config = replace(config, learner=f"127.0.0.1:{learner.port}", learner_key=str(folder / "learner.pub"))
        data = random_bundle(1) if bundle is None else bundle.read_bytes()
        checked = read_bundle(data)
        trust(config.state.signers, "bench", checked.signer)
        BundleFolder(config.state.bundles).keep(checked.manifest.version, data)
        command = [sys.executable, "-m", "robot_agent.main", settings(config)]
        agent = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        try:
            if not learner.wait(lambda: len(learner.records) >= 2, 60.0):
                raise TimeoutError("the agent did not begin to decide within a minute")
            yield learner, config.runtime, {"supervisor": agent.pid, **_pids(config.runtime)}
        finally:
            agent.terminate()
            agent.wait()
            learner.close()


def _free_running(policy: OnnxPolicy, runs: int) -> list[float]:
    obs = np.random.default_rng(0).normal(size=(1, OBS_DIM)).astype(np.float32)
    times = []
    for _ in range(WARM_UP + runs):
        begun = time.perf_counter()
        policy(obs)
        times.append(time.perf_counter() - begun)
    return times[WARM_UP:]


def _paced(policy: OnnxPolicy, seconds: float) -> tuple[list[float], float]:
    """Latencies at one evaluation a tick, and the share of a core [%] that the loop took."""
    obs = np.random.default_rng(0).normal(size=(1, OBS_DIM)).astype(np.float32)
    keeper, times = Ratekeeper(TICK_S), []
    cpu_s, begun_s = time.process_time(), time.monotonic()
    for _ in range(round(seconds / TICK_S)):
        begun = time.perf_counter()
        policy(obs)
        times.append(time.perf_counter() - begun)
        keeper.wait()
    used = (time.process_time() - cpu_s) / (time.monotonic() - begun_s)
    return times, round(100.0 * used, 2)


def _percentile(times_s: list[float], share: float) -> float:
    return round(float(np.percentile(times_s, share)) * 1e3, 4)


def _pids(runtime: RuntimeFiles) -> dict[str, int]:
    pids: dict[str, int] = json.loads(runtime.processes.read_text())
    return pids


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _HERTZ


def _rss_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20
