"""`reachy-coach tasks`: what the robot can be asked to do; look at it, play it, picture it."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter, validators

from shared.errors import ConfigError
from tools.options import AsJson
from tools.task_names import task_names

if TYPE_CHECKING:
    from sim.playing import Choose, Played
    from sim.tasks import Task

app = App(name="tasks", help="What the robot can be asked to do.")

Split = Annotated[
    Literal["train", "held_out"], Parameter(help="Wordings and objects: trained on, or kept out.")
]


@app.command(name="list")
def list_(*, as_json: AsJson = False) -> int:
    """Every task: difficulty, time limit, wordings, and whether training learns it by default."""
    from rich.console import Console
    from rich.table import Table

    from sim.tasks import ALL_TASKS

    rows = [_row(task) for task in ALL_TASKS.values()]
    if as_json:
        return _json({"tasks": rows})
    table = Table("task", "hard", "decisions", "wordings", "trained", "for example")
    for row, task in zip(rows, ALL_TASKS.values(), strict=True):
        table.add_row(
            row["name"],
            str(row["difficulty"]),
            str(row["max_decisions"]),
            "{train} + {held_out}".format(**row["wordings"]),
            "held out whole" if row["held_out_whole"] else "by default" if row["default"] else "on request",
            task.phrases.train[0],
        )
    Console().print(table)
    return 0


@app.command
def show(name: str, *, as_json: AsJson = False) -> int:
    """One task: what is asked, what fails, its reward and all its wordings."""
    from sim.tasks import task_named

    task = task_named(name)
    if as_json:
        return _json(
            _row(task)
            | {
                "reward": vars(task.reward),
                "phrases": vars(task.phrases),
                "then": vars(task.then) if task.then else None,
            }
        )
    weights = ", ".join(f"{key} {value:+g}" for key, value in vars(task.reward).items() if value)
    lines = [
        f"{task.name}: difficulty {task.difficulty} of 5, at most {task.max_decisions} decisions",
        task.about,
        f"reward: {weights}",
        *([f"measured: {task.measures}"] if task.measures else []),
        *([f"in simulation only: {task.simulation_only}"] if task.simulation_only else []),
        "wordings:",
        *(f"  {phrase}" for phrase in task.phrases.train),
        "held out:",
        *(f"  {phrase}" for phrase in task.phrases.held_out),
    ]
    if task.then:
        lines += ["then:", *(f"  {phrase}" for phrase in task.then.train)]
        lines += ["then, held out:", *(f"  {phrase}" for phrase in task.then.held_out)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


@app.command
def play(
    name: str,
    *,
    policy: Annotated[
        Path | None, Parameter(help="A .bundle file that plays; the scripted expert if not given.")
    ] = None,
    out: Annotated[
        Path | None,
        Parameter(help="A picture instead of a window: .gif, .mp4, or .png or .webp of three moments."),
    ] = None,
    window: Annotated[bool, Parameter(help="Show it; --no-window only tells how it went.")] = True,
    split: Split = "train",
    seed: Annotated[int, Parameter(help="Of the episode.", validator=validators.Number(gte=0))] = 0,
    width: Annotated[
        int, Parameter(help="Of pictures [pixels].", validator=validators.Number(gte=16, lte=1280))
    ] = 480,
    height: Annotated[
        int, Parameter(help="Of pictures [pixels].", validator=validators.Number(gte=16, lte=960))
    ] = 360,
    as_json: AsJson = False,
) -> int:
    """Play one episode, by the scripted expert or by a policy, and tell how it went."""
    from shared.spaces import TICK_S
    from shared.tools import TOOLS
    from sim.playing import play as play_episode
    from sim.tasks import task_named

    task = task_named(name)
    if out is not None:
        from tools.task_pictures import check_ending

        check_ending(out)
        if out.suffix.lower() == ".mp4" and (width % 2 or height % 2):
            raise ConfigError(f"an MP4 of {width}x{height} pixels cannot be coded; both must be even")
    elif window:
        _need_screen()
    played = play_episode(task.name, _chooser(policy), seed=seed, split=split)
    if out is not None:
        from tools.task_pictures import write

        write(out, played, width=width, height=height)
    elif window:
        _show(played)
    told: dict[str, Any] = {
        "task": task.name,
        "instruction": played.spec.instruction,
        "then": [change.instruction for change in played.spec.changes],
        "success": played.success,
        "event": played.event,
        "decisions": [TOOLS[tool].name for tool in played.tools],
        "duration_s": round((len(played.joints) - 1) * TICK_S, 2),
        "reward": round(played.total, 3),
        "cost": round(played.cost, 4),
        "measure": None if math.isnan(played.measure) else round(played.measure, 4),
    }
    if as_json:
        return _json(told)
    outcome = "success" if played.success else "failure" if played.event else "out of decisions"
    asked = ", then ".join(f'"{words}"' for words in [told["instruction"], *told["then"]])
    sys.stdout.write(
        f"{asked}: {outcome}{': ' if played.event else ''}{played.event}\n"
        f"{len(played.tools)} decisions in {told['duration_s']} s: {' '.join(told['decisions'])}\n"
        f"reward {told['reward']}, limiter had to act on {played.cost:.1%} of the ticks\n"
    )
    if told["measure"] is not None:
        sys.stdout.write(f"{task.measures}: {told['measure']}\n")
    return 0


@app.command
def measure(
    folder: Path,
    *,
    tasks: Annotated[
        tuple[str, ...], Parameter(help="As look,find; all if not given.", consume_multiple=True)
    ] = (),
    episodes: Annotated[
        int, Parameter(help="Fresh resets of each task and split.", validator=validators.Number(gte=1))
    ] = 300,
    seed: Annotated[int, Parameter(help="Of the resets.", validator=validators.Number(gte=0))] = 21,
    as_json: AsJson = False,
) -> int:
    """Measure expert, random and cosine-only on every task; kept as `tasks.json` below a docs folder.

    `tasks docs` makes the table of it. Tasks that are not named keep what was measured before.
    """
    from tools.task_figures import measure_into

    _need_folder(folder)
    names = task_names(tasks) if tasks else None
    figures = measure_into(folder, names, episodes=episodes, seed=seed, tell=sys.stderr.write)
    if as_json:
        return _json(figures)
    from tools.task_figures import FILE

    sys.stdout.write(f"{folder / FILE}\n")
    return 0


@app.command
def docs(
    folder: Path,
    *,
    pictures: Annotated[bool, Parameter(help="Render the pictures, too.")] = True,
) -> int:
    """Write the docs page of all tasks, `tasks.md`, and its pictures below a docs folder."""
    from tools.task_pages import write

    _need_folder(folder)
    for path in write(folder, pictures=pictures):
        sys.stdout.write(f"{path}\n")
    return 0


def _row(task: Task) -> dict[str, Any]:
    from sim.tasks import TASKS
    from sim.tasks.benchmark import HELD_OUT_WHOLE
    from tools.task_pages import names_objects

    return {
        "name": task.name,
        "about": task.about,
        "difficulty": task.difficulty,
        "max_decisions": task.max_decisions,
        "wordings": {"train": len(task.phrases.train), "held_out": len(task.phrases.held_out)},
        "names_objects": names_objects(task),
        "default": task.name in TASKS,
        "held_out_whole": task.name in HELD_OUT_WHOLE,
        "measures": task.measures,
        "simulation_only": task.simulation_only,
    }


def _json(data: dict[str, Any]) -> int:
    json.dump(data, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 0


def _chooser(policy: Path | None) -> Choose:
    if policy is None:
        from sim.experts import expert

        return expert
    import numpy as np

    from shared.control.pilot import decide
    from tools.eval import load

    network, rng = load(policy), np.random.default_rng(0)

    def choose(_: Any, obs: Any) -> tuple[int, Any]:
        decision = decide(network(obs[None]), None, rng, True)
        return int(decision.tool[0]), decision.params[0]

    return choose


def _need_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}")


def _need_screen() -> None:
    from sim.env import has_screen

    if not has_screen():
        raise ConfigError("there is no screen for a window; name a picture: --out episode.gif")


def _show(played: Played) -> None:
    import time

    from shared.spaces import TICK_S
    from sim.window import Window

    shown = Window()
    try:
        for tick, joints in enumerate(played.joints):
            shown.show(joints, played.objects(tick))
            time.sleep(TICK_S)
    finally:
        shown.close()
