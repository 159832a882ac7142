"""What an idle robot does next: the tasks that are open to it in turn, one episode after the other."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, Protocol

import numpy as np
import structlog

from learner.robots import Assignment, Robots, Session
from learner.store import queries
from learner.store.engine import AsyncStore
from learner.store.rows import Episode
from learner.unlocking import Unlocking
from shared.codec import decode, encode
from shared.messages import EndEpisode, TaskSpec
from shared.spaces import TICK_S
from shared.tools import TRACE_TICKS
from shared.topics import timeout_s

PERIOD_S = 0.1
RESEND_S = timeout_s(TaskSpec)
"""A task or an end that the robot's status does not show after this long is sent again."""
LOST_S = 10.0
"""A robot that has left an episode gets this long to deliver its closing record."""
LONGEST_DECISION_S = TRACE_TICKS * TICK_S
APPROVAL_S = 6.0
"""A decision that waits for a person's approval may take so much longer."""
PATIENCE_S = 30.0
"""An episode that takes this much longer than its decisions can is given up: its closing record was lost."""
WAITING_STATES = {"boot", "disarmed", "arming", "stopped", "fault"}
"""Guard states in which a robot is given nothing."""

log = structlog.get_logger("assign")


class Task(Protocol):
    """A task that can draw an episode; see `sim.tasks`."""

    def reset(self, rng: np.random.Generator, split: Any) -> TaskSpec:
        """A fresh episode; split `train` or `held_out`."""
        ...


class Move(Enum):
    """What to do about a robot now."""

    NOTHING = "nothing"
    ADOPT = "adopt"
    """It runs an episode that this process does not know (it was restarted)."""
    GIVE = "give"
    """Give it a new episode."""
    RESEND = "resend"
    """It has not begun the episode it was given."""
    END_AGAIN = "end_again"
    """It has not noticed that its episode is over."""
    ABANDON = "abandon"
    """It has left its episode without closing it (it was restarted)."""


def next_move(session: Session, now_s: float) -> Move:
    """Decide from what is known about a robot; pure."""
    status, given = session.status, session.assignment
    if status is None or not session.connected(now_s):
        return Move.NOTHING
    if status.state.lower() in WAITING_STATES:
        return Move.NOTHING
    if status.policy_version == 0 and not session.on_trial:
        return Move.NOTHING
    if given is None:
        return Move.ADOPT if status.episode_id else Move.GIVE
    runs_it = status.episode_id == given.spec.episode_id
    if runs_it:
        given.seen_running = True
        given.left_s = None
    elif given.seen_running and given.left_s is None:
        given.left_s = now_s
    if given.closed:
        return Move.GIVE
    decision_s = LONGEST_DECISION_S + (APPROVAL_S if status.mode == "suggest" else 0.0)
    limit_s = given.spec.max_decisions * decision_s + PATIENCE_S
    if now_s - given.given_s > limit_s:
        return Move.ABANDON
    if given.ended_s is not None and runs_it:
        return Move.END_AGAIN if now_s - max(given.ended_s, given.sent_s) > RESEND_S else Move.NOTHING
    if not given.seen_running:
        if given.ended_s is not None:
            return Move.GIVE
        return Move.RESEND if now_s - given.sent_s > RESEND_S else Move.NOTHING
    if given.left_s is not None and now_s - given.left_s > LOST_S:
        return Move.ABANDON
    return Move.NOTHING


class Assigner:
    """Gives robots episodes."""

    def __init__(
        self,
        *,
        store: AsyncStore,
        robots: Robots,
        tasks: Mapping[str, Task],
        unlocking: Unlocking,
        seed: int,
        held_out_every: int,
    ) -> None:
        self._store = store
        self._robots = robots
        self._tasks = tasks
        self._unlocking = unlocking
        self._seed = seed
        self._held_out_every = held_out_every

    async def run(self) -> None:
        """Look after all robots for ever; an error is logged and tried again."""
        while True:
            for session in self._robots.connected():
                try:
                    await self.attend(session)
                except Exception:
                    log.exception("cannot give a task; will try again", robot_id=session.robot_id)
                    await asyncio.sleep(1.0)
            await asyncio.sleep(PERIOD_S)

    async def attend(self, session: Session) -> None:
        """Do what one robot needs now."""
        now = self._robots.clock()
        move = next_move(session, now)
        given = session.assignment
        if move is Move.ADOPT:
            await self._adopt(session)
        elif move is Move.GIVE:
            await self._give(session)
        elif given is None:
            return
        elif move is Move.RESEND:
            given.sent_s = now
            await self._robots.send(session, given.spec)
        elif move is Move.END_AGAIN:
            given.sent_s = now
            await self._robots.send(session, EndEpisode(given.spec.episode_id, given.outcome))
        elif move is Move.ABANDON:
            log.warning("episode left unfinished", robot_id=session.robot_id, episode=given.spec.episode_id)
            await self._store.write(queries.close_episode, given.spec.episode_id, "abandoned", time.time())
            session.assignment = None

    async def _adopt(self, session: Session) -> None:
        assert session.status is not None
        episode = await self._store.read(queries.get_episode, session.status.episode_id)
        if episode is None or episode.robot_id != session.robot_id:
            await self._give(session)
            return
        spec = decode(episode.spec)
        assert isinstance(spec, TaskSpec)
        now = self._robots.clock()
        given = Assignment(spec, now, now)
        if episode.outcome is not None:
            given.outcome, given.ended_s = episode.outcome, now
        steps = await self._store.read(queries.episode_steps, episode.episode_id)
        given.closed = bool(steps) and steps[-1].end_reason == "closing"
        session.assignment = given

    async def _give(self, session: Session) -> None:
        names = await self._unlocking.open_tasks(session.robot_id)
        if not names:
            return
        for left in await self._store.read(queries.open_episodes, session.robot_id):
            await self._store.write(queries.close_episode, left.episode_id, "abandoned", time.time())
        number = await self._store.read(queries.count_episodes)
        spec, split = self.make(number, names)
        episode = Episode(
            episode_id=spec.episode_id,
            robot_id=session.robot_id,
            task=spec.task,
            instruction=spec.instruction,
            spec=encode(spec),
            split=split,
            started_unix_s=time.time(),
            ended_unix_s=None,
            outcome=None,
            policy_version=None,
            n_steps=0,
            return_task=None,
        )
        await self._store.write(queries.insert_episode, episode)
        now = self._robots.clock()
        session.assignment = Assignment(spec, now, now)
        await self._robots.send(session, spec)

    def make(self, number: int, names: Sequence[str]) -> tuple[TaskSpec, str]:
        """The number-th episode, these tasks in turn, and its split; the same number gives the same reset."""
        turn, index = divmod(number, len(names))
        held_out = self._held_out_every > 0 and (turn + 1) % self._held_out_every == 0
        split = "held_out" if held_out else "train"
        task = self._tasks[names[index]]
        spec = task.reset(np.random.default_rng([self._seed, number]), split)
        return replace(spec, episode_id=uuid.uuid4().hex), split
