"""How good is a policy: success on fresh resets, per task, with Wilson's interval; and two baselines
beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.table import Table

from learner.rl.threads import one_thread
from shared.control.pilot import Policy, PolicyOutput, decide
from shared.errors import ConfigError
from shared.spaces import LAYOUT, NUM_PARAMS, NUM_TOOLS, normaliser, slot_range
from shared.tools import TOOL_INDEX
from sim.tasks import Split
from sim.vector import Sight, VectorEnv, varied_env

F32 = np.ndarray
Z95 = 1.959963984540054
"""Two-sided 95 %."""
RESAMPLES = 2000


@dataclass(frozen=True)
class TaskScore:
    """Success on one task."""

    task: str
    split: str
    episodes: int
    successes: int
    success: float
    wilson_low: float
    """Lower end of Wilson's 95 % interval."""
    wilson_high: float
    mean_decisions: float
    mean_return: float
    """Undiscounted task reward."""


def wilson(successes: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval for a proportion; (0, 1) when nothing was counted."""
    if n == 0:
        return 0.0, 1.0
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def median_interval(values: np.ndarray) -> tuple[float, float]:
    """The median's 95 % bootstrap interval, the same for the same values (n,)."""
    draws = np.random.default_rng(0).choice(values, (RESAMPLES, len(values)))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    return float(low), float(high)


def evaluate(
    policy: Policy,
    tasks: Sequence[str],
    *,
    episodes: int = 200,
    split: Split = "train",
    deterministic: bool = True,
    seed: int = 0,
    num_envs: int = 48,
    threads: int = 2,
    randomise: bool = False,
    sight: Sight | None = None,
) -> dict[str, TaskScore]:
    """Success on `episodes` fresh resets of each task; `randomise`: each in a body of its own; `sight`: what
    sees the scene, as in `VectorEnv`.

    Each environment plays a quota of episodes fixed beforehand: taking whichever finish first would favour
    short episodes. The seed shares no stream with training, which draws its own from a sequence of seeds.
    """
    one_thread()
    scores = {}
    for index, task in enumerate(tasks):
        quota = _quota(episodes, min(num_envs, episodes))
        won, lengths, returns = _play(
            policy,
            task,
            quota=quota,
            split=split,
            deterministic=deterministic,
            seeds=np.random.SeedSequence([seed, index, 7]),
            threads=threads,
            randomise=randomise,
            sight=sight,
        )
        low, high = wilson(won, episodes)
        scores[task] = TaskScore(
            task, split, episodes, won, won / episodes, low, high, float(lengths), float(returns)
        )
    return scores


def _quota(episodes: int, num_envs: int) -> np.ndarray:
    return np.array([episodes // num_envs + (i < episodes % num_envs) for i in range(num_envs)])


def _play(
    policy: Policy,
    task: str,
    *,
    quota: np.ndarray,
    split: Split,
    deterministic: bool,
    seeds: np.random.SeedSequence,
    threads: int,
    randomise: bool,
    sight: Sight | None,
) -> tuple[int, float, float]:
    """Successes, mean decisions and mean return over the quota."""
    scene_seed, action_seed = (int(s) for s in seeds.generate_state(2))
    rng = np.random.default_rng(action_seed)
    make = varied_env if randomise else VectorEnv
    env = make([task], len(quota), seed=scene_seed, split=split, threads=threads, sight=sight)
    try:
        obs = env.reset()
        left = quota.copy()
        won, decisions, total = 0, 0, 0.0
        while (left > 0).any():
            decision = decide(policy(obs), None, rng, deterministic)
            # An environment whose quota is spent waits: the shortest tool there is.
            tool = np.where(left > 0, decision.tool, TOOL_INDEX["wait"])
            step = env.step(tool, decision.params)
            counted = left > 0
            over = counted & (step.terminated | step.truncated)
            won += int((over & step.success).sum())
            decisions += int(counted.sum())
            total += float(step.reward[counted].sum())
            left -= over
            obs = step.obs
    finally:
        env.close()
    return won, decisions / quota.sum(), total / quota.sum()


class Without:
    """A policy that is not told some of what it was trained with: an ablation without training anew.

    Args:
        policy: what decides.
        parts: names in `LAYOUT`; all of their slots read as their offset, which the network sees as 0.

    Raises:
        ConfigError: the observation has no part of that name.
    """

    def __init__(self, policy: Policy, parts: Sequence[str]) -> None:
        known = {run.name for run in LAYOUT}
        unknown = [part for part in parts if part not in known]
        if unknown:
            raise ConfigError(f"no part {unknown[0]!r} of the observation: {', '.join(sorted(known))}")
        self._policy = policy
        self._hidden = np.concatenate([np.r_[slot_range(part)] for part in parts])
        self._instead = normaliser()[0][self._hidden]

    def __call__(self, obs: F32) -> PolicyOutput:
        """The policy's own decision about what is left."""
        seen = obs.copy()
        seen[:, self._hidden] = self._instead
        return self._policy(seen)


class RandomPolicy:
    """Any tool, any parameters: what success without skill is."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)

    def __call__(self, obs: F32) -> PolicyOutput:
        """A tool chosen evenly, parameters uniform in [-1, 1], whether asked to be deterministic or not."""
        n = len(obs)
        return PolicyOutput(
            np.log(self._rng.random((n, NUM_TOOLS)) + 1e-9).astype(np.float32),
            self._rng.uniform(-1.0, 1.0, (n, NUM_TOOLS, NUM_PARAMS)).astype(np.float32),
            np.full((NUM_TOOLS, NUM_PARAMS), -3.0, np.float32),
            np.zeros(n, np.float32),
        )


class CosinePolicy:
    """No learning: the tool whose description is nearest to the instruction, at the middle of its range;
    `look` goes to the best-matching detection.
    """

    def __call__(self, obs: F32) -> PolicyOutput:
        """Evaluate n observations."""
        n = len(obs)
        mean = np.zeros((n, NUM_TOOLS, NUM_PARAMS), np.float32)
        first = slot_range("detections").start
        mean[:, TOOL_INDEX["look"], :2] = obs[:, first : first + 2]
        return PolicyOutput(
            obs[:, slot_range("tool_match")].astype(np.float32),
            mean,
            np.full((NUM_TOOLS, NUM_PARAMS), -3.0, np.float32),
            np.zeros(n, np.float32),
        )


def to_json(scores: dict[str, dict[str, TaskScore]]) -> dict[str, dict[str, dict[str, object]]]:
    """{policy name: {task: score}} as plain values; what is not known is None."""
    return {name: {task: _plain(score) for task, score in rows.items()} for name, rows in scores.items()}


def _plain(score: TaskScore) -> dict[str, object]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in asdict(score).items()
    }


def table(scores: dict[str, dict[str, TaskScore]], title: str) -> Table:
    """One row a policy, one column a task: success and its interval."""
    tasks = list(dict.fromkeys(task for rows in scores.values() for task in rows))
    out = Table(title=title)
    out.add_column("policy")
    for task in tasks:
        out.add_column(task, justify="right")
    for name, rows in scores.items():
        cells = [f"{s.success:.2f} [{s.wilson_low:.2f}, {s.wilson_high:.2f}]" for s in rows.values()]
        out.add_row(name, *cells)
    return out
