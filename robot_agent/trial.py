"""A policy's trial in a process that is thrown away: whatever happens there, the robot's processes live on.

The child reads the bundle from a file descriptor, gives itself tight limits, checks everything that can be
checked (signature, contents, golden vectors, time) and answers with one JSON object on its standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from robot_agent.inference import load_policy
from robot_agent.inspection import inspect_network
from shared.bundle import MAX_BUNDLE, read_bundle
from shared.child import die_with
from shared.errors import BundleError, CoachError, UnknownSigner

TIMEOUT_S = 30.0
"""For all of it, the start of a process included."""
CPU_S = 20
MEMORY = 1024 * 1024 * 1024
"""Bytes of address space."""
_MAX_ANSWER = 4096
_NICE = 10


@dataclass(frozen=True)
class Passed:
    """What a trial found out."""

    latency_ms: float
    """Processor time of one evaluation."""


def examine(data: bytes, version: int, trusted: Collection[bytes]) -> Passed:
    """Every check there is, in this process: signature, contents, golden vectors, time.

    Raises:
        BundleError: it must not be used; says why.
    """
    bundle = read_bundle(data, trusted)
    if bundle.manifest.version != version:
        raise BundleError(f"bundle v{bundle.manifest.version} was announced as v{version}")
    inspect_network(bundle.onnx)
    return Passed(load_policy(bundle)[1])


def try_out(data: bytes, version: int, trusted: Collection[bytes], timeout_s: float = TIMEOUT_S) -> Passed:
    """`examine` in a process of its own.

    Raises:
        UnknownSigner: signed with a key that is not among the trusted ones.
        BundleError: it must not be used, or did not live through its trial.
    """
    with os.fdopen(os.memfd_create("bundle"), "w+b") as source:
        source.write(data)
        source.flush()
        keys = [key.hex() for key in trusted]
        question = {"fd": source.fileno(), "version": version, "trusted": keys, "parent": os.getpid()}
        process = subprocess.Popen(
            [sys.executable, "-m", "robot_agent.trial", json.dumps(question)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(source.fileno(),),
        )
    with process:
        try:
            answer = _read(process, time.monotonic() + timeout_s)
        finally:
            process.kill()
    if answer is None:
        raise BundleError(f"policy v{version} was not through its trial after {timeout_s:.0f} s")
    try:
        found = json.loads(answer)
        passed, reason, latency_ms = found["passed"], str(found["reason"]), float(found["latency_ms"])
    except (ValueError, KeyError, TypeError):
        raise BundleError(f"policy v{version} ended its trial: {_end_of(process)}") from None
    if passed is not True:
        raise (UnknownSigner if found.get("unknown_signer") else BundleError)(reason)
    return Passed(latency_ms)


def _read(process: subprocess.Popen[bytes], deadline: float) -> bytes | None:
    """What the child writes until it closes its output, capped; None when time is up."""
    assert process.stdout is not None
    answer, pipe = b"", process.stdout.fileno()
    while len(answer) < _MAX_ANSWER:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        part = os.read(pipe, _MAX_ANSWER)
        if not part:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
            break
        answer += part
    return answer


def _end_of(process: subprocess.Popen[bytes]) -> str:
    code = process.returncode
    return (
        f"the process ended with {signal.Signals(-code).name}"
        if code < 0
        else f"no answer, exit status {code}"
    )


def _confine() -> None:
    """Limits of this process, set once all trusted code is loaded and before the bundle is read."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    highest = max(int(path.name) for path in Path("/proc/self/fd").iterdir()) + 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))


def main(question: str) -> int:
    """The child: examine the bundle in the given descriptor, and answer."""
    import onnx  # noqa: F401  # before this process may open files no more

    asked = json.loads(question)
    die_with(asked["parent"])
    os.nice(_NICE)
    answer = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer
    _confine()
    size = os.fstat(asked["fd"]).st_size
    data = os.pread(asked["fd"], min(size, MAX_BUNDLE + 1), 0)
    reason, unknown, latency_ms = "", False, 0.0
    try:
        trusted = {bytes.fromhex(key) for key in asked["trusted"]}
        latency_ms = examine(data, asked["version"], trusted).latency_ms
    except (CoachError, MemoryError) as error:
        reason = str(error) or "it needs more memory than there is for a policy"
        unknown = isinstance(error, UnknownSigner)
    found = {
        "passed": not reason,
        "reason": reason[:1000],
        "unknown_signer": unknown,
        "latency_ms": latency_ms,
    }
    os.write(answer, json.dumps(found).encode()[:_MAX_ANSWER])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
