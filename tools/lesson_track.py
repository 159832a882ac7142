"""`reachy-coach lesson track`: following a moving object with the eyes, learnt from demonstrations."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from tools.options import AsJson, Positive


def track(
    *,
    demonstrations: Annotated[
        tuple[int, ...],
        Parameter(validator=Positive, help="How many episodes are shown, to compare.", consume_multiple=True),
    ] = (1, 3, 10),
    seeds: Annotated[
        int, Parameter(validator=Positive, help="Networks of each, with demonstrations of their own.")
    ] = 5,
    episodes: Annotated[
        int, Parameter(validator=Positive, help="Fresh resets that each is measured on, train and held-out.")
    ] = 100,
    plot: Annotated[
        Path | None, Parameter(help="Draw similarities into this file (.png, .svg).", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Clone networks on demonstrations of smooth tracking by the scripted expert, and measure how like
    somebody who never looks away they follow, with objects and in words that were not shown.

    Similarity is 1 minus a normalised dynamic time warping distance, from 0 to 1, up to where an episode
    ends. Success is to follow for 8 s without losing the object and without a jump. Beside the networks: the
    expert, and networks that were shown nothing.
    """
    from rich.console import Console

    from learner.lessons.track import Plan, Run, document, run_all, summary

    plan = Plan(demonstrations=tuple(demonstrations), seeds=tuple(range(seeds)), episodes=episodes)
    console = Console(stderr=True)

    def told(run: Run) -> None:
        shown = "  ".join(
            f"{split} {run.similarity[split]:.3f} ({run.success[split]:.2f})" for split in run.similarity
        )
        console.print(f"{run.who}, seed {run.seed}: {shown}  ({run.seconds:.0f} s)", highlight=False)

    runs = run_all(plan, told)
    if plot is not None:
        from learner.lessons.plot import draw_track

        draw_track(runs, plot)
    if as_json:
        sys.stdout.write(json.dumps(document(plan, runs), indent=2) + "\n")
        return 0
    _print(summary(runs))
    return 0


def _print(found: dict[str, dict[str, Any]]) -> None:
    from itertools import product

    from rich.console import Console
    from rich.table import Table

    from sim.tasks.base import SPLITS

    figures = list(product(SPLITS, ("similarity", "success")))
    table = Table(title="following a moving object, mean over seeds [95 %]")
    for column in ("demonstrations", "decisions"):
        table.add_column(column)
    for split, what in figures:
        table.add_column(f"{what}, {split.replace('_', '-')}", justify="right")
    for who, row in found.items():
        shown = f"{row['rows']:.0f}" if row["rows"] else ""
        table.add_row(who, shown, *(_cell(row[split][what]) for split, what in figures))
    Console().print(table)


def _cell(found: dict[str, float | None]) -> str:
    low, high = found["low"], found["high"]
    interval = "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
    return f"{found['mean']:.3f}{interval}"
