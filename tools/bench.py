"""`reachy-coach bench NAME`: figures with units, the configuration and the machine, as a table or as JSON."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from shared import __version__
from shared.errors import BodyError, ConfigError
from tools.options import AsJson


@dataclass(frozen=True)
class Bench:
    """Where a bench lives and how to shorten it."""

    target: str
    """`module:function`; gives a JSON-ready mapping."""
    quick: Mapping[str, Any]
    """Arguments for a look instead of figures to quote."""


BENCHES: dict[str, Bench] = {
    "sim": Bench("sim.bench:bench_sim", {"quick": True}),
    "train": Bench("learner.bench_train:bench_train", {"quick": True}),
    "policy": Bench("robot_agent.bench:bench_policy", {"seconds": 4.0}),
    "stop": Bench("robot_agent.bench_stop:bench_stop", {"presses": 150, "standstills": 9}),
    "hang": Bench("robot_agent.bench_hang:bench_hang", {"trials": 50}),
    "limiter": Bench("robot_agent.bench_limiter:bench_limiter", {"ticks": 20_000}),
    "ood": Bench("learner.bench_ood:bench_ood", {"quick": True}),
    "reward": Bench("learner.bench_reward:bench_reward", {"quick": True}),
}

Name = Literal["sim", "train", "policy", "stop", "hang", "limiter", "ood", "reward"]


def bench(
    name: Annotated[Name, Parameter(help="What to measure.")],
    /,
    *,
    quick: Annotated[
        bool, Parameter(help="Shorter runs: a look, not a figure to quote.", negative="")
    ] = False,
    presses: Annotated[int | None, Parameter(help="Of `stop`: how many presses.")] = None,
    trials: Annotated[int | None, Parameter(help="Of `hang`: how many faults.")] = None,
    ticks: Annotated[int | None, Parameter(help="Of `limiter`: how many setpoints.")] = None,
    body: Annotated[
        Literal["mujoco", "reachy"], Parameter(help="Of `stop`: the body; `reachy` is its daemon's.")
    ] = "mujoco",
    start_daemon: Annotated[
        bool, Parameter(help="With `--body reachy`: start the daemon in simulation.", negative="")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Measure, and print figures with units, the configuration and the machine.

    A comparison's ratio is measured side by side in the same run.

    - sim: env ticks/s against bare physics, with the error [mm, deg] that the settings cost
    - train: training steps/s end to end, against Stable-Baselines3 on the same env
    - policy: latency [ms] of the exported policy on one core, free-running and paced at 50 Hz
    - stop: time [ms] from a press to the latch, to the first braking setpoint and to standstill; with
      `--body reachy` on Reachy Mini's daemon, with the first setpoint's jump [deg] when it is enabled
    - hang: time [ms] from a policy that hangs, or repeats itself, to a guard that brakes
    - limiter: violations of any limit under adversaries and a search, ticks/s of the shield
    - ood: faults of sensors noticed within 10 ticks, false alarms an hour, cost [us] of an update
    - reward: latency [ms], predictions/s and memory [MB] of the reward model, against its bare encoder
    """
    chosen = BENCHES[name]
    function = load(chosen.target)
    given = {"presses": presses, "trials": trials, "ticks": ticks}
    sizes = {key: size for key, size in given.items() if size is not None}
    for key, size in sizes.items():
        if key not in inspect.signature(function).parameters:
            raise ConfigError(f"bench {name} has no --{key}")
        if size < 1:
            raise ConfigError(f"--{key} {size}: give at least 1")
    if body == "reachy" and name != "stop":
        raise ConfigError(f"bench {name} has no --body reachy; `stop` has")
    if start_daemon and body != "reachy":
        raise ConfigError("--start-daemon goes with --body reachy")
    with contextlib.ExitStack() as stack:
        if body == "reachy":
            sizes["daemon_port"] = stack.enter_context(daemon(start_daemon))
        figures = function(**(dict(chosen.quick) if quick else {}) | sizes)
    document = {"bench": name, "quick": quick, "machine": machine(), "figures": figures}
    if as_json:
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        Console().print(table(document))
    return 0


@contextlib.contextmanager
def daemon(start: bool) -> Iterator[int]:
    """The port of a Reachy Mini daemon on this machine; one that was started for it ends with the block.

    Raises:
        BodyError: none answers, or it does not start.
    """
    from robot_agent.config import DAEMON_PORT
    from robot_agent.daemon import ask_daemon
    from tools.eval_body import DAEMON, DAEMON_READY_S, free_port
    from tools.parts import Parts

    if not start:
        try:
            ask_daemon(DAEMON_PORT)
        except BodyError as error:
            raise BodyError(f"{error}; --start-daemon starts one in simulation") from None
        yield DAEMON_PORT
        return
    port, deadline = free_port(), time.monotonic() + DAEMON_READY_S
    program = str(Path(sys.executable).with_name(DAEMON[0]))
    with tempfile.TemporaryDirectory(prefix="reachy-coach-bench-") as logs, Parts(Path(logs)) as parts:
        part = parts.start_program("daemon", [program, *DAEMON[1:], "--fastapi-port", str(port)])
        while not _runs(port):
            if part.ended() or time.monotonic() > deadline:
                raise BodyError(f"the daemon did not start: {part.last_words()}")
            time.sleep(0.3)
        yield port


def _runs(port: int) -> bool:
    from robot_agent.daemon import ask_daemon

    try:
        return ask_daemon(port).state == "running"
    except BodyError:
        return False


def load(target: str) -> Callable[..., Mapping[str, Any]]:
    """Import `module:function`."""
    module, _, attribute = target.partition(":")
    function: Callable[..., Mapping[str, Any]] = getattr(importlib.import_module(module), attribute)
    return function


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "cpu": cpu_model(),
        "cores": len(usable_cores()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "reachy_coach": __version__,
        "packages": {
            package: found
            for package in ("numpy", "mujoco", "torch", "onnxruntime", "stable-baselines3")
            if (found := installed(package))
        },
    }


def usable_cores() -> set[int]:
    """The cores that this process may run on."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's own name; the architecture where the system does not tell."""
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() in {"model name", "Model"}:
                return value.strip()
    return platform.processor() or platform.machine()


def installed(package: str) -> str | None:
    """Version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def table(document: Mapping[str, Any]) -> Table:
    """Figures one a row, nested ones as dotted names."""
    where = document["machine"]
    caption = f"{where['cpu']}, {where['cores']} cores, Python {where['python']}"
    out = Table("figure", "value", title=f"bench {document['bench']}", caption=caption)
    for name, value in flatten(document["figures"]):
        out.add_row(name, f"{value:.4g}" if isinstance(value, float) else str(value))
    return out


def flatten(value: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """`{"a": {"b": 1}}` -> `[("a.b", 1)]`; lists of plain values stay whole."""
    if isinstance(value, Mapping):
        return [
            row
            for key, inner in value.items()
            for row in flatten(inner, f"{prefix}.{key}" if prefix else str(key))
        ]
    if isinstance(value, list) and any(isinstance(inner, Mapping) for inner in value):
        return [row for i, inner in enumerate(value) for row in flatten(inner, f"{prefix}.{i}")]
    return [(prefix, value)]
