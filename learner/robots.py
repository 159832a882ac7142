"""What the learner knows about each robot now; lost at a restart and learned again within a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from learner.wire import Wire
from shared.messages import RobotStatus, TaskSpec
from shared.topics import timeout_s

CONNECTED_S = timeout_s(RobotStatus)
"""A robot not heard of for longer counts as away; it reports ten times a second."""


@dataclass
class Assignment:
    """The episode a robot was last given."""

    spec: TaskSpec
    given_s: float
    """Monotonic."""
    sent_s: float
    """When it, or its end, was last sent."""
    ended_s: float | None = None
    """When the learner judged it over; None while it runs."""
    outcome: str = ""
    closed: bool = False
    """The robot has delivered the closing record."""
    seen_running: bool = False
    """The robot's status has shown it."""
    left_s: float | None = None
    """Since when the robot's status no longer shows it."""


@dataclass
class Session:
    """One robot."""

    robot_id: str
    identity: bytes
    """The newest connection's address."""
    last_seen_s: float
    """Monotonic."""
    accepted: bool = False
    """Its layout is ours."""
    status: RobotStatus | None = None
    status_s: float = 0.0
    assignment: Assignment | None = None
    on_trial: int = 0
    """A policy that it tries beside the one in use, which needs a task to be tried on; 0 = none."""

    def connected(self, now_s: float) -> bool:
        """Accepted, and heard of lately."""
        return self.accepted and now_s - self.last_seen_s < CONNECTED_S

    def given(self, episode_id: str) -> Assignment | None:
        """The assignment, if it is this episode."""
        given = self.assignment
        return given if given is not None and given.spec.episode_id == episode_id else None


class Robots:
    """All sessions, and the way to send to one."""

    def __init__(self, wire: Wire, clock: Callable[[], float] = time.monotonic) -> None:
        self._wire = wire
        self.clock = clock
        self.sessions: dict[str, Session] = {}

    def seen(self, robot_id: str, identity: bytes) -> Session:
        """Note a sign of life; answers go to the newest connection."""
        session = self.sessions.get(robot_id)
        if session is None:
            session = self.sessions[robot_id] = Session(robot_id, identity, self.clock())
        session.identity = identity
        session.last_seen_s = self.clock()
        return session

    def connected(self) -> list[Session]:
        """Accepted robots that were heard of lately, by id."""
        now = self.clock()
        return [s for _, s in sorted(self.sessions.items()) if s.connected(now)]

    async def send(self, session: Session, message: Any) -> bool:
        """Send now or not at all."""
        return await self._wire.send(session.identity, message)
