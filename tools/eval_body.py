"""Success of a policy on a body: the real agent plays, the learner hands out episodes and judges them."""

from __future__ import annotations

import contextlib
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robot_agent.config import DAEMON_PORT
from shared.errors import BodyError, BundleError
from shared.files import write_atomic
from tools.pairing import pair
from tools.parts import Part, Parts

if TYPE_CHECKING:
    from learner.evaluation import TaskScore

DAEMON_READY_S = 90.0
DAEMON = [
    "reachy-mini-daemon",
    "--sim",
    "--headless",
    "--no-media",
    "--scene",
    "empty",
    "--no-wake-up-on-start",
]
EPISODE_S = 60.0
"""An episode that takes longer than this on average means that something is stuck."""


def on_body(
    bundle: Path,
    body: str,
    tasks: Sequence[str],
    episodes: int,
    *,
    speed: float,
    eyes: str,
    start_daemon: bool,
    on_progress: Any,
) -> dict[str, TaskScore]:
    """Play episodes on a body with a policy's most likely actions and count successes.

    Everything runs as in service: a learner process, an agent with its guard and link, the same limits.

    Raises:
        BundleError: the bundle cannot be used.
        BodyError: no daemon, or nothing moves.
        CoachError: learner or agent ended.
    """
    with tempfile.TemporaryDirectory(prefix="reachy-coach-eval-") as name, contextlib.ExitStack() as stack:
        data_dir, robot_id = Path(name), f"eval-{uuid.uuid4().hex[:8]}"
        parts = stack.enter_context(Parts(data_dir / "logs"))
        if body == "reachy":
            ensure_daemon(parts, start_daemon)
        store = stack.enter_context(contextlib.closing(publish(bundle, data_dir)))
        pair(data_dir, robot_id)
        believe(bundle, data_dir, robot_id)
        api, wire = free_port(), free_port()
        settings = data_dir / "learner.toml"
        settings.write_text(f"tasks = {list(tasks)}\nheld_out_every = 0\nseed = 77\nunlock = []\n")
        common = ["--data-dir", str(data_dir)]
        ports = ["--port", str(api), "--wire-port", str(wire)]
        parts.start("learner", ["learner", "--config", str(settings), *common, *ports])
        flags = ["--robot-id", robot_id, "--learner", f"127.0.0.1:{wire}", "--deterministic", "--eyes", eyes]
        if body == "mujoco":
            flags += ["--speed", str(speed)]
        else:
            flags += ["--auto-arm"]  # whoever measures on it is there
        parts.start("agent", ["agent", "--body", body, *common, *flags])
        return count(parts, store, tasks, episodes, on_progress)


def publish(bundle: Path, data_dir: Path) -> Any:
    """A store whose only policy is the bundle's, once it has passed the sim gate.

    Raises:
        BundleError: the bundle cannot be used, or does not pass.
    """
    from learner.config import LearnerConfig
    from learner.gate import judge
    from learner.publishing import bundle_path, policy_row
    from learner.store import queries
    from learner.store.engine import Store
    from shared.bundle import read_bundle
    from sim.tasks import TASKS
    from tools.eval import load

    data = bundle.read_bytes()
    manifest = read_bundle(data).manifest
    verdict = judge(load(bundle), tuple(TASKS), seed=0)
    if not verdict.passed:
        raise BundleError(f"{bundle.name} does not pass the sim gate: {verdict.reason}")
    config = LearnerConfig(data_dir=data_dir)
    write_atomic(bundle_path(config.learner_dir, manifest.version), data)
    store = Store(config.store_path)
    row = policy_row(manifest, data, verdict)
    with store.write() as connection:
        queries.publish_policy(connection, row)
    return store


def believe(bundle: Path, data_dir: Path, robot_id: str) -> None:
    """Let a robot trust whoever signed this bundle: the person who names it vouches for it."""
    from robot_agent.config import AgentConfig
    from shared.bundle import read_bundle
    from shared.signing import trust

    signer = read_bundle(bundle.read_bytes()).signer
    trust(AgentConfig(robot_id=robot_id, data_dir=data_dir).state.signers, "bundle", signer)


def count(
    parts: Parts, store: Any, tasks: Sequence[str], episodes: int, on_progress: Any
) -> dict[str, TaskScore]:
    """Wait until every task has its episodes; the first `episodes` of each count."""
    from learner.store import queries

    began_s, moved_s, before = time.monotonic(), time.monotonic(), -1
    while True:
        parts.raise_if_ended()
        with store.read() as connection:
            found = {task: queries.outcomes(connection, task, last=100_000)[::-1] for task in tasks}
        done = sum(min(len(rows), episodes) for rows in found.values())
        on_progress(done, episodes * len(tasks))
        if done == episodes * len(tasks):
            return {task: task_score(task, rows[:episodes]) for task, rows in found.items()}
        if done != before:
            before, moved_s = done, time.monotonic()
        elif time.monotonic() - moved_s > EPISODE_S:
            raise BodyError(
                f"no episode ended for {EPISODE_S:.0f} s after {time.monotonic() - began_s:.0f} s; "
                f"the agent's log: {parts['agent'].last_words()}"
            )
        time.sleep(0.2)


def task_score(task: str, rows: Sequence[tuple[str, float | None]]) -> TaskScore:
    """Successes with Wilson's interval."""
    from learner.evaluation import TaskScore, wilson

    won = sum(outcome == "success" for outcome, _ in rows)
    returns = [value for _, value in rows if value is not None]
    low, high = wilson(won, len(rows))
    mean_return = sum(returns) / len(returns) if returns else 0.0
    return TaskScore(task, "train", len(rows), won, won / len(rows), low, high, float("nan"), mean_return)


def ensure_daemon(parts: Parts, start: bool) -> None:
    """Reachy Mini's daemon answers on this machine, started in simulation if that was asked for.

    Raises:
        BodyError: it does not.
    """
    if listening(DAEMON_PORT):
        return
    if not start:
        raise BodyError(
            f"no Reachy Mini daemon on port {DAEMON_PORT}; on a robot it runs by itself, in simulation start "
            f"it with --start-daemon, or by hand: {' '.join(DAEMON)}"
        )
    program = str(Path(sys.executable).with_name(DAEMON[0]))
    part: Part = parts.start_program("daemon", [program, *DAEMON[1:]])
    deadline = time.monotonic() + DAEMON_READY_S
    while not listening(DAEMON_PORT):
        if part.ended() or time.monotonic() > deadline:
            raise BodyError(f"the daemon did not start: {part.last_words()}")
        time.sleep(0.3)


def listening(port: int) -> bool:
    """Somebody accepts connections on this port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A TCP port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def progress_bar(console: Any) -> Iterator[Any]:
    """A bar of finished episodes; gives the function that moves it."""
    from rich.progress import Progress

    with Progress(console=console, transient=True) as bar:
        row = bar.add_task("episodes", total=None)
        yield lambda done, total: bar.update(row, completed=done, total=total)
