"""`reachy-coach demo`: learner, trainer, pages and a simulated robot on this machine, over the real link."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators

from shared.errors import CoachError
from tools.pairing import pair
from tools.parts import Part, Parts, get_json, lan_address

PORT = validators.Number(gte=1, lte=65535)
TASKS = ("look", "nod", "shake")
MAX_EPISODES = 299
"""Of each task, demonstrations included."""
READY_S = 120.0
DRAIN_S = 15.0


class DemoError(CoachError):
    """The demo could not do its job; the message names the log to read."""

    exit_code = 1


def demo(
    *,
    exit: Annotated[bool, Parameter(help="End after the table instead of going on.", negative="")] = False,
    as_json: Annotated[
        bool, Parameter(name="--json", help="Print the result as JSON on stdout.", negative="")
    ] = False,
    demos: Annotated[bool, Parameter(help="Ten scripted demonstrations first; without, PPO alone.")] = True,
    resets: Annotated[
        int,
        Parameter(help="Fresh resets of each task that are measured.", validator=validators.Number(gte=1)),
    ] = 200,
    minutes: Annotated[
        float, Parameter(help="Train for at most so long [min].", validator=validators.Number(gt=0))
    ] = 8.0,
    versions: Annotated[int, Parameter(help="Train on until so many policies were active on the robot.")] = 5,
    seed: Annotated[int, Parameter(help="Of training and resets.")] = 0,
    speed: Annotated[float, Parameter(help="The simulated robot's speed, times real time.")] = 1.0,
    robot_id: Annotated[str, Parameter(help="Names the simulated robot.")] = "demo",
    data_dir: Annotated[Path, Parameter(help="Where everything is kept; a run found there goes on.")] = Path(
        "runs/demo"
    ),
    fresh: Annotated[bool, Parameter(help="Throw away what an earlier run left in --data-dir.")] = False,
    host: Annotated[
        str, Parameter(help="Address to listen on; 0.0.0.0 lets your phone in, 127.0.0.1 does not.")
    ] = "0.0.0.0",  # noqa: S104
    port: Annotated[int, Parameter(help="TCP port of page and API.", validator=PORT)] = 8080,
    wire_port: Annotated[int, Parameter(help="TCP port of the link to the robot.", validator=PORT)] = 5557,
) -> int:
    """The whole loop on this machine: a simulated Reachy Mini learns to look, to nod and to shake its head.

    Starts learner, trainer, page and one robot agent as separate processes that talk over real sockets,
    prints a link for your phone, shows progress, and measures before and after on fresh resets. Ctrl-C ends
    everything; the same command goes on where it was.
    """
    from rich.console import Console

    from learner.evaluation import table, to_json
    from tools.demo_view import View

    console = Console(stderr=as_json)
    data_dir = data_dir.resolve()
    if fresh:
        clear(data_dir)
    started_s = time.monotonic()
    with Parts(data_dir / "logs") as parts:
        try:
            pair(data_dir, robot_id)
            start_learner(parts, data_dir, host, port, wire_port)
            base = f"http://127.0.0.1:{port}"
            shown = f"http://{lan_address() if host == '0.0.0.0' else host}:{port}"  # noqa: S104
            view = View(console, shown, data_dir, TASKS)
            view.welcome()
            start_trainer(parts, data_dir, seed, demos)
            start_agent(parts, data_dir, robot_id, wire_port, speed)
            # The untrained policy is measured while training runs: physics releases the interpreter.
            before = Later(lambda: measure(untrained(seed), resets, "train", seed))
            with view.live():
                reached = watch(parts, view, base, minutes * 60.0, versions)
            result: dict[str, Any] = {
                "reached_goal": reached,
                "wall_s": round(time.monotonic() - started_s, 1),
                "demonstrations": 10 if demos else 0,
                "training": training_report(get_json(f"{base}/api/v1/summary")),
            }
            console.print(f"measuring {resets} fresh resets of each task...")
            path, policy = newest_policy(data_dir)
            scores = {
                "before": before.result(),
                "after": measure(policy, resets, "train", seed + 1),
                "after_held_out_phrasings": measure(policy, resets, "held_out", seed + 2),
            }
            rows = {"untrained": scores["before"], "trained": scores["after"]}
            rows["trained, held out"] = scores["after_held_out_phrasings"]
            console.print(table(rows, f"success on {resets} fresh resets of each task [Wilson 95 %]"))
            result |= to_json(scores)
            result["policy_version"] = int(path.stem)
            result["robot"] = robot_report(parts, data_dir, robot_id, base, stop_agent=exit)
            view.closing(result)
            if as_json:
                json.dump(result, sys.stdout, indent=2)
                print()
            if not exit:
                with view.live():
                    watch(parts, view, base, None, 0)
        finally:
            console.print("ending robot, trainer and learner...", style="dim")
    return 0


class Later:
    """Something computed in the background that Ctrl-C need not wait for."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._value = self._function()

    def result(self) -> Any:
        """Wait for it."""
        self._thread.join()
        return self._value


def clear(data_dir: Path) -> None:
    """Remove an earlier demo run, and nothing else.

    Raises:
        DemoError: the folder holds something that is not a demo's.
    """
    known = {"learner", "robot", "logs"}
    if data_dir.exists():
        strange = sorted(path.name for path in data_dir.iterdir() if path.name not in known)
        if strange:
            raise DemoError(
                f"{data_dir} holds {strange[0]!r}, which no demo wrote; choose another --data-dir"
            )
        shutil.rmtree(data_dir)


def start_learner(parts: Parts, data_dir: Path, host: str, port: int, wire_port: int) -> None:
    """Start the learner and wait until it answers.

    Raises:
        DemoError: it ended or does not answer.
    """
    flags = ["--host", host, "--port", str(port), "--wire-port", str(wire_port)]
    part = parts.start("learner", ["learner", "--data-dir", str(data_dir), *flags])
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if part.ended():
            raise DemoError(f"the learner did not start: {part.last_words()}")
        with contextlib.suppress(OSError):
            get_json(f"http://127.0.0.1:{port}/readyz")
            return
        time.sleep(0.1)
    raise DemoError(f"the learner does not answer after {READY_S:.0f} s; read {part.log}")


def start_trainer(parts: Parts, data_dir: Path, seed: int, demos: bool) -> Part:
    """Training beside the learner process, through the store that both share."""
    flags = ["--data-dir", str(data_dir), "--seed", str(seed)]
    flags += ["--max-episodes", str(MAX_EPISODES)] if demos else ["--demos", "0"]
    return parts.start("trainer", ["train", "--with-learner", *flags])


def start_agent(parts: Parts, data_dir: Path, robot_id: str, wire_port: int, speed: float) -> Part:
    """The robot: its agent, and the simulated body as one more process."""
    flags = ["--robot-id", robot_id, "--learner", f"127.0.0.1:{wire_port}", "--speed", str(speed)]
    return parts.start("agent", ["agent", "--body", "mujoco", "--data-dir", str(data_dir), *flags])


def watch(parts: Parts, view: Any, base: str, limit_s: float | None, versions: int) -> bool:
    """Show progress until training is done or time is up; for ever without a limit. True if the goal was
    reached.

    Raises:
        DemoError: a part ended.
    """
    started_s = time.monotonic()
    while True:
        parts.raise_if_ended(DemoError)
        with contextlib.suppress(OSError):
            summary = get_json(f"{base}/api/v1/summary")
            view.update(summary)
            if limit_s is not None and trained(summary, versions):
                return figure(summary, "charts/goal_reached") > 0
        if limit_s is not None and time.monotonic() - started_s > limit_s:
            return False
        time.sleep(0.5)


def trained(summary: dict[str, Any], versions: int) -> bool:
    """True when validation met the goal on every task and enough policies were active on the robot, or the
    budget of episodes is spent and the robot has caught up."""
    runs = summary["policy"]["active_on_robots"].values()
    if figure(summary, "charts/budget_spent") > 0:
        return all(summary["policy"]["published"] in found for found in runs)
    enough = sum(len(found) for found in runs) >= versions
    return figure(summary, "charts/goal_reached") > 0 and enough


def figure(summary: dict[str, Any], name: str) -> float:
    """A figure that the trainer told last; 0 before the first."""
    return float(summary["metrics"].get(name, {"value": 0.0})["value"])


def untrained(seed: int) -> Any:
    """The network before its first update."""
    import torch

    from learner.rl.networks import ActorCritic, NetworkConfig

    torch.manual_seed(seed)
    return ActorCritic(NetworkConfig()).snapshot()


def newest_policy(data_dir: Path) -> tuple[Path, Any]:
    """The newest published policy, run as the robot runs it."""
    from tools.eval import load, newest_bundle

    path = newest_bundle(data_dir)
    return path, load(path)


def measure(policy: Any, resets: int, split: Any, seed: int) -> Any:
    """Success on fresh resets of each task."""
    from learner.evaluation import evaluate

    return evaluate(policy, TASKS, episodes=resets, split=split, seed=10_000 + seed)


def robot_report(
    parts: Parts, data_dir: Path, robot_id: str, base: str, *, stop_agent: bool
) -> dict[str, Any]:
    """What the link and the guard have to show for themselves.

    With `stop_agent` the robot is ended first and its last records are waited for, so that nothing is in
    flight when records are counted.
    """
    from learner.config import LearnerConfig
    from learner.store import queries
    from learner.store.engine import Store

    summary = get_json(f"{base}/api/v1/summary")
    robot = next(row for row in summary["robots"] if row["robot_id"] == robot_id)
    with contextlib.closing(Store(LearnerConfig(data_dir=data_dir).store_path)) as store:
        if stop_agent:
            parts["agent"].end()
            settle(store)
        with store.read() as connection:
            missing = queries.count_missing(connection, robot_id)
            stored = queries.count_steps(connection)
    active = summary["policy"]["active_on_robots"]
    return {
        "policies_active": sum(len(found) for found in active.values()),
        "transitions_stored": stored,
        "transitions_missing": missing,
        "transitions_lost_in_ring": robot["lost"],
        "limit_violations_applied": robot["violations_applied"],
        "link_lag_p95_ms": summary["link"]["lag_p95_ms"],
        "episodes": {task: row["episodes"] for task, row in summary["tasks"].items()},
        "success_rate": {task: row["success_rate"] for task, row in summary["tasks"].items()},
    }


def settle(store: Any) -> None:
    """Wait until no new records have come for a second."""
    from learner.store import queries

    deadline = time.monotonic() + DRAIN_S
    before, since = -1, time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < 1.0:
        with store.read() as connection:
            now = queries.count_steps(connection)
        if now != before:
            before, since = now, time.monotonic()
        time.sleep(0.1)


def training_report(summary: dict[str, Any]) -> dict[str, Any]:
    """Episodes and validation as the trainer last told them."""
    metrics = {name: row["value"] for name, row in summary["metrics"].items()}
    return {
        "episodes": {task: metrics.get(f"charts/episodes_{task}") for task in TASKS},
        "validation": {task: metrics.get(f"validation/{task}") for task in TASKS},
        "feedback": summary["feedback"],
        "taste_model": summary["taste"],
    }
