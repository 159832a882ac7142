"""`reachy-coach coordinate`: what a command comes to, goal by goal; playing it; measuring the planner."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter, validators

from shared.errors import ConfigError
from tools.options import AsJson
from tools.speakers import WHO, Kind, Model, Timeout, Url, speaker

if TYPE_CHECKING:
    from learner.coordinator.goals import Known, Plan
    from learner.coordinator.planner import Planner
    from learner.coordinator.playing import Performance
    from learner.coordinator.skills import Ready

app = App(name="coordinate", help="Split commands into goals, play them in simulation, measure it.")

OBJECTS = ("rubber duck", "apple", "book", "coffee mug")

PlannerKind = Annotated[
    Kind,
    Parameter(help=f"{WHO} Where a model's answer does not pass the checks, the grammar's plan is taken."),
]
DataDir = Annotated[Path | None, Parameter(help="Where made tools are kept.", show_default=False)]


@app.default
def coordinate(
    say: Annotated[str, Parameter(help="What is said to the robot.")],
    *,
    objects: Annotated[str, Parameter(help="Names of the objects in front of it.")] = ",".join(OBJECTS),
    planner: PlannerKind = "grammar",
    url: Url = None,
    model: Model = None,
    timeout_s: Timeout = 10.0,
    play: Annotated[
        bool, Parameter(help="Have missing skills made, and play it in simulation.", negative="")
    ] = False,
    interrupt: Annotated[
        str | None, Parameter(help="With --play: said once the first goal is reached.", show_default=False)
    ] = None,
    gif: Annotated[
        Path | None, Parameter(help="With --play: a moving picture of it.", show_default=False)
    ] = None,
    seed: Annotated[int, Parameter(help="Of the scene.", validator=validators.Number(gte=0))] = 0,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Print the goals that a command comes to; with --play, play them and tell which were reached.

    Exit code 1: there is something in it that cannot be done, or that was not reached.
    """
    from learner.coordinator.goals import Cannot, Known

    if not play and (interrupt is not None or gif is not None):
        raise ConfigError("--interrupt and --gif need --play")
    store = _store(data_dir)
    there = tuple(name.strip() for name in objects.split(",") if name.strip())
    known = Known(there, tuple(store.names()))
    who = _planner(planner, url, model, timeout_s)
    plan = who.plan(say, known)
    if not play:
        told = {"how": plan.how, "goals": [_row(goal) for goal in plan.goals]}
        _tell(told, as_json, [_line(k, goal) for k, goal in enumerate(plan.goals, 1)] or ["nothing to do"])
        return 1 if any(isinstance(goal, Cannot) for goal in plan.goals) else 0
    performed = _perform(store, who, known, (plan, interrupt), seed, gif)
    goals = performed.progress.goals
    reached = [k in performed.progress.reached for k in range(len(goals))]
    result: dict[str, Any] = {
        "goals": [{**_row(goal), "reached": ok} for goal, ok in zip(goals, reached, strict=True)],
        "decisions": performed.decisions,
        "strays": [event.what for event in performed.progress.strays],
    }
    marks = ["reached" if ok else "not reached" for ok in reached]
    lines = [f"{_line(k, goal)}: {mark}" for k, (goal, mark) in enumerate(zip(goals, marks, strict=True), 1)]
    _tell(result, as_json, [*lines, f"{performed.decisions} decisions"])
    return 0 if all(reached) else 1


@app.command
def evaluate(
    *,
    planner: PlannerKind = "grammar",
    url: Url = None,
    model: Model = None,
    timeout_s: Timeout = 10.0,
) -> int:
    """Share of the corpus' commands that come to exactly the expected plan, per split, as JSON."""
    from learner.coordinator.corpus import load
    from learner.coordinator.planner import ModelPlanner
    from learner.coordinator.scoring import accuracy

    who = _planner(planner, url, model, timeout_s)
    found: dict[str, Any] = {
        "planner": planner,
        "exact": accuracy(who, load(), lambda line: print(line, file=sys.stderr)),
    }
    if isinstance(who, ModelPlanner):
        found["fell_back"] = who.fallbacks
    return _tell(found, True, [])


def _perform(  # noqa: PLR0917
    store: Any,
    who: Planner,
    known: Known,
    orders: tuple[Plan, str | None],
    seed: int,
    gif: Path | None,
) -> Performance:
    from learner.coordinator.planner import ModelPlanner
    from learner.coordinator.playing import perform
    from learner.coordinator.skills import Ask, supply
    from learner.coordinator.stage import Stage
    from learner.tooling import proposing, writer

    ask: Ask = writer.write
    if isinstance(who, ModelPlanner):
        ask = partial(proposing.write, speaker=who.speaker)
    programs = {v.name: v.program for name in known.made for v in store.versions(name) if v.current}

    def ready(plan: Plan) -> Ready:
        found = supply(plan, programs, ask)
        for request, made in found.new.items():
            store.add(made.program, request, made.report)
        return found

    first, later = orders
    waiting = [later] if later is not None else []

    def interrupt(progress: Any) -> Ready | None:
        return ready(who.plan(waiting.pop(), known)) if waiting and progress.reached else None

    stage = Stage(known.objects, seed)
    try:
        performed = perform(ready(first), stage, interrupt, library=store.library())
        if gif is not None:
            from learner.tooling.picture import write_gif

            write_gif(gif, stage.joints, stage.objects)
    finally:
        stage.close()
    return performed


def _planner(kind: Kind, url: str | None, model: str | None, timeout_s: float) -> Planner:
    from learner.coordinator.planner import GrammarPlanner, ModelPlanner

    chosen = speaker("--planner", kind, url, model, timeout_s)
    return ModelPlanner(chosen) if chosen else GrammarPlanner()


def _store(data_dir: Path | None) -> Any:
    from tools.made import open_store

    return open_store(data_dir)


def _row(goal: Any) -> dict[str, Any]:
    return {"do": type(goal).__name__.lower(), **vars(goal)}


def _line(number: int, goal: Any) -> str:
    reason = getattr(goal, "reason", "")
    return f"{number}. {goal.brief}{f': {reason}' if reason else ''}"


def _tell(result: dict[str, Any], as_json: bool, lines: list[str]) -> int:
    if as_json:
        sys.stdout.write(json.dumps(result, indent=2, ensure_ascii=False, default=dict) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0
