"""`reachy-coach train`: learning in simulation, or beside a learner process; goes on where it was left."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, validators

from shared.errors import ConfigError
from tools.options import AsJson, Positive
from tools.task_names import task_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from learner.progress import Progress
    from learner.rl.config import TrainConfig
    from learner.store.engine import Store
    from learner.trainer import Trainer
    from shared.control.pilot import Policy

EXIT_INTERRUPTED = 130
DEFAULT_UPDATES = 20
DEMONSTRATIONS_A_TASK = 3


def train(
    *,
    run: Annotated[str, Parameter(help="Name of the run; a run of that name goes on.")] = "sim",
    data_dir: Annotated[
        Path | None, Parameter(help="Where runs, and the learner's things, are kept.")
    ] = None,
    with_learner: Annotated[
        bool,
        Parameter(
            negative="", help="Share the learner's store: learn from robots and people, publish policies."
        ),
    ] = False,
    updates: Annotated[
        int | None, Parameter(validator=Positive, help="PPO updates in all; 20, or no end --with-learner.")
    ] = None,
    episodes: Annotated[
        int | None,
        Parameter(validator=Positive, help="Stop once every task has had so many, demonstrations included."),
    ] = None,
    max_episodes: Annotated[
        int,
        Parameter(
            validator=validators.Number(gte=0),
            help="Episodes of any task to reach the goal in; then the best policy so far. 0 = any number.",
        ),
    ] = 0,
    tasks: Annotated[
        tuple[str, ...],
        Parameter(
            consume_multiple=True,
            help="What to learn, as look,find,slowly; look, nod and shake if not given. A task named twice "
            "gets twice the environments.",
        ),
    ] = (),
    demos: Annotated[
        int | None,
        Parameter(
            validator=validators.Number(gte=0),
            help="Episodes of a scripted expert that a run begins with; 0 = PPO alone. Ten, or three "
            "a task, unless given.",
        ),
    ] = None,
    seed: Annotated[int, Parameter(help="Everything random follows from it.")] = 0,
    threads: Annotated[int, Parameter(validator=Positive, help="For the physics.")] = 1,
    randomise: Annotated[
        bool,
        Parameter(
            negative="",
            help="Each episode in a body, with noise, a camera and a detector's errors of its own.",
        ),
    ] = False,
    tensorboard: Annotated[bool, Parameter(help="Write TensorBoard logs beside the checkpoints.")] = True,
    test_episodes: Annotated[
        int, Parameter(help="Fresh resets of each task that the result is measured on; 0 = skip.")
    ] = 200,
    as_json: AsJson = False,
) -> int:
    """Train the policy. Ctrl-C saves; the same line goes on."""
    from rich.console import Console

    from learner.config import load_learner_config
    from learner.progress import Reporter
    from learner.reporting import StoreMetrics, TensorBoard
    from learner.rl.config import TrainConfig
    from learner.store.engine import Store
    from learner.tooling.places import take_up
    from learner.tooling.store import ToolStore
    from learner.trainer import Trainer

    base = load_learner_config(None, {"data_dir": data_dir})
    take_up(ToolStore(base.tools_dir))
    folder = base.learner_dir / "training" if with_learner else base.data_dir / "runs" / run
    config = with_tasks(TrainConfig(seed=seed, threads=threads, max_episodes=max_episodes), tasks)
    config = replace(config, randomise=randomise)
    if demos is not None:
        config = replace(config, demonstrations=demos)
    if updates is None and not with_learner:
        updates = DEFAULT_UPDATES
    console = Console(stderr=True)
    interrupted = Interrupt()
    with ExitStack() as stack:
        stack.enter_context(interrupted)
        reporters: list[Reporter] = [stack.enter_context(Bar(console, updates))]
        if tensorboard:
            reporters.append(TensorBoard(folder / "tensorboard"))
        store: Store | None = None
        if with_learner:
            store = Store(base.store_path)
            stack.callback(store.close)
            reporters.append(StoreMetrics(store))
        trainer = Trainer(config, folder, store, base.learner_dir, reporters=tuple(reporters))
        refuse_other_tasks(trainer)

        def stop() -> bool:
            enough = episodes is not None and min(trainer.counters.episodes.values()) >= episodes
            return interrupted.asked or enough

        trainer.run(stop, updates)
    if interrupted.asked:
        console.print(f"saved after update {trainer.counters.updates}; go on with: {command_line()}")
        return EXIT_INTERRUPTED
    result = {"folder": str(folder), "counters": asdict(trainer.counters)}
    if test_episodes:
        result["test"] = test(trainer, test_episodes, None if as_json else console)
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
    return 0


def with_tasks(config: TrainConfig, typed: Sequence[str]) -> TrainConfig:
    """The configuration for the tasks that were typed, with three demonstrations and an environment for each
    at least; as it is where none were.

    Raises:
        UnknownTask: there is no such task.
    """
    if not typed:
        return config
    names = task_names(typed)
    return replace(
        config,
        tasks=names,
        num_envs=max(config.num_envs, len(names)),
        demonstrations=max(config.demonstrations, DEMONSTRATIONS_A_TASK * len(set(names))),
    )


def refuse_other_tasks(trainer: Trainer) -> None:
    """A run that was begun with some tasks goes on with these.

    Raises:
        ConfigError: it is asked to go on with others.
    """
    learnt = tuple(trainer.counters.episodes)
    if set(learnt) != set(trainer.config.task_names):
        raise ConfigError(
            f"the run in {trainer.folder} learns {', '.join(learnt)}, not "
            f"{', '.join(trainer.config.task_names)}: name another --run, or --tasks {','.join(learnt)}"
        )


def test(trainer: Trainer, episodes: int, console: Any) -> dict[str, Any]:
    """Success of the run's best policy beside the baselines, on fresh resets of both splits."""
    from learner.evaluation import CosinePolicy, RandomPolicy, evaluate, table, to_json

    config = trainer.config
    tasks = config.task_names
    policies: dict[str, Policy] = {
        "random": RandomPolicy(config.seed),
        "cosine only": CosinePolicy(),
        "learned": trainer.best_policy(),
    }
    result = {}
    for split, wording in (("train", "known wordings"), ("held_out", "held-out wordings and objects")):
        scores = {
            name: evaluate(
                policy,
                tasks,
                episodes=episodes,
                split=split,  # type: ignore[arg-type]
                seed=2_000_000 + config.seed,
                threads=config.threads,
            )
            for name, policy in policies.items()
        }
        result[split] = to_json(scores)
        if console is not None:
            console.print(table(scores, f"success on {episodes} fresh resets a task, {wording}"))
    return result


def command_line() -> str:
    """The line that was typed."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]])


class Interrupt:
    """Turns the first Ctrl-C or SIGTERM into a request; a second one ends at once."""

    asked = False

    def __enter__(self) -> Interrupt:
        self._before = {
            number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class Bar:
    """A line that follows the training."""

    def __init__(self, console: Any, updates: int | None) -> None:
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
