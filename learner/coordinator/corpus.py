"""Commands with the plans that they should come to, in two splits.

The held-out commands were written down before the grammar was, but for the last six, about answers in words
and photos, and nothing is tuned on them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from learner.coordinator.goals import How, Known, Plan
from learner.tooling.words import read
from shared.errors import ConfigError

PATH = Path(__file__).with_name("corpus.jsonl")
SPLITS = ("development", "held_out")
OBJECTS = ("rubber duck", "apple", "book", "coffee mug", "red ball", "blue cube")
"""What is known where a command does not say otherwise."""


@dataclass(frozen=True)
class Command:
    """One line of the corpus."""

    split: str
    say: str
    plan: tuple[str, ...]
    """Goals in brief (`Goal.brief`)."""
    how: How
    known: Known


def load(path: Path = PATH) -> list[Command]:
    """All commands.

    Raises:
        ConfigError: a line is malformed; says which.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(_command(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError(f"{path}, line {number}: {error}") from None
    return found


def _command(body: Any) -> Command:
    how = body.get("how", "new")
    if body["split"] not in SPLITS or how not in get_args(How):
        raise ValueError(f"split or how is unknown: {body['split']}, {how}")
    objects, made = (body.get(key, default) for key, default in (("objects", OBJECTS), ("made", ())))
    for name, texts in (("plan", body["plan"]), ("objects", list(objects)), ("made", list(made))):
        if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
            raise ValueError(f"{name} is no list of texts")
    if not isinstance(body["say"], str):
        raise ValueError("say is no text")
    return Command(body["split"], body["say"], tuple(body["plan"]), how, Known(tuple(objects), tuple(made)))


def exact(plan: Plan, command: Command) -> bool:
    """Whether a plan is the expected one, goal by goal; requests for tools are compared by what they ask
    for, reasons are not compared."""
    found, wanted = _each([goal.brief for goal in plan.goals]), _each(command.plan)
    return (
        plan.how == command.how
        and len(found) == len(wanted)
        and all(_same(one, other) for one, other in zip(found, wanted, strict=True))
    )


def _each(briefs: Sequence[str]) -> list[str]:
    """With "nod x2" written out as two nods."""
    found = []
    for brief in briefs:
        goal, _, times = brief.rpartition(" x")
        found += [goal] * int(times) if goal and times.isdigit() else [brief]
    return found


def _same(brief: str, wanted: str) -> bool:
    if brief.startswith("make ") and wanted.startswith("make "):
        return read(brief[5:]) == read(wanted[5:])
    return brief == wanted
