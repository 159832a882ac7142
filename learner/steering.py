"""People's word on what a robot does: moving it by hand, and approving what its policy proposes.

Nothing of this is ever queued. A target is sent at once or dropped, and says for how long it is worth
following; a robot that hears no newer one holds and goes on by itself.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from learner.counters import Counters
from learner.robots import Robots, Session
from shared.messages import Approval, SetMode, TeleopTarget

DEADLINE_S = 0.25
"""A target that is not followed by another is followed for so long."""
LATE_S = 0.2
"""A target that took this much longer than the quickest one of its session is dropped."""
LEAST_PERIOD_S = 0.015
"""Targets that come closer together than this are not sent on: the next one says more."""
SILENT_S = 0.5
"""A robot that has not reported for this long is not moved."""
CONFIRM_TIMEOUT_S = 2.0
SEND_AGAIN_S = 0.25
LOOK_S = 0.05
HELD_STATES = ("BOOT", "DISARMED", "ARMING", "STOPPED", "FAULT")
"""Guard states in which nobody moves the robot."""

Rpy = tuple[float, float, float]


class CannotSteer(Exception):
    """The robot cannot be moved, or not by this person; the message says why."""


class Steering:
    """Who has which robot."""

    def __init__(self, robots: Robots, counters: Counters) -> None:
        self._robots = robots
        self._counters = counters
        self._taken: set[str] = set()

    @contextmanager
    def take(self, robot_id: str) -> Iterator[Hand]:
        """A robot in one person's hand for the block's duration.

        Raises:
            CannotSteer: it is away, holds still, or is in somebody else's hand.
        """
        if robot_id in self._taken:
            raise CannotSteer(f"somebody else is moving {robot_id}")
        hand = Hand(self._robots, self._robots.sessions.get(robot_id), self._counters)
        hand.check()
        self._taken.add(robot_id)
        try:
            yield hand
        finally:
            self._taken.discard(robot_id)

    async def set_mode(self, session: Session, mode: str) -> bool:
        """Ask for a mode until the robot's status shows it. False: it did not within 2 s."""
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT_S):
                while session.status is None or session.status.mode != mode:
                    await self._robots.send(session, SetMode(mode))
                    await self._shows(session, mode)
        except TimeoutError:
            return False
        return True

    async def _shows(self, session: Session, mode: str) -> None:
        until = time.monotonic() + SEND_AGAIN_S
        while time.monotonic() < until:
            await asyncio.sleep(LOOK_S)
            if session.status is not None and session.status.mode == mode:
                return

    async def answer(self, session: Session, proposal_id: int, *, approved: bool) -> None:
        """Send a person's word on the proposal that waits now.

        Raises:
            CannotSteer: that proposal does not wait any more, or the robot cannot be reached.
        """
        status = session.status
        if status is None or proposal_id == 0 or status.proposal_id != proposal_id:
            raise CannotSteer(f"proposal {proposal_id} has expired or was answered")
        if not await self._robots.send(session, Approval(proposal_id, approved)):
            raise CannotSteer(f"{session.robot_id} cannot be reached")


class Hand:
    """One person's hand on one robot."""

    def __init__(self, robots: Robots, session: Session | None, counters: Counters) -> None:
        self._robots = robots
        self._session = session
        self._counters = counters
        self._id = uuid.uuid4().hex
        self._quickest_s = float("inf")
        self._sent_s = float("-inf")
        self._last: TeleopTarget | None = None

    def check(self) -> Session:
        """The session, if the robot can be moved now.

        Raises:
            CannotSteer: it cannot.
        """
        session = self._session
        now = self._robots.clock()
        if session is None or session.status is None or not session.connected(now):
            raise CannotSteer("the robot is not connected")
        if session.status.state in HELD_STATES:
            raise CannotSteer(f"the robot is {session.status.state} and moves for nobody")
        return session

    async def move(
        self, sent_s: float, head_rpy: Rpy, body_yaw: float, antennas: tuple[float, float]
    ) -> bool:
        """Send one target on; False: it came too late, or too soon after another, and was dropped.

        Args:
            sent_s: the person's device's own clock when the target was made. Only differences count.
            head_rpy: rad in the base frame.
            body_yaw: rad.
            antennas: rad right, left.

        Raises:
            CannotSteer: the robot has stopped or gone.
        """
        session = self.check()
        now = self._robots.clock()
        took_s = now - sent_s
        self._quickest_s = min(self._quickest_s, took_s)
        if took_s - self._quickest_s > LATE_S or now - session.status_s > SILENT_S:
            self._counters.teleop["late"] += 1
            return False
        if now - self._sent_s < LEAST_PERIOD_S:
            return False
        self._sent_s = now
        self._last = TeleopTarget(self._id, True, head_rpy, body_yaw, antennas, DEADLINE_S)
        self._counters.teleop["sent"] += 1
        return await self._robots.send(session, self._last)

    async def release(self) -> None:
        """Give the motion back; a release that is lost is made good by the last target's deadline."""
        if self._session is not None and self._last is not None:
            last = self._last
            gone = TeleopTarget(self._id, False, last.head_rpy, last.body_yaw, last.antennas, 0.0)
            await self._robots.send(self._session, gone)
