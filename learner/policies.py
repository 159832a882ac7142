"""Policies out: tell robots about new versions, serve bundles in chunks, write down what became of them."""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path

import structlog

from learner.counters import Counters
from learner.robots import Robots, Session
from learner.store import queries
from learner.store.engine import AsyncStore
from learner.store.rows import Policy, PolicyEvent
from shared.messages import Chunk, ChunkRequest, PolicyNotice, PolicyResult, Refusal
from shared.topics import timeout_s

POLL_S = 0.5
RENOTICE_S = timeout_s(PolicyNotice)
"""A robot that runs another version and has said nothing of the newest is told again this often."""
CHUNK_BYTES = 256 * 1024
KEPT_BUNDLES = 3
TAKEN_BACK = ("rejected", "rolled_back")
"""Answers of a robot that people should see."""
REMEMBERED = 200
"""Newest answers of robots among which a repetition is looked for."""

log = structlog.get_logger("policies")


class Policies:
    """The newest published policy, and every robot's way to it."""

    def __init__(self, store: AsyncStore, robots: Robots, counters: Counters, folder: Path) -> None:
        """`folder`: what relative bundle paths in the store are relative to."""
        self._store = store
        self._robots = robots
        self._counters = counters
        self._folder = folder
        self._bundles: dict[int, bytes] = {}
        self._noticed: dict[tuple[str, int], float] = {}
        self._answered: set[tuple[str, int]] = set()
        """(robot, version) that need not be told of again."""
        self.latest: Policy | None = None

    async def run(self) -> None:
        """Watch for new versions for ever; an error is logged and tried again."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("cannot look for policies; will try again")
            await asyncio.sleep(POLL_S)

    async def look(self) -> None:
        """Look once: tell connected robots that run another version than the newest."""
        newest = await self._store.read(queries.latest_policy)
        if newest is not None and (self.latest is None or newest.version != self.latest.version):
            log.info("policy published", version=newest.version)
        self.latest = newest
        for session in self._robots.connected():
            if session.status is not None:
                await self._offer(session, session.status.policy_version)

    async def greet(self, session: Session, running_version: int) -> None:
        """Offer the newest to a robot that has just said Hello."""
        self._noticed = {key: at for key, at in self._noticed.items() if key[0] != session.robot_id}
        refused = await self._store.read(queries.refused_versions, session.robot_id)
        self._answered = {key for key in self._answered if key[0] != session.robot_id}
        self._answered |= {(session.robot_id, version) for version in refused}
        self.latest = await self._store.read(queries.latest_policy)
        await self._offer(session, running_version)

    async def _offer(self, session: Session, running_version: int) -> None:
        policy = self.latest
        if policy is None or policy.version == running_version:
            return
        key = (session.robot_id, policy.version)
        now = self._robots.clock()
        if key in self._answered or now - self._noticed.get(key, -RENOTICE_S) < RENOTICE_S:
            return
        if await self._robots.send(session, PolicyNotice(policy.version, policy.size, policy.sha256)):
            self._noticed[key] = now

    async def serve(self, session: Session, request: ChunkRequest) -> None:
        """Send one chunk, or say why not."""
        try:
            bundle = await self._bundle(request.version)
        except (OSError, ValueError) as error:
            log.error("cannot serve a policy", version=request.version, error=str(error))
            await self._robots.send(session, Refusal(f"policy {request.version}: {error}", "ChunkRequest"))
            return
        if not 0 <= request.offset < len(bundle):
            reason = f"policy {request.version} has {len(bundle)} bytes; there is nothing at {request.offset}"
            await self._robots.send(session, Refusal(reason, "ChunkRequest"))
            return
        data = bundle[request.offset : request.offset + CHUNK_BYTES]
        self._counters.policy_bytes += len(data)
        await self._robots.send(session, Chunk(request.version, request.offset, data))

    async def _bundle(self, version: int) -> bytes:
        if version not in self._bundles:
            policy = None
            if 0 <= version < 2**63:
                policy = await self._store.read(queries.get_policy, version)
            if policy is None or policy.status != "published":
                raise ValueError("no such published version")
            data = await asyncio.to_thread((self._folder / policy.path).read_bytes)
            if hashlib.sha256(data).hexdigest() != policy.sha256:
                raise ValueError(f"the file {policy.path} is not what was published (sha256 differs)")
            while len(self._bundles) >= KEPT_BUNDLES:
                del self._bundles[next(iter(self._bundles))]
            self._bundles[version] = data
        return self._bundles[version]

    async def note(self, session: Session, result: PolicyResult) -> None:
        """Write down what a robot did with a version; it tells again after each reconnection."""
        told = (result.version, result.status, result.reason)
        if result.status == "trial":
            session.on_trial = result.version
        elif result.version >= session.on_trial:
            session.on_trial = 0
        self._answered.add((session.robot_id, result.version))
        if told in await self._told(session.robot_id):
            return
        level = log.warning if result.status in TAKEN_BACK else log.info
        level("policy on robot", robot_id=session.robot_id, version=result.version, status=result.status)
        event = PolicyEvent(session.robot_id, *told, time.time())
        await self._store.write(queries.add_policy_event, event)

    async def _told(self, robot_id: str) -> set[tuple[int, str, str]]:
        events = await self._store.read(queries.policy_events_of, None, REMEMBERED)
        return {(e.version, e.status, e.reason) for e in events if e.robot_id == robot_id}
