"""The link's conversation: what robots say, and what each message sets going."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

import structlog

from learner.counters import Counters
from learner.ingest import Arrived, Ended, Ingest
from learner.judging import Judging
from learner.policies import Policies
from learner.robots import Robots, Session
from learner.stopping import Stops
from learner.store import queries
from learner.store.engine import AsyncStore
from learner.store.rows import NewAnomaly, Robot
from learner.wire import Received, Wire
from shared.codec import decode
from shared.errors import CodecError
from shared.messages import (
    Ack,
    Anomaly,
    ChunkRequest,
    EndEpisode,
    Hello,
    PolicyResult,
    Refusal,
    RobotStatus,
    StopConfirm,
    TransitionBatch,
    Welcome,
)
from shared.spaces import layout_hash

TOUCH_S = 5.0
"""How often a robot's `last_seen` is written down."""

MAX_KINDS = 64
"""Kinds of anomalies that are told apart; each is a series of its own in the metrics."""

log = structlog.get_logger("experience")


class Experience:
    """Receives, checks, answers. One bad sender stops nobody else."""

    def __init__(
        self,
        *,
        wire: Wire,
        robots: Robots,
        store: AsyncStore,
        judging: Judging,
        policies: Policies,
        stops: Stops,
        counters: Counters,
        on_status: Callable[[RobotStatus], None],
        on_anomaly: Callable[[Anomaly], None],
        on_said: Callable[[str, str], None],
    ) -> None:
        self._wire = wire
        self._robots = robots
        self._store = store
        self._policies = policies
        self._stops = stops
        self._counters = counters
        self._on_status = on_status
        self._on_anomaly = on_anomaly
        self._touched: dict[str, float] = {}
        self._layouts: dict[str, str] = {}
        self.ingest = Ingest(
            store, judging, counters, on_ended=self._ended, on_closing=self._closing, on_said=on_said
        )
        self._handlers: dict[type, Callable[[Session, object], Awaitable[None]]] = {
            Hello: self._hello,
            TransitionBatch: self._batch,
            RobotStatus: self._status,
            ChunkRequest: self._chunk,
            PolicyResult: self._result,
            StopConfirm: self._confirm,
            Anomaly: self._anomaly,
        }

    async def remember(self) -> None:
        """Robots that were accepted before a restart go on at once: their layout is on record."""
        self._layouts = {r.robot_id: r.layout_hash for r in await self._store.read(queries.list_robots)}

    async def run(self) -> None:
        """Receive for ever."""
        await self.remember()
        while True:
            received = await self._wire.receive()
            try:
                await self._handle(received)
            except CodecError as error:
                await self._refuse(received, str(error))
            except Exception:
                log.exception("could not handle a message", robot_id=received.robot_id)
                await self._refuse(received, "the learner failed on this message; see its log")

    async def _refuse(self, received: Received, reason: str, about: str = "") -> None:
        self._counters.refused_frames += 1
        log.warning("refused a message", robot_id=received.robot_id, reason=reason, about=about)
        await self._wire.send(received.identity, Refusal(reason[:500], about))

    async def _handle(self, received: Received) -> None:
        message = decode(received.payload)
        about = type(message).__name__
        handler = self._handlers.get(type(message))
        if handler is None:
            return await self._refuse(received, "robots do not send this", about)
        stranger = next((name for name in _claims(message) if name != received.robot_id), None)
        if stranger is not None:
            reason = f"the message says robot {stranger!r}, the key belongs to {received.robot_id!r}"
            return await self._refuse(received, reason, about)
        session = self._robots.seen(received.robot_id, received.identity)
        if not isinstance(message, Hello | StopConfirm):
            if not session.accepted:
                session.accepted = self._layouts.get(session.robot_id) == layout_hash()
            if not session.accepted:
                return await self._refuse(received, "say Hello first", about)
        return await handler(session, message)

    async def _hello(self, session: Session, message: object) -> None:
        assert isinstance(message, Hello)
        ours = layout_hash()
        session.accepted = message.layout_hash == ours
        self._layouts[session.robot_id] = message.layout_hash
        if not session.accepted:
            self._counters.refused_hellos += 1
            reason = (
                f"the robot's observation and action layout is {message.layout_hash}, "
                f"the learner's is {ours}; "
                "install the same reachy-coach version on both"
            )
            log.warning("robot refused", robot_id=session.robot_id, reason=reason)
            await self._robots.send(session, Welcome(accepted=False, reason=reason))
            return
        row = Robot(session.robot_id, message.body, message.software, ours, time.time(), "connected")
        await self._store.write(queries.put_robot, row)
        log.info("robot connected", robot_id=session.robot_id, body=message.body, epoch=message.boot_epoch)
        await self._robots.send(session, Welcome(accepted=True, reason=""))
        await self._policies.greet(session, message.policy_version)

    async def _batch(self, session: Session, message: object) -> None:
        assert isinstance(message, TransitionBatch)
        identity = session.identity

        async def acknowledge(keys: tuple[tuple[int, int], ...]) -> None:
            await self._wire.send(identity, Ack(keys))

        if not self.ingest.offer(Arrived(session.robot_id, message.transitions, acknowledge)):
            log.warning(
                "the store is behind; a batch is left to the robot's spool", robot_id=session.robot_id
            )

    async def _status(self, session: Session, message: object) -> None:
        assert isinstance(message, RobotStatus)
        session.status, session.status_s = message, self._robots.clock()
        self._on_status(message)
        await self._stops.heard(session, message)
        if session.status_s - self._touched.get(session.robot_id, -TOUCH_S) >= TOUCH_S:
            self._touched[session.robot_id] = session.status_s
            await self._store.write(queries.touch_robot, session.robot_id, message.state, time.time())

    async def _chunk(self, session: Session, message: object) -> None:
        assert isinstance(message, ChunkRequest)
        await self._policies.serve(session, message)

    async def _result(self, session: Session, message: object) -> None:
        assert isinstance(message, PolicyResult)
        await self._policies.note(session, message)

    async def _confirm(self, session: Session, message: object) -> None:
        assert isinstance(message, StopConfirm)
        self._stops.confirm(message)

    async def _anomaly(self, session: Session, message: object) -> None:
        assert isinstance(message, Anomaly)
        row = NewAnomaly(
            robot_id=session.robot_id,
            episode_id=message.episode_id or None,
            episode_step=message.episode_step,
            kind=message.kind,
            score=message.score,
            detail=message.detail,
            time_unix_s=message.time_unix_s,
            received_unix_s=time.time(),
        )
        log.warning("anomaly", robot_id=row.robot_id, kind=row.kind, detail=row.detail)
        if row.kind not in self._counters.anomalies and len(self._counters.anomalies) >= MAX_KINDS:
            raise CodecError(f"anomaly kind {row.kind!r:.40}: there are {MAX_KINDS} kinds already")
        await self._store.write(queries.put_anomaly, row)
        self._counters.anomalies[row.kind] = self._counters.anomalies.get(row.kind, 0) + 1
        self._on_anomaly(message)

    async def _ended(self, end: Ended) -> None:
        log.info("episode over", robot_id=end.robot_id, episode_id=end.episode_id, outcome=end.outcome)
        session = self._robots.sessions.get(end.robot_id)
        if session is None:
            return
        given = session.given(end.episode_id)
        if given is not None:
            given.outcome, given.ended_s = end.outcome, self._robots.clock()
        if end.outcome != "truncated":  # the robot ended a truncated one itself
            await self._robots.send(session, EndEpisode(end.episode_id, end.outcome))

    def _closing(self, robot_id: str, episode_id: str) -> None:
        session = self._robots.sessions.get(robot_id)
        given = session.given(episode_id) if session is not None else None
        if given is not None:
            given.closed = True

    async def drain(self, timeout_s: float = 2.0) -> None:
        """Let waiting batches be committed before the process ends."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self.ingest.idle:
                    await asyncio.sleep(0.02)
        except TimeoutError:
            log.warning("ended with batches waiting; the robots will send them again")


def _claims(message: object) -> Iterator[str]:
    """Every robot id that a message names."""
    if isinstance(message, TransitionBatch):
        yield from (t.robot_id for t in message.transitions)
    elif hasattr(message, "robot_id"):
        yield message.robot_id
