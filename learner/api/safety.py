"""Stopping robots, and what they flagged. Nothing here can make a robot move or clear a stop."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import Parameter

from learner.api.payloads import AnomalyInfo, EmergencyStop, StopAnswer, StopInfo, StopReason
from learner.api.robots import must_know
from learner.service import Service
from learner.stopping import Stopped
from learner.store import queries

Key = Annotated[str, Parameter(min_length=1, max_length=200)]
Filter = Annotated[str | None, Parameter(max_length=200)]
Limit = Annotated[int, Parameter(ge=1, le=1000)]


class SafetyController(Controller):
    """Stops and anomalies."""

    tags = ("safety",)

    @post("/robots/{robot_id:str}/stop", status_code=200)
    async def stop(self, service: Service, robot_id: Key, data: StopReason | None = None) -> StopAnswer:
        """Ask a robot to stop; waits up to 2 s for it to confirm. It can be released only at the robot."""
        await must_know(service, robot_id)
        return stop_answer(await service.stops.one(robot_id, (data or StopReason()).reason))

    @post("/emergency_stop", status_code=200)
    async def emergency_stop(self, service: Service, data: StopReason | None = None) -> EmergencyStop:
        """Ask every robot to stop, at once; waits up to 2 s and says which confirmed. Those that did not are
        asked again as soon as they are heard of.
        """
        answers = await service.stops.everywhere((data or StopReason()).reason)
        confirmed = bool(answers) and all(a.confirmed for a in answers)
        return EmergencyStop(confirmed, [stop_answer(a) for a in answers])

    @get("/stops")
    async def stops(self, service: Service, limit: Limit = 100) -> list[StopInfo]:
        """Stops that were asked for over this API, newest first, with each robot's answer."""
        rows = await service.store.read(queries.list_stops, limit=limit)
        return [StopInfo(**asdict(row)) for row in rows]

    @get("/anomalies")
    async def anomalies(
        self, service: Service, limit: Limit = 100, robot_id: Filter = None, episode_id: Filter = None
    ) -> list[AnomalyInfo]:
        """What robots flagged for review, newest first."""
        rows = await service.store.read(
            queries.list_anomalies, limit=limit, robot_id=robot_id, episode_id=episode_id
        )
        return [AnomalyInfo(**asdict(row)) for row in rows]


def stop_answer(stopped: Stopped) -> StopAnswer:
    """For the wire."""
    return StopAnswer(stopped.robot_id, stopped.request_id, stopped.confirmed, stopped.latched_ms)
