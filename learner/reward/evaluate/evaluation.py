"""The whole evaluation: data in, one JSON-ready document out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from learner.reward.backends import open_model
from learner.reward.data import build as data
from learner.reward.data.example import Example
from learner.reward.evaluate import arms, baselines, cost
from learner.reward.evaluate.measuring import FEWEST, Say, ask, measure, measured, members
from learner.reward.evaluate.metrics import LEVEL, RESAMPLES, Predictions
from learner.reward.evaluate.pools import pools_of
from learner.reward.evaluate.targets import verdicts
from learner.reward.model import INTERVAL, RewardModel
from learner.reward.networks.figures import SIGN_FROM
from learner.text import TextEncoder
from shared import __version__

FORMAT = 1
TRAIN_PER_LIMIT = 5
"""With a limit, baselines are fitted on so many times as many examples a source."""
SEED = 5
_REMARKS_FOR_COST = 200


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    specs: tuple[str, ...]
    """Reward models; the first is the one whose targets count."""
    limit: int | None = None
    """Test examples a source and language at most; None: all, which is what figures to quote need."""
    singles: int = 400
    """Single predictions whose time is taken."""
    seconds: float = 6.0
    """Of batched predictions."""


def evaluate(
    data_dir: Path, plan: Plan, machine: Mapping[str, Any], say: Say = lambda _: None
) -> dict[str, Any]:
    """Measure models and baselines on the test split; minutes.

    Raises:
        ConfigError: data that is not there (says how to make it), or an unknown model.
    """
    models = {spec: open_model(spec, data_dir, threads=os.cpu_count() or 1) for spec in plan.specs}
    sets = {name: data.load(data_dir, name) for name in (data.PUBLIC, data.ROBOT)}
    sets |= {name: data.load(data_dir, name) for name in data.names(data_dir) if name not in sets}
    every = [example for examples in sets.values() for example in examples]
    test = sample([e for e in every if e.split == "test"], plan.limit)
    parts: dict[str, dict[str, Any]] = {}
    for spec, model in models.items():
        parts[spec] = measure(model, test, lambda at, spec=spec: say(f"{spec}: {at}"))  # type: ignore[misc]
        say(f"{spec}: time and memory")
        some = test[:: max(1, len(test) // _REMARKS_FOR_COST)]
        parts[spec]["cost"] = cost.measure(spec, data_dir, some, plan.singles, plan.seconds)
    return {
        "format": FORMAT,
        "made": {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "reachy_coach": __version__,
            "machine": dict(machine),
            "limit": plan.limit,
            "test_examples": len(test),
            "data": {
                name: {
                    "examples": len(examples),
                    "test": sum(e.split == "test" for e in examples),
                    "synthetic": sum(e.synthetic for e in examples),
                    "sha256": data.digest(data.path_of(data_dir, name)),
                }
                for name, examples in sets.items()
            },
        },
        "rules": {
            "sign_from": SIGN_FROM,
            "interval": INTERVAL,
            "bootstrap_level": LEVEL,
            "resamples": RESAMPLES,
            "fewest": FEWEST,
        },
        "default": plan.specs[0],
        "targets": verdicts(parts, plan.specs[0]),
        "models": parts,
        "baselines": _baselines(data_dir, plan, every, test, say),
    }


def sample(examples: Sequence[Example], limit: int | None) -> list[Example]:
    """At most `limit` of each source and language, drawn with a fixed seed, in the order given."""
    if limit is None:
        return list(examples)
    groups: dict[tuple[str, str], list[int]] = {}
    for i, example in enumerate(examples):
        groups.setdefault((example.source, example.language), []).append(i)
    rng = np.random.default_rng(SEED)
    chosen = [i for some in groups.values() for i in rng.permutation(some)[:limit].tolist()]
    return [examples[i] for i in sorted(chosen)]


def _baselines(
    data_dir: Path, plan: Plan, every: Sequence[Example], test: Sequence[Example], say: Say
) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {
        name: {}
        for name in (
            "random",
            "constant",
            "length only",
            "lexicon",
            "frozen encoder + ridge",
            "buttons only",
            "one human",
        )
    }
    cache = data_dir / "reward" / "cache" / "frozen-minilm.npz"
    embed = baselines.CachedEncoder(cache, TextEncoder(), say)
    lexicon, buttons = open_model("lexicon", data_dir), open_model("buttons", data_dir)
    for pool in pools_of(test):
        mine = [test[i] for i in members(pool, test)]
        fit, validation = (
            sample(
                _train_of(every, mine[0], split), None if plan.limit is None else plan.limit * TRAIN_PER_LIMIT
            )
            for split in ("train", "validation")
        )
        rewards = {
            "random": Predictions(baselines.random(len(mine))),
            "constant": Predictions(baselines.constant(fit, len(mine))),
            "lexicon": ask(lexicon, [e.remark() for e in mine]).predictions,
        }
        if fit and validation:
            say(f"baselines for {pool.name}")
            rewards["length only"] = Predictions(baselines.length_only(fit, mine))
            rewards["frozen encoder + ridge"] = Predictions(
                baselines.frozen_ridge(fit, validation, mine, embed)
            )
        for name, predictions in rewards.items():
            found[name][pool.name] = measured(pool, mine, predictions, by=("source",))
        _against_others(found, pool, mine, buttons)
    return found


def _against_others(
    found: dict[str, dict[str, Any]], pool: Any, mine: list[Example], buttons: RewardModel
) -> None:
    """What needs a rater held out: his rating through the buttons, and his own score as it is."""
    held = arms.hold_out(mine)
    rows = [mine[i] for i in held.index]
    if not rows:
        return
    pressed = ask(buttons, arms.remarks(mine, held, "rating")).predictions
    for name, predictions in (("buttons only", pressed), ("one human", Predictions(held.own))):
        found[name][pool.name] = measured(pool, rows, predictions, held.labels, by=("source",))


def _train_of(every: Sequence[Example], like: Example, split: str) -> list[Example]:
    """Evaluative examples to fit a baseline on: synthetic for synthetic, people's for people's."""
    return [e for e in every if e.split == split and e.kind == "evaluative" and e.synthetic == like.synthetic]
