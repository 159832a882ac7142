"""`reachy-coach lesson tempo`: from "too fast" to the right tempo, attempt by attempt; simulated people."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter, validators

from tools.options import AsJson, DataDir, Positive


def tempo(
    *,
    arms: Annotated[
        tuple[Literal["words", "network", "reward", "taps", "random", "ignore"], ...],
        Parameter(help="Who takes the lessons.", consume_multiple=True),
    ] = ("words", "network", "reward", "taps", "random", "ignore"),
    seeds: Annotated[int, Parameter(validator=Positive, help="How many sets of lessons.")] = 3,
    lessons: Annotated[
        int, Parameter(validator=Positive, help="Lessons of a set: a wish, a first tempo, a person each.")
    ] = 20,
    attempts: Annotated[
        int, Parameter(validator=validators.Number(gte=2), help="Attempts of a lesson, the first included.")
    ] = 10,
    model: Annotated[str, Parameter(help="The reward model that reads the words.")] = "minilm",
    plot: Annotated[
        Path | None, Parameter(help="Draw the errors into this file (.png, .svg).", show_default=False)
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Let simulated people who want a nod or a shake of the head at a tempo of 1.4 to 1.9 cycles a second say
    what is wrong with each attempt, and measure how far off the next one is.

    `words` moves the gesture's parameter by the direction and the reward that the words have. `network` is a
    policy network cloned on its own attempts with the tempo that the words ask for. `reward` and `taps` learn
    only how much was liked. `random` and `ignore` do not listen. The error is relative: 0.1 is 10 % off.
    People are simulated: it shows that the path works, not what people would achieve.
    """
    from rich.console import Console

    from learner.config import load_learner_config
    from learner.lessons.tempo import Plan, Run, document, run_all, summary
    from learner.reward.backends import open_model

    config = load_learner_config(None, {"data_dir": data_dir})
    opened = open_model(model, config.data_dir)
    plan = Plan(arms=tuple(arms), seeds=tuple(range(seeds)), lessons=lessons, attempts=attempts)
    console = Console(stderr=True)

    def told(run: Run) -> None:
        first, last = (sum(row[k] for row in run.error) / len(run.error) for k in (0, -1))
        console.print(
            f"{run.arm}, seed {run.seed}: error {first:.3f} → {last:.3f}  ({run.seconds:.0f} s)",
            highlight=False,
        )

    runs = run_all(plan, opened, told)
    if plot is not None:
        from learner.lessons.plot import draw_tempo

        draw_tempo(runs, plot)
    if as_json:
        sys.stdout.write(json.dumps(document(plan, runs, opened.version), indent=2) + "\n")
        return 0
    _print(summary(runs), attempts)
    return 0


def _print(found: dict[str, dict[str, Any]], attempts: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="relative error of the tempo, mean [95 %]; simulated people")
    shown = sorted({k for k in (1, 2, 3, 5, 10) if k <= attempts} | {attempts})
    for column in ("", *(f"attempt {k}" for k in shown), "halved at the last", "attempts until halved"):
        table.add_column(column, justify="right" if column else "left")
    for arm, row in found.items():
        cells = [
            f"{row['error'][k - 1]:.3f} [{row['error_low'][k - 1]:.3f}, {row['error_high'][k - 1]:.3f}]"
            for k in shown
        ]
        median = row["attempts_until_halved_median"]
        table.add_row(
            arm, *cells, f"{row['halved_at_last']:.0%}", "never" if median is None else f"{median:g}"
        )
    Console().print(table)
