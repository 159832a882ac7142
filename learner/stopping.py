"""Asking robots to stop, waiting until each says that its latch is set, and asking again who did not."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from learner.counters import Counters
from learner.robots import Robots, Session
from learner.store import queries
from learner.store.engine import AsyncStore
from learner.store.rows import Stop
from shared.messages import RobotStatus, StopConfirm, StopRequest
from shared.topics import timeout_s

CONFIRM_TIMEOUT_S = timeout_s(StopRequest)
SEND_AGAIN_S = 0.1
OWED_PERIOD_S = 1.0
"""A robot that has not confirmed is asked again this often, as soon as it is heard of."""
NAMES_TIMEOUT_S = 1.0
"""How long an emergency stop waits for the store's list of robots, beside the robots themselves."""

log = structlog.get_logger("stop")


@dataclass(frozen=True)
class Stopped:
    """What became of a stop request."""

    robot_id: str
    request_id: str
    confirmed: bool
    """True only when the robot itself said that its latch is set."""
    latched_ms: float | None
    """Robot's own figure: receipt to latch."""


@dataclass
class _Owed:
    """A stop that a robot has not confirmed yet."""

    request: StopRequest
    asked_s: float


class Stops:
    """Every stop asked for over the network. A robot that does not confirm is asked again when it calls, by
    the next learner too."""

    def __init__(self, robots: Robots, store: AsyncStore, counters: Counters) -> None:
        self._robots = robots
        self._store = store
        self._counters = counters
        self._waiting: dict[tuple[str, str], asyncio.Future[StopConfirm]] = {}
        self._owed: dict[str, _Owed] = {}
        self._late: asyncio.Queue[Stop] = asyncio.Queue()

    async def run(self) -> None:
        """Take over what the last learner left unconfirmed, then write down late confirmations for ever."""
        for stop in await self._store.read(queries.unconfirmed_stops):
            if stop.robot_id not in self._owed:
                self._owe(stop.robot_id, stop.reason)
        while True:
            stop = await self._late.get()
            await self._write([stop])

    async def one(self, robot_id: str, reason: str) -> Stopped:
        """Ask one robot; answers after its confirmation or the timeout, whichever is first."""
        answer = await self._ask(robot_id, reason)
        await self._note([answer], reason, everywhere=False)
        return answer

    async def everywhere(self, reason: str) -> list[Stopped]:
        """Ask every robot at once, those on record that were not heard of since the start included.

        Nothing is read or written before the robots have been asked: a store that hangs delays no stop.
        """
        here = sorted(self._robots.sessions)
        asked = asyncio.gather(*(self._ask(robot_id, reason) for robot_id in here))
        try:
            async with asyncio.timeout(NAMES_TIMEOUT_S):
                known = {row.robot_id for row in await self._store.read(queries.list_robots)}
        except (TimeoutError, SQLAlchemyError):
            log.exception("the store does not say which other robots there are")
            known = set()
        away = [self._owe(robot_id, reason) for robot_id in sorted(known - set(here))]
        answers = [*await asked, *away]
        await self._note(answers, reason, everywhere=True)
        return answers

    def confirm(self, confirmation: StopConfirm) -> None:
        """A robot says that its latch is set."""
        owed = self._owed.get(confirmation.robot_id)
        waiting = self._waiting.get((confirmation.robot_id, confirmation.request_id))
        if owed is not None and owed.request.request_id == confirmation.request_id:
            self._settle(owed, confirmation.robot_id, confirmation.latched_ms, late=waiting is None)
        if waiting is not None and not waiting.done():
            waiting.set_result(confirmation)

    async def heard(self, session: Session, status: RobotStatus) -> None:
        """A robot reports: one that owes a confirmation is asked again."""
        owed = self._owed.get(session.robot_id)
        if owed is None or (session.robot_id, owed.request.request_id) in self._waiting:
            return
        if status.state == "STOPPED":
            self._settle(owed, session.robot_id, None, late=True)
            return
        now = self._robots.clock()
        if now - owed.asked_s >= OWED_PERIOD_S:
            owed.asked_s = now
            await self._robots.send(session, owed.request)

    def _settle(self, owed: _Owed, robot_id: str, latched_ms: float | None, *, late: bool) -> None:
        """The robot has stopped; `late`: nobody waits for it any more who would write it down."""
        del self._owed[robot_id]
        log.warning("stop confirmed", robot_id=robot_id, latched_ms=latched_ms)
        if late:
            stop = Stop(time.time(), robot_id, False, owed.request.reason, True, latched_ms)
            self._late.put_nowait(stop)

    def _owe(self, robot_id: str, reason: str) -> Stopped:
        """Nobody to ask now: it is asked when it calls."""
        request = StopRequest(uuid.uuid4().hex, reason)
        self._owed[robot_id] = _Owed(request, self._robots.clock() - OWED_PERIOD_S)
        self._counters.stops["unconfirmed"] += 1
        return Stopped(robot_id, request.request_id, confirmed=False, latched_ms=None)

    async def _ask(self, robot_id: str, reason: str) -> Stopped:
        session = self._robots.sessions.get(robot_id)
        if session is None:
            return self._owe(robot_id, reason)
        request = StopRequest(uuid.uuid4().hex, reason)
        self._owed[robot_id] = _Owed(request, self._robots.clock())
        key = (robot_id, request.request_id)
        waiting = self._waiting[key] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT_S):
                while not await self._robots.send(session, request):
                    await asyncio.sleep(SEND_AGAIN_S)  # it may be reconnecting
                confirmation = await waiting
        except TimeoutError:
            self._counters.stops["unconfirmed"] += 1
            return Stopped(robot_id, request.request_id, confirmed=False, latched_ms=None)
        finally:
            del self._waiting[key]
        self._counters.stops["confirmed"] += 1
        return Stopped(robot_id, request.request_id, confirmed=True, latched_ms=confirmation.latched_ms)

    async def _note(self, answers: list[Stopped], reason: str, *, everywhere: bool) -> None:
        """Write it down; a store that cannot does not take the answer away."""
        now = time.time()
        for a in answers:
            log.warning("stop asked for", robot_id=a.robot_id, confirmed=a.confirmed, everywhere=everywhere)
        await self._write(
            [Stop(now, a.robot_id, everywhere, reason, a.confirmed, a.latched_ms) for a in answers]
        )

    async def _write(self, rows: list[Stop]) -> None:
        try:
            await self._store.write(queries.add_stops, rows)
        except SQLAlchemyError:
            log.exception("a stop could not be written down", robots=[row.robot_id for row in rows])
