"""Does a policy learn from words alone? Three arms that differ in nothing but the weights of the reward.

    task    r = r_task                 what the task's own judge says
    words   r = R_h                    what people who only speak make of it, through the reward model
    both    r = r_task + 0.3 R_h       the weights of ordinary training

Success is the judge's, on fresh resets, in all three. In `words` the judge only ends episodes, as it does on
a robot; its reward is multiplied by 0, and what counts as having gone well is what people said went well.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from learner.evaluation import evaluate
from learner.reward.model import RewardModel
from learner.rl.config import RewardWeights, TrainConfig
from learner.spoken.rater import SpokenRater, Talk
from learner.spoken.witness import Witness
from learner.store import queries
from learner.store.engine import Store
from learner.trainer import Trainer
from shared.errors import ConfigError

_ORDINARY = RewardWeights()
ARMS: dict[str, RewardWeights] = {
    "task": replace(_ORDINARY, human=0.0),
    "words": replace(_ORDINARY, task=0.0, human=1.0),
    "both": _ORDINARY,
}
T95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
"""Student's t, two-sided 95 %, by degrees of freedom; the normal's 1.96 beyond."""


@dataclass(frozen=True)
class Plan:
    """What is compared, and for how long."""

    tasks: tuple[str, ...] = ("look", "look", "look", "nod", "shake")
    arms: tuple[str, ...] = tuple(ARMS)
    seeds: tuple[int, ...] = (0, 1, 2)
    episodes: int = 400
    """Of each run, over all tasks, demonstrations included."""
    demonstrations: int = 3
    eval_every: int = 4
    """Updates between looks at the curve."""
    eval_episodes: int = 40
    """Fresh resets of each task for a point of the curve..."""
    test_episodes: int = 200
    """... and for the figures before and after."""
    talk: Talk = field(default_factory=Talk)


@dataclass(frozen=True)
class Point:
    """A run at one moment."""

    episodes: int
    remarks: int
    success: dict[str, float]


@dataclass
class Run:
    """One arm with one seed."""

    arm: str
    seed: int
    before: dict[str, float]
    """Success after the demonstrations, before any other learning."""
    after: dict[str, float] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    episodes: dict[str, int] = field(default_factory=dict)
    """Of each task, demonstrations included."""
    remarks: int = 0
    scored: int = 0
    """Remarks that the reward model did not abstain on."""
    taste_versions: int = 0
    seconds: float = 0.0


def run_one(arm: str, seed: int, plan: Plan, model: RewardModel, folder: Path) -> Run:
    """Train one policy and measure it.

    Raises:
        ConfigError: no such arm.
    """
    if arm not in ARMS:
        raise ConfigError(f"arm {arm!r}: give one of {', '.join(ARMS)}")
    started = time.perf_counter()
    config = TrainConfig(
        seed=seed,
        tasks=plan.tasks,
        demonstrations=plan.demonstrations,
        eval_every=plan.eval_every,
        eval_episodes=plan.eval_episodes,
        goal=2.0,
        checkpoint_every=10**9,
        weights=ARMS[arm],
    )
    store = Store(folder / "coach.db")
    rng = np.random.default_rng([seed, 4])
    witness = Witness(store, model, SpokenRater(rng, plan.talk), rng) if config.weights.human else None
    trainer = Trainer(config, folder, store, watch=witness)
    trainer.robots = None  # the store's episodes are this trainer's own
    try:
        trainer.warm_start()
        trainer.resumed = True
        run = Run(arm, seed, _measure(trainer, plan))
        points = run.points
        points.append(Point(plan.demonstrations, 0, run.before))

        def follow(progress: Any) -> None:
            if progress.counters.updates % plan.eval_every == 0:
                success = {task: score.success for task, score in progress.validation.items()}
                said = witness.remarks if witness is not None else 0
                points.append(Point(sum(progress.counters.episodes.values()), said, success))

        trainer._reporters = (follow,)
        trainer.run(lambda: sum(trainer.counters.episodes.values()) >= plan.episodes, updates=10**6)
        run.after = _measure(trainer, plan)
        run.episodes = dict(trainer.counters.episodes)
        if witness is not None:
            run.remarks, run.scored = witness.remarks, witness.scored
        with store.read() as connection:
            run.taste_versions = queries.next_taste_version(connection) - 1
    finally:
        trainer.local.close()
        store.close()
    run.seconds = time.perf_counter() - started
    return run


def _measure(trainer: Trainer, plan: Plan) -> dict[str, float]:
    names = trainer.config.task_names
    scores = evaluate(
        trainer.model.snapshot(),
        names,
        episodes=plan.test_episodes,
        seed=3_000_000 + trainer.config.seed,
        threads=1,
    )
    return {task: score.success for task, score in scores.items()}


def run_all(
    plan: Plan, model: RewardModel, folder: Path, told: Callable[[Run], None] = lambda run: None
) -> list[Run]:
    """Every arm with every seed, one after the other."""
    torch.set_num_threads(1)
    runs = []
    for seed in plan.seeds:
        for arm in plan.arms:
            run = run_one(arm, seed, plan, model, folder / f"{arm}-{seed}")
            told(run)
            runs.append(run)
    return runs


def summary(runs: Sequence[Run]) -> dict[str, dict[str, dict[str, Any]]]:
    """arm -> task -> success before and after over seeds, with Student's 95 % interval."""
    out: dict[str, dict[str, dict[str, Any]]] = {}
    for arm in dict.fromkeys(run.arm for run in runs):
        mine = [run for run in runs if run.arm == arm]
        out[arm] = {
            task: {
                "before": interval([run.before[task] for run in mine]),
                "after": interval([run.after[task] for run in mine]),
                "seeds": len(mine),
            }
            for task in mine[0].after
        }
    return out


def interval(values: Sequence[float]) -> dict[str, float | None]:
    """Mean of a share and its 95 % interval over seeds, cut to [0, 1]; one seed gives none."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return {"mean": mean, "low": None, "high": None}
    half = T95.get(len(values) - 1, 1.96) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return {"mean": mean, "low": max(0.0, mean - half), "high": min(1.0, mean + half)}


def document(plan: Plan, runs: Sequence[Run], model_version: str) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "synthetic": True,
        "model": model_version,
        "plan": asdict(plan),
        "arms": {arm: asdict(weights) for arm, weights in ARMS.items() if arm in plan.arms},
        "summary": summary(runs),
        "runs": [asdict(run) for run in runs],
    }
