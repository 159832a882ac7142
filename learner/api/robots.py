"""Robots: who is there and what each does."""

from __future__ import annotations

import time

from litestar import Controller, get

from learner.api.payloads import RobotInfo
from learner.api.problems import not_found
from learner.service import Service
from learner.store import queries


class RobotsController(Controller):
    """Who is there."""

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
                    fault=status.fault if status is not None else "",
                    stop_source=status.stop_source if status is not None else "",
                    mode=status.mode if status is not None else "",
                    teleop=status.teleop if status is not None else False,
                    limits_profile=status.limits_profile if status is not None else None,
                    last_seen_unix_s=time.time() - age_s if session is not None else row.last_seen_unix_s,
                )
            )
        return rows


async def must_know(service: Service, robot_id: str) -> None:
    """Nothing is asked of the store about a robot that is here.

    Raises:
        ProblemDetailsException: 404, no such robot.
    """
    if robot_id in service.robots.sessions:
        return
    if await service.store.read(queries.get_robot, robot_id) is None:
        raise not_found("robot", robot_id, "GET /api/v1/robots lists them")
