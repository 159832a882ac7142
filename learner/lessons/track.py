"""How many demonstrations of following a moving object with the eyes a policy needs to do it, too.

A demonstration is one episode of the scripted expert in one scene; a network is cloned on it and measured in
scenes, with objects and in words that it has not seen. Beside it an untrained network and the expert.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from learner.lessons.following import TASK, Player, by_expert, by_policy, follow
from learner.rl.bc import BCConfig, Demonstrations, clone
from learner.rl.demos import demonstrate
from learner.rl.networks import ActorCritic
from learner.rl.threads import one_thread
from learner.spoken.experiment import interval
from sim.tasks.base import SPLITS

CLONING = BCConfig(param_coef=2.0)
"""One tool does all the work here, so where it looks counts for more than which tool it is."""
TEST_SEED = 9_000_000
"""Of the resets that all are measured on; demonstrations are drawn from other streams."""


@dataclass(frozen=True)
class Plan:
    """What is compared."""

    demonstrations: tuple[int, ...] = (1, 3, 10)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Each has demonstrations and a network of its own."""
    episodes: int = 100
    """Fresh resets of each split that a network is measured on."""


@dataclass(frozen=True)
class Run:
    """One network."""

    who: str
    """`expert`, `untrained`, or how many demonstrations."""
    seed: int
    rows: int
    """Decisions that it was cloned on."""
    similarity: dict[str, float]
    """By split, mean over episodes."""
    success: dict[str, float]
    events: dict[str, dict[str, int]]
    """By split: what ended the episodes, and how many."""
    seconds: float
    """Of measuring."""


def record(episodes: int, seed: int) -> Demonstrations:
    """Demonstrations by the scripted expert; a thrown gaze would be a jump, so nothing disturbs them."""
    return demonstrate({TASK: episodes}, seed, disturbance=0.0)


def learn(shown: Demonstrations | None, seed: int) -> ActorCritic:
    """A network cloned on demonstrations; untrained without."""
    one_thread()
    torch.manual_seed(seed)
    model = ActorCritic()
    if shown is not None:
        clone(model, shown, CLONING, np.random.default_rng(seed))
    return model


def run_all(plan: Plan, told: Callable[[Run], None] = lambda run: None) -> list[Run]:
    """The expert, then for every seed an untrained network and one for every number of demonstrations."""
    runs = [_measured("expert", 0, by_expert, plan)]
    told(runs[0])
    for seed in plan.seeds:
        for count in (0, *plan.demonstrations):
            shown = record(count, 1000 * seed + count) if count else None
            player = by_policy(learn(shown, seed).snapshot())
            rows = len(shown) if shown is not None else 0
            runs.append(_measured(str(count) if count else "untrained", seed, player, plan, rows))
            told(runs[-1])
    return runs


def summary(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """who -> split -> similarity and success over seeds, with Student's 95 % interval."""
    out: dict[str, dict[str, Any]] = {}
    for who in dict.fromkeys(run.who for run in runs):
        mine = [run for run in runs if run.who == who]
        out[who] = {
            "seeds": len(mine),
            "rows": float(np.mean([run.rows for run in mine])),
            **{
                split: {
                    "similarity": interval([run.similarity[split] for run in mine]),
                    "success": interval([run.success[split] for run in mine]),
                }
                for split in SPLITS
            },
        }
    return out


def document(plan: Plan, runs: Sequence[Run]) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "demonstrator": "scripted expert in simulation",
        "unit": "similarity and success from 0 to 1",
        "plan": asdict(plan),
        "cloning": asdict(CLONING),
        "summary": summary(runs),
        "runs": [asdict(run) for run in runs],
    }


def _measured(who: str, seed: int, player: Player, plan: Plan, rows: int = 0) -> Run:
    began = time.perf_counter()
    found = {split: follow(player, plan.episodes, TEST_SEED, split) for split in SPLITS}
    return Run(
        who,
        seed,
        rows,
        {split: float(one.similarity.mean()) for split, one in found.items()},
        {split: float(one.success.mean()) for split, one in found.items()},
        {split: dict(Counter(one.events)) for split, one in found.items()},
        time.perf_counter() - began,
    )
