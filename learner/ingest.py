"""Records in: judge, commit, then acknowledge. What is acknowledged is durable; repeats are harmless."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from learner.counters import Counters
from learner.judging import Judged, Judging
from learner.store import queries
from learner.store.engine import AsyncStore
from learner.store.rows import NewStep
from shared.codec import pack_transition
from shared.messages import Transition

MAX_WAITING = 64
"""Batches that may wait for the store; further ones are left to the robot's spool, which sends again."""
MAX_ROWS = 2_000
"""Rows a commit."""
RETRY_S = 0.5

log = structlog.get_logger("ingest")


@dataclass(frozen=True)
class Arrived:
    """One batch of one robot, checked."""

    robot_id: str
    transitions: Sequence[Transition]
    acknowledge: Callable[[tuple[tuple[int, int], ...]], Awaitable[object]]
    """Called with the keys once they are durable."""


@dataclass(frozen=True)
class Ended:
    """An episode that was closed by a commit."""

    robot_id: str
    episode_id: str
    outcome: str


class Ingest:
    """One queue, one writer: batches that arrive while a commit runs share the next one."""

    def __init__(
        self,
        store: AsyncStore,
        judging: Judging,
        counters: Counters,
        *,
        on_ended: Callable[[Ended], Awaitable[None]],
        on_closing: Callable[[str, str], None],
        on_said: Callable[[str, str], None],
    ) -> None:
        self._store = store
        self._judging = judging
        self._counters = counters
        self._on_ended = on_ended
        self._on_closing = on_closing
        self._on_said = on_said
        self._queue: asyncio.Queue[Arrived] = asyncio.Queue(MAX_WAITING)
        self._busy = False
        self.healthy = True
        """False after a commit failed, until one succeeds."""

    def offer(self, arrived: Arrived) -> bool:
        """Queue a batch; False: too many wait, the robot will send it again."""
        try:
            self._queue.put_nowait(arrived)
        except asyncio.QueueFull:
            return False
        return True

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is being committed."""
        return self._queue.empty() and not self._busy

    async def run(self) -> None:
        """Commit for ever. A commit that fails is logged and not acknowledged; the robots send again."""
        while True:
            self._busy = False
            waiting = [await self._queue.get()]
            self._busy = True
            rows = len(waiting[0].transitions)
            while rows < MAX_ROWS and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
                rows += len(waiting[-1].transitions)
            await self._settle(waiting)

    async def _settle(self, waiting: Sequence[Arrived]) -> None:
        """Commit batches together and acknowledge them; where that fails, one by one: one may be to blame."""
        try:
            ended = await self._commit(waiting)
        except Exception:
            self._judging.forget([t.episode_id for batch in waiting for t in batch.transitions])
            if len(waiting) > 1:
                for batch in waiting:
                    await self._settle([batch])
                return
            log.exception("commit failed; nothing was acknowledged", robot_id=waiting[0].robot_id)
            self.healthy = False
            await asyncio.sleep(RETRY_S)
            return
        self.healthy = True
        for batch in waiting:
            await batch.acknowledge(tuple((t.boot_epoch, t.decision_seq) for t in batch.transitions))
        for batch in waiting:
            for t in batch.transitions:
                if t.end_reason == "closing":
                    self._on_closing(batch.robot_id, t.episode_id)
        for end in ended:
            await self._on_ended(end)

    async def _commit(self, waiting: Sequence[Arrived]) -> list[Ended]:
        new = await self._new(waiting)
        await self._judging.prepare(new)
        now = time.time()
        judged = [(t, self._judging.step(t)) for t in new]
        ended = [Ended(t.robot_id, t.episode_id, j.outcome) for t, j in judged if j.outcome is not None]
        if judged:
            await self._store.write(_write, [_row(t, j, now) for t, j in judged], ended, now)
        for t, j in judged:
            if j.said:
                self._on_said(t.robot_id, j.said)
        self._counters.transitions += len(new)
        self._counters.duplicates += sum(len(batch.transitions) for batch in waiting) - len(new)
        return ended

    async def _new(self, waiting: Sequence[Arrived]) -> list[Transition]:
        """The records that are neither stored nor twice in this commit, in order of arrival."""
        by_robot: dict[str, dict[tuple[int, int], Transition]] = {}
        for batch in waiting:
            mine = by_robot.setdefault(batch.robot_id, {})
            for t in batch.transitions:
                mine.setdefault((t.boot_epoch, t.decision_seq), t)
        new: list[Transition] = []
        for robot_id, mine in by_robot.items():
            known = await self._store.read(queries.known_keys, robot_id, list(mine))
            new.extend(t for key, t in mine.items() if key not in known)
        return new


def _write(
    connection: Connection, rows: Sequence[NewStep], ended: Sequence[Ended], now_unix_s: float
) -> None:
    queries.insert_steps(connection, rows)
    for end in ended:
        queries.close_episode(connection, end.episode_id, end.outcome, now_unix_s)


def _row(t: Transition, judged: Judged, now_unix_s: float) -> NewStep:
    return NewStep(
        robot_id=t.robot_id,
        boot_epoch=t.boot_epoch,
        decision_seq=t.decision_seq,
        episode_id=t.episode_id,
        episode_step=t.episode_step,
        tool=t.tool,
        source=t.source,
        end_reason=t.end_reason,
        n_ticks=t.n_ticks,
        policy_version=t.policy_version,
        log_prob=t.log_prob,
        value=t.value,
        limited_ticks=t.limited_ticks,
        violations=t.violations,
        time_unix_s=t.time_unix_s,
        received_unix_s=now_unix_s,
        r_task=judged.r_task,
        payload=pack_transition(t),
    )
