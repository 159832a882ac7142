"""`reachy-coach reward collect` and `label`: baseline episodes, and people's ratings of them."""

from __future__ import annotations

import json
import sys
import termios
import time
import tty
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators
from rich.console import Console

from shared.errors import ConfigError
from tools.options import AsJson, DataDir

if TYPE_CHECKING:
    from learner.reward.feedback.asking import Question
    from learner.store.engine import Store

KEYS = "1 bad … 5 good, s skip, q quit"


def collect(
    *,
    episodes: Annotated[
        int, Parameter(validator=validators.Number(gte=1, lte=10_000), help="How many; 20 first, then 100.")
    ] = 20,
    tasks: Annotated[tuple[str, ...], Parameter(help="Tasks to play.")] = ("look", "nod", "shake"),
    seed: Annotated[int, Parameter(help="Everything random follows from it.")] = 0,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Play baseline episodes in simulation for people to rate: untrained, scripted and trained policies."""
    from learner.collecting import collect as play
    from learner.config import load_learner_config
    from learner.store.engine import Store
    from sim.tasks import task_named

    for task in tasks:
        task_named(task)
    config = load_learner_config(None, {"data_dir": data_dir})
    console = Console(stderr=True)
    with closing(Store(config.store_path)) as store, console.status("playing") as status:
        done = play(
            store,
            episodes,
            tasks=tasks,
            training=config.learner_dir / "training",
            seed=seed,
            told=lambda count: status.update(f"played {count} of {episodes}"),
        )
    if as_json:
        sys.stdout.write(json.dumps({"episodes": done, "store": str(config.store_path)}) + "\n")
    else:
        played = ", ".join(f"{count} {name}" for name, count in done.items())
        console.print(f"{episodes} episodes: {played}. Rate them with: reachy-coach reward label")
    return 0


def label(
    *,
    name: Annotated[str, Parameter(help="Who rates; goes on where the same name left off.")] = "terminal",
    limit: Annotated[
        int, Parameter(validator=validators.Number(gte=1, lte=1000), help="Questions at most.")
    ] = 20,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Rate what robots did and what was said about it, the most telling first: 1 to 5, s skips, q ends."""
    from learner.config import load_learner_config
    from learner.store.engine import Store

    if not name.strip():
        raise ConfigError("--name: give a name, so that your ratings stay together")
    config = load_learner_config(None, {"data_dir": data_dir})
    with closing(Store(config.store_path)) as store:
        count = rate(
            store, name, limit, config.learner_dir / "training" / "tastes", Console(stderr=True), read_key
        )
    if as_json:
        sys.stdout.write(json.dumps({"rated": count}) + "\n")
    return 0


def rate(  # noqa: PLR0917
    store: Store, name: str, limit: int, tastes: Path, console: Console, key: Callable[[], str]
) -> int:
    """Ask until there is nothing left, `limit` is reached or somebody quits; gives how many were rated."""
    from learner.reward.feedback.asking import latest_taste, to_rate

    with store.read() as connection:
        questions = to_rate(connection, name, limit=limit, taste=latest_taste(connection, tastes))
    if not questions:
        console.print("nothing to rate: run `reachy-coach reward collect`, or let a robot play")
        return 0
    rated = 0
    for number, question in enumerate(questions, 1):
        console.print(f"\n[bold]{number}/{len(questions)}[/bold]  {KEYS}")
        for line in question.shown.split("; "):
            console.print(f"  {line}", markup=False, highlight=False)
        if question.said:
            console.print(f"  somebody said: “{question.said}”", markup=False, highlight=False)
        pressed = ""
        while not (pressed in "sq\x03\x04" or ("1" <= pressed <= "5")) or not pressed:
            pressed = key()
        if pressed in "q\x03\x04":
            break
        if pressed != "s":
            save(store, question, name, int(pressed))
            rated += 1
            console.print(f"  → {pressed}")
    console.print(f"{rated} rated; thank you")
    return rated


def save(store: Store, question: Question, name: str, rating: int) -> None:
    """Store an answer as feedback on exactly that decision, and credit it."""
    from learner.crediting import credit_waiting
    from learner.reward.model import rating_reward
    from learner.store import queries
    from learner.store.rows import NewFeedback

    now = time.time()
    row = NewFeedback(
        robot_id=question.robot_id,
        episode_id=question.episode_id,
        client_id=name,
        kind="rating",
        value=float(rating),
        text=None,
        received_unix_s=now,
        boot_epoch=question.boot_epoch,
        shown_decision_seq=question.decision_seq,
        client_delay_ms=0.0,
        score=rating_reward(rating),
        score_confidence=1.0,
        score_kind="evaluative",
        scored_unix_s=now,
        source="replay",
    )
    with store.write() as connection:
        queries.insert_feedback(connection, row)
        credit_waiting(connection, now)


def read_key() -> str:
    """One key from the terminal, without Enter; a line's first letter where there is no terminal.

    Raises:
        ConfigError: the input has ended.
    """
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        if not line:
            raise ConfigError("the input has ended; answer with 1 to 5, s or q")
        return line.strip()[:1]
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        return sys.stdin.read(1)
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
