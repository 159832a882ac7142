"""What watchers see: one mailbox each, in which the newest message of a kind replaces an older one unread."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from learner.robots import Robots
from learner.store import queries
from learner.store.engine import AsyncStore
from learner.store.rows import Feedback
from shared.messages import Anomaly, RobotStatus
from shared.tools import TOOLS

MAX_WAITING = 100
"""Different messages that may wait for one watcher; the oldest gives way."""
MIN_STEP_INTERVAL_S = 0.1
"""At most ten step messages a second."""
SAID_S = 4.0
"""An answer is shown for so long."""
SUMMARY_PERIOD_S = 1.0
FATE_PERIOD_S = 0.5
FATES_FOLLOWED = 50
"""The newest feedbacks whose fate is told."""

Message = str | bytes
Told = tuple[Feedback, queries.Fate]

log = structlog.get_logger("live")


class Mailbox:
    """One watcher's waiting messages."""

    def __init__(self, robot_id: str | None) -> None:
        self.robot_id = robot_id
        """None watches all robots."""
        self._waiting: dict[object, Message] = {}
        self._filled = asyncio.Event()

    def put(self, key: object, message: Message) -> None:
        """Leave a message; an unread one with the same key is dropped."""
        self._waiting.pop(key, None)
        while len(self._waiting) >= MAX_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[key] = message
        self._filled.set()

    async def take(self) -> Message:
        """The oldest waiting message; waits for one."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.pop(next(iter(self._waiting)))


class Hub:
    """Everybody who watches."""

    def __init__(self) -> None:
        self._mailboxes: set[Mailbox] = set()

    @contextmanager
    def watch(self, robot_id: str | None) -> Iterator[Mailbox]:
        """A mailbox that is filled within the block."""
        mailbox = Mailbox(robot_id)
        self._mailboxes.add(mailbox)
        try:
            yield mailbox
        finally:
            self._mailboxes.discard(mailbox)

    def watched(self, robot_id: str | None = None) -> bool:
        """Whether anybody watches this robot (or anything)."""
        return any(robot_id is None or m.robot_id in (None, robot_id) for m in self._mailboxes)

    def count(self) -> int:
        """How many watch."""
        return len(self._mailboxes)

    def publish(self, key: object, message: Message, robot_id: str | None = None) -> None:
        """Put a message into the mailboxes of those who watch this robot, or into all."""
        for mailbox in self._mailboxes:
            if robot_id is None or mailbox.robot_id in (None, robot_id):
                mailbox.put(key, message)


class Live:
    """Turns what happens into messages for watchers; does nothing while nobody watches."""

    def __init__(
        self,
        hub: Hub,
        robots: Robots,
        store: AsyncStore,
        summary: Callable[[], Any],
    ) -> None:
        """`summary`: coroutine function that gives the summary as a JSON-ready mapping."""
        self._hub = hub
        self._robots = robots
        self._store = store
        self._summary = summary
        self._last_step: dict[str, float] = {}
        self._fates: dict[int, Told] = {}
        self._said: dict[str, tuple[str, float]] = {}

    def status(self, status: RobotStatus) -> None:
        """A robot has reported; tell its watchers."""
        now = self._robots.clock()
        if now - self._last_step.get(status.robot_id, 0.0) < MIN_STEP_INTERVAL_S * 0.9:
            return
        self._last_step[status.robot_id] = now
        if self._hub.watched(status.robot_id):
            message = json.dumps(self.step_message(status))
            self._hub.publish(("step", status.robot_id), message, status.robot_id)

    def said(self, robot_id: str, answer: str) -> None:
        """A robot has answered in words; its next statuses tell."""
        self._said[robot_id] = answer, self._robots.clock() + SAID_S

    def step_message(self, status: RobotStatus) -> dict[str, Any]:
        """The `step` message of a status."""
        session = self._robots.sessions.get(status.robot_id)
        given = session.given(status.episode_id) if session is not None else None
        said, until = self._said.get(status.robot_id, ("", 0.0))
        return {
            "type": "step",
            "robot_id": status.robot_id,
            "state": status.state,
            "episode_id": status.episode_id,
            "episode_step": status.episode_step,
            "boot_epoch": status.boot_epoch,
            "decision_seq": status.decision_seq,
            "tool": tool_name(status.tool),
            "said": said if self._robots.clock() < until else "",
            "task": given.spec.task if given is not None else "",
            "instruction": given.spec.instruction if given is not None else "",
            "policy_version": status.policy_version,
            "spooled": status.spooled,
            "lost": status.lost,
            "time_unix_s": status.time_unix_s,
            "fault": status.fault,
            "stop_source": status.stop_source,
            "mode": status.mode,
            "teleop": status.teleop,
            "proposal_id": status.proposal_id,
            "proposal_tool": tool_name(status.proposal_tool) if status.proposal_id else "",
            "proposal_left_s": status.proposal_left_s,
            "limits_profile": status.limits_profile,
        }

    def anomaly(self, anomaly: Anomaly) -> None:
        """A robot has flagged something; tell its watchers."""
        message = {"type": "anomaly", **asdict(anomaly)}
        self._hub.publish(("anomaly", anomaly.kind), json.dumps(message), anomaly.robot_id)

    async def run_summaries(self) -> None:
        """Once a second, while somebody watches."""
        while True:
            if self._hub.watched():
                try:
                    message = {"type": "summary", **await self._summary()}
                except SQLAlchemyError:
                    log.exception("no summary; will try again")
                else:
                    self._hub.publish("summary", json.dumps(message))
            await asyncio.sleep(SUMMARY_PERIOD_S)

    async def run_fates(self) -> None:
        """Tell what became of feedback, as soon as the tables say so; looked up only when they changed."""
        seen = None
        while True:
            if self._hub.watched():
                try:
                    state = await self._store.read(queries.fate_state)
                    if state != seen:
                        self._tell_fates(await self._store.read(recent_fates))
                        seen = state
                except SQLAlchemyError:
                    log.exception("cannot look after feedback; will try again")
            await asyncio.sleep(FATE_PERIOD_S)

    def _tell_fates(self, fates: dict[int, Told]) -> None:
        for feedback_id, told in fates.items():
            feedback, fate = told
            news = fate.credited or (feedback.kind == "text" and not score_told(feedback)["pending"])
            if news and self._fates.get(feedback_id) != told:
                self._fates[feedback_id] = told
                self._hub.publish(("feedback", feedback_id), json.dumps(fate_message(feedback, fate)))
        while len(self._fates) > 4 * FATES_FOLLOWED:
            del self._fates[next(iter(self._fates))]


def tool_name(index: int) -> str:
    """A tool's name; empty for an index that is none."""
    return TOOLS[index].name if 0 <= index < len(TOOLS) else ""


def recent_fates(connection: Any) -> dict[int, Told]:
    """The newest feedbacks and their fates, oldest first."""
    rows = queries.list_feedback(connection, limit=FATES_FOLLOWED)
    return {row.id: (row, queries.feedback_fate(connection, row.id)) for row in reversed(rows)}


def fate_message(feedback: Feedback, fate: queries.Fate) -> dict[str, Any]:
    """The `feedback` message."""
    return {"type": "feedback", "id": feedback.id, **asdict(fate), **score_told(feedback)}


def score_told(feedback: Feedback) -> dict[str, Any]:
    """How a feedback was read, in the API's words."""
    return {
        "pending": feedback.kind == "text" and feedback.scored_unix_s is None and feedback.abstained is None,
        "score": feedback.score,
        "score_low": feedback.score_low,
        "score_high": feedback.score_high,
        "confidence": feedback.score_confidence,
        "score_kind": feedback.score_kind,
        "abstained": feedback.abstained is not None,
        "reason": feedback.abstained,
        "reward_model": feedback.reward_model,
    }
