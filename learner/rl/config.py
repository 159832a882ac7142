"""What can be configured of training: one tree of frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field

from learner.rl.bc import BCConfig
from learner.rl.networks import NetworkConfig
from learner.rl.ppo import PPOConfig


@dataclass(frozen=True)
class RewardWeights:
    """r = task * r_task + human * R_h + safety * r_safety."""

    task: float = 1.0
    human: float = 0.3
    safety: float = 0.02


@dataclass(frozen=True)
class TrainConfig:
    """A training run. Everything random follows from `seed`."""

    seed: int = 0
    tasks: tuple[str, ...] = ("look", "look", "look", "nod", "shake")
    """A task named thrice gets thrice the environments: looking takes several decisions an episode."""
    num_envs: int = 15
    """Simulated environments; environment i plays entry i of `tasks`, modulo their number."""
    num_steps: int = 4
    """Decisions of each environment between updates."""
    threads: int = 1
    """Of the physics. torch always takes one: its matrices are too small to share."""
    randomise: bool = False
    """Every episode in a body of its own, with the shipped detector's errors (`sim.vector.varied_env`)."""
    demonstrations: int = 10
    """Episodes of the scripted expert, over all tasks; 0 = PPO alone."""
    warmup_updates: int = 3
    """First updates after a warm start in which only the critic learns: its first advantages are noise."""
    bc_coef: float = 1.0
    """Weight of imitation beside PPO at the first update..."""
    bc_decay: float = 0.97
    """... times this at each update."""
    max_policy_lag: int = 10
    """Robot decisions made by a policy that many published versions ago stay out of the loss."""
    eval_every: int = 5
    """Updates between validations in simulation; 0 = never."""
    eval_episodes: int = 80
    """Fresh resets of each task in a validation."""
    goal: float = 0.94
    """Validation success on every task at which training counts as done."""
    max_episodes: int = 0
    """Simulated episodes of any task, demonstrations included, that are never exceeded: where the next update
    might, training ends with the policy that did best in validation. 0 = no such budget."""
    least_versions: int = 5
    """Past its goal, training makes a new policy whenever a robot runs the newest, until every robot has run
    so many."""
    publish_every: int = 2
    """Updates between published policies."""
    checkpoint_every: int = 5
    """Updates between checkpoints; simulated episodes start anew at each, so that a resumed run is exact."""
    weights: RewardWeights = field(default_factory=RewardWeights)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    ppo: PPOConfig = field(default_factory=PPOConfig)
    bc: BCConfig = field(default_factory=BCConfig)

    @property
    def task_names(self) -> tuple[str, ...]:
        """Each task once."""
        return tuple(dict.fromkeys(self.tasks))

    def demonstrations_per_task(self) -> dict[str, int]:
        """The expert's episodes shared out evenly; looking (the hardest) gets what is left over."""
        tasks = self.task_names
        each = self.demonstrations // len(tasks)
        shares = {task: each for task in tasks}
        shares["look" if "look" in shares else tasks[0]] += self.demonstrations - each * len(tasks)
        return shares
