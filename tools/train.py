"""`reachy-coach train`: learning in simulation alone, with a progress bar; goes on where it was left."""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from platformdirs import user_data_path

if TYPE_CHECKING:
    from learner.trainer import Progress, Trainer

EXIT_INTERRUPTED = 130


def train(
    *,
    run: Annotated[str, Parameter(help="Name of the run; a run of that name goes on.")] = "sim",
    data_dir: Annotated[Path | None, Parameter(help="Where runs are kept.")] = None,
    updates: Annotated[int, Parameter(help="PPO updates in all.")] = 20,
    episodes: Annotated[
        int | None, Parameter(help="Stop once every task has had so many episodes, demonstrations included.")
    ] = None,
    demos: Annotated[bool, Parameter(negative="--no-demos", help="Begin with a few demonstrations.")] = True,
    seed: Annotated[int, Parameter(help="Everything random follows from it.")] = 0,
    threads: Annotated[int, Parameter(help="For the physics.")] = 1,
    fresh: Annotated[bool, Parameter(negative=(), help="Refuse to go on with a run that exists.")] = False,
    tensorboard: Annotated[bool, Parameter(help="Write TensorBoard logs beside the checkpoints.")] = True,
    test_episodes: Annotated[
        int, Parameter(help="Fresh resets of each task that the result is measured on; 0 = skip.")
    ] = 200,
    as_json: Annotated[bool, Parameter("--json", negative=(), help="Print one JSON object.")] = False,
) -> int:
    """Train in simulation; Ctrl-C saves, and the same line goes on."""
    from rich.console import Console

    from learner.rl.config import TrainConfig
    from learner.trainer import Trainer
    from shared.errors import ConfigError

    folder = (data_dir or user_data_path("reachy-coach")) / "runs" / run
    if fresh and any(folder.glob("checkpoint-*.pt")):
        raise ConfigError(f"the run {folder} exists; choose another --run, or leave --fresh out to go on with it")
    config = TrainConfig(seed=seed, threads=threads)
    if not demos:
        config = replace(config, demonstrations=0)
    console = Console(stderr=True)
    board = TensorBoard(folder / "tensorboard") if tensorboard else None
    bar = Bar(console, updates)
    interrupted = Interrupt()
    with interrupted, bar:
        trainer = Trainer(config, folder, reporters=(bar, board) if board else (bar,))

        def stop() -> bool:
            enough = episodes is not None and min(trainer.counters.episodes.values()) >= episodes
            return interrupted.asked or enough

        trainer.run(stop, updates)
    if interrupted.asked:
        console.print(f"saved after update {trainer.counters.updates}; go on with: {' '.join(command_line())}")
        return EXIT_INTERRUPTED
    result = summary(trainer, folder, test_episodes, seed, threads, console if not as_json else None)
    if as_json:
        print(json.dumps(result))
    return 0


def summary(
    trainer: Trainer, folder: Path, test_episodes: int, seed: int, threads: int, console: Any
) -> dict[str, Any]:
    """What the run came to: counters, and success beside the baselines on fresh resets of both splits."""
    from learner.evaluation import CosinePolicy, RandomPolicy, evaluate, table, to_json

    counters = trainer.counters
    result: dict[str, Any] = {"folder": str(folder), "counters": asdict(counters), "test": {}}
    if not test_episodes:
        return result
    tasks = tuple(dict.fromkeys(trainer.config.tasks))
    for split in ("train", "held_out"):
        scores = {
            name: evaluate(
                policy, tasks, episodes=test_episodes, split=split, seed=2_000_000 + seed, threads=threads
            )
            for name, policy in (
                ("random", RandomPolicy(seed)),
                ("cosine only", CosinePolicy()),
                ("learned", trainer.model.snapshot()),
            )
        }
        result["test"][split] = to_json(scores)
        if console is not None:
            wording = "known wordings" if split == "train" else "held-out wordings and objects"
            console.print(table(scores, f"success on {test_episodes} fresh resets a task, {wording}"))
    return result


def command_line() -> list[str]:
    """The line that was typed."""
    return [Path(sys.argv[0]).name, *sys.argv[1:]]


class Interrupt:
    """Turns the first Ctrl-C or SIGTERM into a request; the second one ends at once."""

    asked = False

    def __enter__(self) -> Interrupt:
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class Bar:
    """A line that follows the training."""

    def __init__(self, console: Any, updates: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("update"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("train", total=updates, figures="warm start")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, progress: Progress) -> None:
        """Show the newest figures."""
        shown = {task: score.success for task, score in progress.validation.items()} or progress.success
        figures = [f"{sum(progress.counters.episodes.values())} episodes"]
        figures += [f"{task} {value:.2f}" for task, value in shown.items()]
        figures += [f"reward {progress.reward:+.2f}", f"{progress.decisions_per_s:.0f}/s"]
        if progress.stats is not None:
            figures.append(f"KL {progress.stats.approx_kl:.3f}")
        self._progress.update(
            self._task, completed=progress.counters.updates, figures="  ".join(figures), refresh=True
        )


class TensorBoard:
    """Writes every figure of every update."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder))

    def __call__(self, progress: Progress) -> None:
        """Write one update's figures."""
        now = time.time()
        for name, value in progress.figures().items():
            self._writer.add_scalar(name, value, progress.counters.updates, walltime=now)
        self._writer.flush()
