"""The parts that the API stands on, handed to it by the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from learner.config import LearnerConfig
from learner.counters import Counters
from learner.disliking import Dislikes
from learner.ingest import Ingest
from learner.live import Hub, Live
from learner.policies import Policies
from learner.reward.serving.service import RewardService
from learner.robots import Robots
from learner.scoring import Scoring
from learner.steering import Steering
from learner.stopping import Stops
from learner.store.engine import AsyncStore
from learner.summary import Summary
from learner.voice import Voice


@dataclass(frozen=True)
class Service:
    """Everything a request handler may use."""

    config: LearnerConfig
    store: AsyncStore
    robots: Robots
    policies: Policies
    stops: Stops
    steering: Steering
    dislikes: Dislikes
    ingest: Ingest
    hub: Hub
    live: Live
    summary: Summary
    counters: Counters
    reward: RewardService
    scoring: Scoring
    voice: Voice
