"""`reachy-coach reward evaluate`: how good the reward models are, as one page and as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators
from rich.console import Console
from rich.table import Table

from tools.options import DataDir

DEFAULT_MODELS = ("minilm",)


def evaluate(
    *,
    model: Annotated[
        tuple[str, ...],
        Parameter(
            help="Reward models to measure; give it again for more. The targets count for the first.",
            negative="",
        ),
    ] = DEFAULT_MODELS,
    out: Annotated[
        Path | None,
        Parameter(
            help="Folder for report.html and report.json; a new one below the data folder unless given."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        Parameter(
            validator=validators.Number(gte=20),
            help="At most so many test examples a source: a look, not figures to quote.",
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: Annotated[
        bool, Parameter(name="--json", help="The whole report as one JSON object on stdout.", negative="")
    ] = False,
) -> int:
    """Measure reward models on held-out data beside baselines, and say which targets are met; minutes.

    Writes report.html, one page without anything from elsewhere, and report.json with every figure. People's
    ratings (of tweets, reviews, films and editorials) and synthetic robot feedback are never mixed. Needs the
    data of `reachy-coach reward data build`.
    """
    from learner.config import load_learner_config
    from learner.reward.evaluate.evaluation import Plan
    from learner.reward.evaluate.evaluation import evaluate as measure
    from learner.reward.evaluate.page import render
    from shared.files import write_atomic
    from tools.bench import machine

    home = load_learner_config(None, {"data_dir": data_dir}).data_dir
    plan = Plan(tuple(dict.fromkeys(model)) or DEFAULT_MODELS, limit)
    with Console(stderr=True).status("reading the data") as status:
        found = measure(home, plan, machine(), status.update)
        status.update("drawing")
        page = render(found)
    folder = out or home / "reward" / "reports" / found["made"]["at"].replace(":", "-")
    text = json.dumps(found, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    write_atomic(folder / "report.json", text.encode())
    write_atomic(folder / "report.html", page.encode())
    if as_json:
        sys.stdout.write(text)
        return 0
    console = Console()
    table = Table("target", "asked", "found", "", title="targets")
    for row in found["targets"]:
        value = f"{row['value']:.3f}" if "value" in row else "–"
        told = row["status"] + (f" by {row['missed_by']:.3f}" if row["status"] == "missed" else "")
        table.add_row(f"{row['what']} ({row['rated']})", row["target"], value, told)
    console.print(table)
    console.print(f"report: {folder / 'report.html'}", soft_wrap=True, highlight=False)
    return 0
