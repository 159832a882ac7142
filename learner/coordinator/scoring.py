"""How good are coordinator and baseline agent: exact plans over the corpus, success on fresh resets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from learner.coordinator.acting import Names
from learner.coordinator.baseline import Baseline
from learner.coordinator.corpus import Command, exact
from learner.coordinator.planner import GrammarPlanner, Planner
from learner.evaluation import TaskScore, wilson
from shared.interruption import as_of
from shared.tools import TOOL_INDEX
from sim.tasks import Split
from sim.things import names
from sim.vector import Sight, VectorEnv

DETECTOR_SPLIT = "held_out"
"""A detector can name every object there is, whichever split an episode is of."""


def accuracy(
    planner: Planner, commands: Sequence[Command], tell: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Share of commands whose plan is exactly the expected one, per split, with Wilson's 95 % interval."""
    rights: dict[str, list[bool]] = defaultdict(list)
    for command in commands:
        plan = planner.plan(command.say, command.known)
        right = exact(plan, command)
        rights[command.split].append(right)
        if not right:
            found = "; ".join(goal.brief for goal in plan.goals)
            tell(
                f"{command.split}: {command.say!r}: {plan.how}: {found}; wanted {command.how}: "
                f"{'; '.join(command.plan)}"
            )
    found_all = {}
    for split, ones in sorted(rights.items()):
        low, high = wilson(sum(ones), len(ones))
        found_all[split] = {
            "n": len(ones),
            "right": sum(ones),
            "share": round(sum(ones) / len(ones), 4),
            "ci95": [round(low, 3), round(high, 3)],
        }
    return found_all


def baseline_scores(
    tasks: Sequence[str],
    *,
    episodes: int = 300,
    split: Split = "train",
    seed: int = 0,
    planner: Planner | None = None,
    num_envs: int = 30,
    threads: int = 1,
    sight: Sight | None = None,
) -> dict[str, TaskScore]:
    """Success of the baseline agent on `episodes` fresh resets of each task; `sight`: what sees the scene, as
    in `VectorEnv`."""
    known = Names.of(names(DETECTOR_SPLIT))
    found = {}
    for index, task in enumerate(tasks):
        n = min(num_envs, episodes)
        quota = np.array([episodes // n + (i < episodes % n) for i in range(n)])
        agents = [Baseline(known, planner or GrammarPlanner()) for _ in range(n)]
        scene = int(np.random.SeedSequence([seed, index, 11]).generate_state(1)[0])
        env = VectorEnv([task], n, seed=scene, split=split, threads=threads, sight=sight)
        won, lengths, total = _play(env, agents, quota)
        low, high = wilson(won, episodes)
        found[task] = TaskScore(
            task, split, episodes, won, won / episodes, low, high, lengths / episodes, total / episodes
        )
    return found


def _play(env: VectorEnv, agents: Sequence[Baseline], quota: np.ndarray) -> tuple[int, float, float]:
    """Successes, decisions and return, each summed over the quota; closes the environments."""
    won, decisions, total = 0, 0, 0.0
    left, count = quota.copy(), np.zeros(len(quota), np.int64)
    try:
        obs = env.reset()
        while (left > 0).any():
            # Of an episode's spec an agent gets the words in force, and nothing else.
            said = [as_of(spec, int(k)).instruction for spec, k in zip(env.specs, count, strict=True)]
            calls = [agent.act(words, o) for agent, words, o in zip(agents, said, obs, strict=True)]
            tool = np.where(left > 0, [c.tool for c in calls], TOOL_INDEX["wait"])
            step = env.step(tool, np.stack([c.params for c in calls]))
            counted = left > 0
            over = counted & (step.terminated | step.truncated)
            won += int((over & step.success).sum())
            decisions += int(counted.sum())
            total += float(step.reward[counted].sum())
            left -= over
            count += 1
            for k in np.flatnonzero(step.terminated | step.truncated).tolist():
                agents[k].reset()
                count[k] = 0
            obs = step.obs
    finally:
        env.close()
    return won, float(decisions), total
