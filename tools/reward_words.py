"""`reachy-coach reward words`: does a policy learn from words alone? Simulated raters, the real path."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter, validators
from rich.console import Console
from rich.table import Table

from tools.options import AsJson, DataDir, Positive


def words(
    *,
    tasks: Annotated[
        tuple[str, ...], Parameter(help="One environment in turn each; look thrice: it takes longest.")
    ] = ("look", "look", "look", "nod", "shake"),
    arms: Annotated[
        tuple[Literal["task", "words", "both"], ...], Parameter(help="Which rewards to compare.")
    ] = ("words", "task", "both"),
    seeds: Annotated[int, Parameter(validator=Positive, help="How many runs of each.")] = 3,
    episodes: Annotated[
        int, Parameter(validator=Positive, help="Of each run, over all tasks, demonstrations included.")
    ] = 600,
    demos: Annotated[
        int, Parameter(validator=validators.Number(gte=0), help="Demonstrations that all arms begin with.")
    ] = 3,
    model: Annotated[str, Parameter(help="The reward model that reads the words.")] = "minilm",
    plot: Annotated[Path | None, Parameter(help="Draw the curves into this file (.png, .svg).")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Train policies on what simulated people say, on the task's reward, and on both; compare their success.

    The raters only speak: wordings and styles that no reward model was trained on, with the delay of a human
    reaction, about some of what they see. Their words are stored, scored, credited and learnt from as a
    person's are. Synthetic: it shows that the path works, not what people would achieve.
    """
    from learner.config import load_learner_config
    from learner.reward.backends import open_model
    from learner.spoken.experiment import Plan, Run, document, run_all, summary
    from sim.tasks import task_named

    for task in tasks:
        task_named(task)
    config = load_learner_config(None, {"data_dir": data_dir})
    opened = open_model(model, config.data_dir)
    plan = Plan(tasks=tasks, arms=arms, seeds=tuple(range(seeds)), episodes=episodes, demonstrations=demos)
    console = Console(stderr=True)

    def told(run: Run) -> None:
        shown = "  ".join(f"{task} {run.before[task]:.2f} → {value:.2f}" for task, value in run.after.items())
        console.print(
            f"{run.arm}, seed {run.seed}: {shown}  "
            f"({sum(run.episodes.values())} episodes, {run.remarks} remarks, {run.seconds:.0f} s)",
            highlight=False,
        )

    with tempfile.TemporaryDirectory(prefix="reachy-coach-words-") as folder:
        runs = run_all(plan, opened, Path(folder), told)
    if plot is not None:
        from learner.spoken.plot import draw

        draw(runs, plot)
    if as_json:
        sys.stdout.write(json.dumps(document(plan, runs, opened.version), indent=2) + "\n")
        return 0
    table = Table(title="success on 200 fresh resets, mean over seeds [95 %]")
    names = list(dict.fromkeys(tasks))
    for column in ("reward", "", *names):
        table.add_column(column, justify="right" if column in names else "left")
    for arm, rows in summary(runs).items():
        for when in ("before", "after"):
            table.add_row(arm, when, *(_cell(rows[task][when]) for task in names))
    Console().print(table)
    return 0


def _cell(found: dict[str, float | None]) -> str:
    low, high = found["low"], found["high"]
    return (
        f"{found['mean']:.2f}"
        if low is None or high is None
        else f"{found['mean']:.2f} [{low:.2f}, {high:.2f}]"
    )
