"""Robots: who is there, and stopping them. Nothing here can make a robot move or clear a stop."""

from __future__ import annotations

import time
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import Parameter

from learner.api.payloads import EmergencyStop, RobotInfo, StopAnswer, StopReason
from learner.api.problems import not_found
from learner.service import Service
from learner.stopping import Stopped, stop, stop_all
from learner.store import queries

RobotId = Annotated[str, Parameter(min_length=1, max_length=200)]


class RobotsController(Controller):
    """Who is there; stop."""

    tags = ("robots",)

    @get("/robots")
    async def robots(self, service: Service) -> list[RobotInfo]:
        """All robots that have introduced themselves, by id."""
        now = service.robots.clock()
        rows = []
        for row in await service.store.read(queries.list_robots):
            session = service.robots.sessions.get(row.robot_id)
            status = session.status if session is not None else None
            connected = session is not None and session.connected(now)
            age_s = now - session.last_seen_s if session is not None else 0.0
            rows.append(
                RobotInfo(
                    robot_id=row.robot_id,
                    body=row.body,
                    software=row.software,
                    connected=connected,
                    state=status.state if status is not None else row.state,
                    policy_version=status.policy_version if status is not None else None,
                    episode_id=(status.episode_id or None) if status is not None else None,
                    spooled=status.spooled if status is not None else None,
                    lost=status.lost if status is not None else None,
                    last_seen_unix_s=time.time() - age_s if session is not None else row.last_seen_unix_s,
                )
            )
        return rows

    @post("/robots/{robot_id:str}/stop", status_code=200)
    async def stop(self, service: Service, robot_id: RobotId, data: StopReason | None = None) -> StopAnswer:
        """Ask a robot to stop; waits up to 2 s for it to confirm. It can be released only at the robot."""
        session = service.robots.sessions.get(robot_id)
        reason = (data or StopReason()).reason
        if session is None:
            if await service.store.read(queries.get_robot, robot_id) is None:
                raise not_found("robot", robot_id, "GET /api/v1/robots lists them")
            answer = Stopped(robot_id, "", confirmed=False, latched_ms=None)
        else:
            answer = await stop(service.robots, session, reason, service.counters)
        await service.store.write(
            queries.add_event,
            "stop",
            time.time(),
            robot_id=robot_id,
            reason=reason,
            confirmed=answer.confirmed,
            latched_ms=answer.latched_ms,
        )
        return _answer(answer)

    @post("/emergency_stop", status_code=200)
    async def emergency_stop(self, service: Service, data: StopReason | None = None) -> EmergencyStop:
        """Ask every robot to stop, at once; says which confirmed."""
        reason = (data or StopReason()).reason
        known = [row.robot_id for row in await service.store.read(queries.list_robots)]
        answers = await stop_all(service.robots, known, reason, service.counters)
        await service.store.write(
            queries.add_event,
            "emergency_stop",
            time.time(),
            reason=reason,
            confirmed=[a.robot_id for a in answers if a.confirmed],
            unconfirmed=[a.robot_id for a in answers if not a.confirmed],
        )
        confirmed = bool(answers) and all(a.confirmed for a in answers)
        return EmergencyStop(confirmed, [_answer(a) for a in answers])


def _answer(stopped: Stopped) -> StopAnswer:
    return StopAnswer(stopped.robot_id, stopped.request_id, stopped.confirmed, stopped.latched_ms)
