"""Asking robots to stop, and waiting for each to say that its latch is set."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from learner.counters import Counters
from learner.robots import Robots, Session
from shared.messages import StopRequest

CONFIRM_TIMEOUT_S = 2.0
SEND_AGAIN_S = 0.1


@dataclass(frozen=True)
class Stopped:
    """What became of a stop request."""

    robot_id: str
    request_id: str
    confirmed: bool
    """True only when the robot itself said that its latch is set."""
    latched_ms: float | None
    """Robot's own figure: receipt to latch."""


async def stop(
    robots: Robots, session: Session, reason: str, counters: Counters, timeout_s: float = CONFIRM_TIMEOUT_S
) -> Stopped:
    """Ask one robot to stop; answers after its confirmation or the timeout, whichever is first."""
    request_id = uuid.uuid4().hex
    waiting = session.stops[request_id] = asyncio.get_running_loop().create_future()
    try:
        async with asyncio.timeout(timeout_s):
            while not await robots.send(session, StopRequest(request_id, reason)):
                await asyncio.sleep(SEND_AGAIN_S)  # it may be reconnecting
            confirm = await waiting
    except TimeoutError:
        counters.stops["unconfirmed"] += 1
        return Stopped(session.robot_id, request_id, confirmed=False, latched_ms=None)
    finally:
        del session.stops[request_id]
    counters.stops["confirmed"] += 1
    return Stopped(session.robot_id, request_id, confirmed=True, latched_ms=confirm.latched_ms)


async def stop_all(robots: Robots, known: Iterable[str], reason: str, counters: Counters) -> list[Stopped]:
    """Ask every robot at once; those on record that were not heard of since the start cannot confirm."""
    sessions = list(robots.sessions.values())
    answers = await asyncio.gather(*(stop(robots, s, reason, counters) for s in sessions))
    away = sorted(set(known) - set(robots.sessions))
    return [*answers, *(Stopped(name, "", confirmed=False, latched_ms=None) for name in away)]
