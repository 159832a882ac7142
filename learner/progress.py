"""How far a training run has come, and what its last update amounted to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Protocol

import numpy as np

from learner.evaluation import TaskScore
from learner.rl.ppo import UpdateStats


@dataclass
class Counters:
    """How far the run has come; travels in checkpoints."""

    updates: int = 0
    decisions: int = 0
    """Simulated."""
    robot_decisions: int = 0
    stale_decisions: int = 0
    """Robot decisions kept out of the loss because their policy was too old."""
    episodes: dict[str, int] = field(default_factory=dict)
    """Finished simulated episodes of each task, demonstrations included."""
    robot_episodes: int = 0
    best: float = -1.0
    """Lowest task's success in the best validation so far."""
    reached_update: int = 0
    """Update after which every task met the goal in validation; 0 = not yet."""
    spent_update: int = 0
    """Update after which the budget of episodes was spent; 0 = not yet."""
    train_s: float = 0.0
    """Time spent in the loop, this run and those it resumed."""


@dataclass(frozen=True)
class Progress:
    """What one update amounted to; for progress bars and logs."""

    counters: Counters
    success: dict[str, float]
    """Training success per task over this update's finished simulated episodes; tasks without any are
    absent."""
    validation: dict[str, TaskScore]
    """The last validation; empty before the first."""
    reward: float
    """Mean reward of a decision, all parts."""
    r_human: float
    """Mean R_h of a decision."""
    lag: float
    """Mean policy lag [versions] of this update's robot decisions; 0 without any."""
    decisions_per_s: float
    stats: UpdateStats | None
    policy_version: int
    taste_version: int

    def figures(self) -> dict[str, float]:
        """Everything as numbers by name."""
        out = {
            "reward/decision": self.reward,
            "reward/human": self.r_human,
            "charts/SPS": self.decisions_per_s,
            "charts/decisions": float(self.counters.decisions),
            "charts/episodes": float(sum(self.counters.episodes.values())),
            "charts/robot_episodes": float(self.counters.robot_episodes),
            "charts/goal_reached": float(self.counters.reached_update > 0),
            "charts/budget_spent": float(self.counters.spent_update > 0),
            **{f"charts/episodes_{task}": float(n) for task, n in self.counters.episodes.items()},
            "robots/lag": self.lag,
            "robots/stale": float(self.counters.stale_decisions),
            **{f"success/{task}": value for task, value in self.success.items()},
            **{f"validation/{task}": score.success for task, score in self.validation.items()},
        }
        if self.stats is not None:
            out |= {f"losses/{name}": float(value) for name, value in asdict(self.stats).items()}
        return {name: value for name, value in out.items() if np.isfinite(value)}


class Reporter(Protocol):
    """Is told about each update."""

    def __call__(self, progress: Progress) -> None:
        """Take note; must not keep the trainer waiting."""
        ...
