"""The learning loop: collect -> label -> returns -> update -> evaluate -> publish -> save.

`reachy-coach train` runs it on simulation alone; beside a learner process it also learns from robots and
people and hands policies out, through the store that both share.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import torch

from learner.evaluation import TaskScore, evaluate
from learner.progress import Counters, Progress, Reporter
from learner.publishing import Publisher
from learner.reward.feedback.labelling import Labelled, Labeller
from learner.rl import checkpoint
from learner.rl.bc import Demonstrations, clone
from learner.rl.buffer import Batch, Rollout, flatten
from learner.rl.config import TrainConfig
from learner.rl.demos import demonstrate
from learner.rl.gae import decision_discount, gae
from learner.rl.networks import ActorCritic, NumpyPolicy
from learner.rl.ppo import PPO, UpdateStats
from learner.rl.sil import Successes
from learner.rl.threads import one_thread
from learner.rollouts.local import LocalSource, Watch
from learner.rollouts.robots import RobotSource
from learner.rollouts.source import TASK_NAMES
from learner.store.engine import Store
from shared.errors import ConfigError
from shared.spaces import OBS_DIM
from sim.made import made_tools

log = structlog.get_logger("trainer")

REST_S = 0.25
UPDATES_PER_TASTE = 6
"""Updates that new feedback is given once the goal has been reached."""
LIKED = 0.3
"""R_h from which on the end of an episode is imitated, where people's words are all that counts: at 0 a good
part of what they dislike would be."""


class Trainer:
    """One training run.

    Args:
        config: see `TrainConfig`.
        folder: where checkpoints and taste models lie; a run found there goes on.
        store: shared with the learner process; None = simulation alone.
        policies: folder for bundles; needed with a store.
        reporters: told about each update.
        watch: told about each simulated decision.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: Path,
        store: Store | None = None,
        policies: Path | None = None,
        *,
        reporters: tuple[Reporter, ...] = (),
        watch: Watch | None = None,
    ) -> None:
        one_thread()
        torch.manual_seed(config.seed)
        self.config = config
        self.folder = folder
        self.rng = np.random.default_rng(config.seed)
        self.model = ActorCritic(config.network)
        self.ppo = PPO(self.model, config.ppo, self.rng)
        self.counters = Counters(episodes=dict.fromkeys(config.task_names, 0))
        self.demonstrations: Demonstrations | None = None
        self.successes = Successes.empty(OBS_DIM)
        self.validation: dict[str, TaskScore] = {}
        self.labeller = Labeller(config.weights, store, folder / "tastes", config.seed)
        self.publisher = (
            Publisher(store, policies, config.task_names)
            if store is not None and policies is not None
            else None
        )
        self.robots = RobotSource(store) if store is not None else None
        self._reporters = reporters
        self._learn_until = 0
        self._most_finished = 0
        self.resumed = self._restore()
        self.local = LocalSource(
            config.tasks,
            config.num_envs,
            config.num_steps,
            self._env_seed(),
            config.threads,
            watch=watch,
            randomise=config.randomise,
        )

    def run(self, stop: Callable[[], bool], updates: int | None = None) -> None:
        """Train until `stop()` or until so many updates in all have been made; saves before returning.

        Without a number of updates, the goal once reached is kept: learning rests until people say
        something new.
        """
        if not self.resumed:
            self.warm_start()
        try:
            while not stop() and (updates is None or self.counters.updates < updates):
                if updates is None and self.rests():
                    self.widen_when_earned()
                    time.sleep(REST_S)
                    continue
                started = time.perf_counter()
                rollouts = self.collect()
                labelled = self.label(rollouts)
                batch = self.returns(rollouts, labelled)
                stats = self.update(batch)
                self.counters.updates += 1
                elapsed_s = time.perf_counter() - started
                self.counters.train_s += elapsed_s
                self.evaluate_when_due()
                self.end_when_spent()
                self.publish_when_due()
                self.report(rollouts, labelled, stats, elapsed_s)
                self.save_when_due()
        finally:
            self.save()
            self.local.close()

    def rests(self) -> bool:
        """True once the goal was reached or the budget spent, and all that people said has been learnt from,
        unless there is budget left and a robot waits for its next policy."""
        counters = self.counters
        if not counters.reached_update and not counters.spent_update:
            return False
        if self.labeller.refresh():
            self._learn_until = self.counters.updates + UPDATES_PER_TASTE
        if counters.updates < self._learn_until:
            return False
        if counters.spent_update:
            return True
        return self.publisher is None or not self.publisher.robot_waits(self.config.least_versions)

    def widen_when_earned(self) -> None:
        """Hand the same policy out again once robots have earned wider motion limits than it gives them."""
        if self.publisher is not None and self.publisher.profile_earned():
            self.publish()

    def warm_start(self) -> None:
        """Imitate a few demonstrations; they count as episodes."""
        config = self.config
        if config.demonstrations:
            shares = config.demonstrations_per_task()
            self.demonstrations = demonstrate(shares, config.seed)
            loss = clone(self.model, self.demonstrations, config.bc, self.rng)
            for task, count in shares.items():
                self.counters.episodes[task] += count
            log.info(
                "warm start", demonstrations=config.demonstrations, rows=len(self.demonstrations), loss=loss
            )
        self.publish()
        self.save()

    def collect(self) -> list[Rollout]:
        """New experience: one rollout in simulation, and every robot episode that has waited out its
        grace."""
        policy, version = self.model.snapshot(), self.policy_version
        rollouts = self.local.collect(policy, version, self.rng)
        self._count(rollouts[0])
        if self.robots is not None:
            found = self.robots.collect(policy, version, self.rng)
            self.counters.robot_episodes += len(found)
            self.counters.robot_decisions += sum(r.tool.size for r in found)
            rollouts += found
        return rollouts

    def label(self, rollouts: list[Rollout]) -> list[Labelled]:
        """Rewards, with what people like."""
        self.labeller.refresh()
        return [self.labeller.label(rollout) for rollout in rollouts]

    def returns(self, rollouts: list[Rollout], labelled: list[Labelled]) -> Batch:
        """Advantages and returns of all decisions that may enter the loss.

        Decisions that were not the policy's own, or are too old, count in the returns of their episode but
        stay out.
        """
        parts = []
        for rollout, labels in zip(rollouts, labelled, strict=True):
            cut = rollout.ended
            cut[-1] = True
            advantage, returns = gae(
                reward=labels.reward,
                value=rollout.value,
                next_value=rollout.next_value,
                terminated=rollout.terminated,
                cut=cut,
                discount=decision_discount(self.config.ppo.gamma, rollout.n_ticks),
                gae_lambda=self.config.ppo.gae_lambda,
            )
            # Without the task's reward nobody but people can say what went well.
            well = rollout.success if self.config.weights.task else rollout.ended & (labels.r_human > LIKED)
            self.successes.add(rollout, returns, well)
            fresh = self.policy_version - rollout.policy_version <= self.config.max_policy_lag
            self.counters.stale_decisions += int((rollout.on_policy & ~fresh).sum())
            parts.append(flatten(rollout, advantage, returns).where((rollout.on_policy & fresh).ravel()))
        return Batch.concatenate(parts)

    def update(self, batch: Batch) -> UpdateStats | None:
        """One PPO update, with a share of imitation that decays; None when there was nothing to learn
        from."""
        if len(batch) == 0:
            return None
        config, done = self.config, self.counters.updates
        warm = self.demonstrations is not None and done < config.warmup_updates
        return self.ppo.update(
            batch,
            demonstrations=self.demonstrations,
            bc=config.bc,
            bc_coef=config.bc_coef * config.bc_decay**done,
            successes=self.successes,
            critic_only=warm,
        )

    def evaluate_when_due(self) -> None:
        """Validate on fresh simulated resets; notes when the goal is first met."""
        config, counters = self.config, self.counters
        if not config.eval_every or counters.updates % config.eval_every:
            return
        self.validation = evaluate(
            self.model.snapshot(),
            config.task_names,
            episodes=config.eval_episodes,
            seed=1_000_000 + counters.updates,
            threads=config.threads,
        )
        worst = min(score.success for score in self.validation.values())
        if worst >= config.goal and not counters.reached_update:
            counters.reached_update = counters.updates
            self.publish()
        if worst > counters.best:
            counters.best = worst
            checkpoint.save(self.folder, counters.updates, self.state(), best=True)

    def end_when_spent(self) -> None:
        """Go back to the policy that did best in validation, once the next update might exceed the budget of
        episodes."""
        config, counters = self.config, self.counters
        if not config.max_episodes or counters.spent_update:
            return
        # Twice: an update may finish more episodes than any before.
        if max(counters.episodes.values()) + 2 * self._most_finished < config.max_episodes:
            return
        counters.spent_update = counters.updates
        if not counters.reached_update:
            best = checkpoint.load_best(self.folder)
            if best is not None:
                self.model.load_state_dict(best["model"])
            self.publish()

    def publish_when_due(self) -> None:
        """Hand the policy out."""
        if self.counters.updates % self.config.publish_every == 0:
            self.publish()

    def publish(self) -> None:
        """Hand the policy out now; nothing happens without a store."""
        if self.publisher is not None:
            figures = {task: score.success for task, score in self.validation.items()}
            self.publisher.publish(self.model, figures, self.labeller.version)

    def save_when_due(self) -> None:
        """Checkpoint, and begin new simulated episodes so that a resumed run repeats this one exactly."""
        if self.counters.updates % self.config.checkpoint_every == 0:
            self.save()
            self.local.restart(self._env_seed())

    def report(
        self, rollouts: list[Rollout], labelled: list[Labelled], stats: UpdateStats | None, elapsed_s: float
    ) -> None:
        """Tell the reporters."""
        sim = rollouts[0]
        success = {}
        for task in self.config.task_names:
            over = sim.ended & (sim.task == TASK_NAMES.index(task))
            if over.any():
                success[task] = float(sim.success[over].mean())
        versions = np.concatenate([r.policy_version.ravel() for r in rollouts[1:]] or [np.zeros(0, np.int64)])
        progress = Progress(
            counters=self.counters,
            success=success,
            validation=self.validation,
            reward=float(np.mean([part.reward.mean() for part in labelled])),
            r_human=float(np.mean([part.r_human.mean() for part in labelled])),
            lag=float((self.policy_version - versions).mean()) if len(versions) else 0.0,
            decisions_per_s=sum(r.tool.size for r in rollouts) / elapsed_s,
            stats=stats,
            policy_version=self.policy_version,
            taste_version=self.labeller.version,
        )
        for reporter in self._reporters:
            reporter(progress)

    @property
    def policy_version(self) -> int:
        """Newest published version; 0 = none."""
        return self.publisher.version if self.publisher is not None else 0

    def best_policy(self) -> NumpyPolicy:
        """The policy that did best in validation; the present one where there was none."""
        state = checkpoint.load_best(self.folder)
        if state is None:
            return self.model.snapshot()
        best = ActorCritic(self.config.network)
        best.load_state_dict(state["model"])
        return best.snapshot()

    def save(self) -> None:
        """Write a checkpoint now."""
        checkpoint.save(self.folder, self.counters.updates, self.state())

    def state(self) -> dict[str, Any]:
        """Everything that training depends on, as tensors and plain values."""
        demos = self.demonstrations
        return {
            "model": self.model.state_dict(),
            "optimizers": self.ppo.state_dict(),
            "rng": checkpoint.rng_state(self.rng),
            "counters": asdict(self.counters),
            "validation": {task: asdict(score) for task, score in self.validation.items()},
            "successes": {
                "obs": torch.from_numpy(self.successes.obs),
                "tool": torch.from_numpy(self.successes.tool),
                "returns": torch.from_numpy(self.successes.returns),
            },
            "robot_mark": self.robots.mark if self.robots is not None else 0.0,
            "made_tools": [one.digest for one in made_tools()],
            "demonstrations": None
            if demos is None
            else {
                "obs": torch.from_numpy(demos.obs),
                "tool": torch.from_numpy(demos.tool),
                "params": torch.from_numpy(demos.params),
                "episodes": demos.episodes,
            },
        }

    def _restore(self) -> bool:
        found = checkpoint.load_newest(self.folder)
        if found is None:
            return False
        _, state = found
        tools = [one.digest for one in made_tools()]
        if "perform" in self.config.task_names and state.get("made_tools", tools) != tools:
            raise ConfigError(
                f"the run in {self.folder} was begun with other made tools than are delivered now: name "
                "another --run, or deliver those"
            )
        self.model.load_state_dict(state["model"])
        self.ppo.load_state_dict(state["optimizers"])
        checkpoint.restore_rng(self.rng, state["rng"])
        self.counters = replace(Counters(), **state["counters"])
        self.validation = {task: TaskScore(**score) for task, score in state["validation"].items()}
        if self.robots is not None:
            self.robots.mark = state["robot_mark"]
        self.successes = Successes(**{name: part.numpy() for name, part in state["successes"].items()})
        demos = state["demonstrations"]
        if demos is not None:
            self.demonstrations = Demonstrations(
                demos["obs"].numpy(), demos["tool"].numpy(), demos["params"].numpy(), demos["episodes"]
            )
        log.info("resumed", updates=self.counters.updates, folder=str(self.folder))
        return True

    def _env_seed(self) -> int:
        return int(np.random.SeedSequence([self.config.seed, self.counters.updates]).generate_state(1)[0])

    def _count(self, rollout: Rollout) -> None:
        self.counters.decisions += rollout.tool.size
        for task in self.config.task_names:
            over = int((rollout.ended & (rollout.task == TASK_NAMES.index(task))).sum())
            self.counters.episodes[task] += over
            self._most_finished = max(self._most_finished, over)
