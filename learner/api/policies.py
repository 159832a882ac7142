"""Policies and figures: what was published, what robots made of it, how training goes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from litestar import Controller, get
from litestar.params import Parameter

from learner.api.payloads import PolicyEventInfo, PolicyInfo
from learner.service import Service
from learner.store import queries


class PoliciesController(Controller):
    """Policies, summary, figures."""

    tags = ("learning",)

    @get("/policies")
    async def policies(
        self, service: Service, limit: Annotated[int, Parameter(ge=1, le=1000)] = 100
    ) -> list[PolicyInfo]:
        """Published policies, newest first, each with what robots did with it."""
        return await service.store.read(_policies, limit)

    @get("/summary")
    async def summary(self, service: Service) -> dict[str, Any]:
        """How things stand: robots, tasks, policy, feedback, link, the trainer's newest figures."""
        return await service.summary()

    @get("/metrics")
    async def metric(
        self,
        service: Service,
        name: Annotated[str, Parameter(min_length=1, max_length=200)],
        limit: Annotated[int, Parameter(ge=1, le=10_000)] = 1000,
    ) -> list[dict[str, float]]:
        """The last values of one of the trainer's figures, oldest first; empty for an unknown name."""
        rows = await service.store.read(queries.list_metrics, name, limit=limit)
        return [{"time_unix_s": m.time_unix_s, "step": m.step, "value": m.value} for m in rows]


def _policies(connection: Any, limit: int) -> list[PolicyInfo]:
    found = []
    for row in queries.list_policies(connection, limit=limit):
        public = asdict(row)
        del public["path"]
        events = [
            PolicyEventInfo(**asdict(e)) for e in queries.policy_events_of(connection, row.version, 100)
        ]
        found.append(PolicyInfo(**public, events=events))
    return found
