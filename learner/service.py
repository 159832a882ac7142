"""The parts that the API stands on, handed to it by the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from learner.config import LearnerConfig
from learner.counters import Counters
from learner.ingest import Ingest
from learner.live import Hub, Live
from learner.policies import Policies
from learner.robots import Robots
from learner.store.engine import AsyncStore
from learner.summary import Summary


@dataclass(frozen=True)
class Service:
    """Everything a request handler may use."""

    config: LearnerConfig
    store: AsyncStore
    robots: Robots
    policies: Policies
    ingest: Ingest
    hub: Hub
    live: Live
    summary: Summary
    counters: Counters
