"""In the background: scores what people wrote, with what they had seen. The store is the queue, so that a
text outlives a restart of the learner.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import structlog
from sqlalchemy import Connection

from learner.crediting import credits_of, last_shown, steps_shown
from learner.reward.feedback.context import context_of
from learner.reward.model import OUTCOMES, Context, Judgement, Outcome, Remark
from learner.reward.serving.service import Busy, RewardService, Unavailable
from learner.store import queries
from learner.store.engine import AsyncStore
from learner.store.rows import Episode, Feedback, Scored
from shared.codec import decode, unpack_transition
from shared.messages import TaskSpec

PERIOD_S = 0.25
CONTEXT_WAIT_S = 3.0
"""How long the shown decision's record may take to arrive before the words are judged without it."""
LIMIT_S = 30.0
"""A text that could not be scored by then is given up until the next start."""

WHY_ABSTAINED = {
    "command": "it says what to do next, not how it went",
    "description": "it does not say how the robot did",
    "stop": "it asks the robot to stop",
    "evaluative": "the model is not sure enough what it means",
}

log = structlog.get_logger("scoring")


class Scoring:
    """Texts that wait -> their scores."""

    def __init__(self, store: AsyncStore, reward: RewardService) -> None:
        self._store = store
        self._reward = reward
        self._arrived = asyncio.Event()
        self._started_unix_s = time.time()

    def wake(self) -> None:
        """A text has just been stored."""
        self._arrived.set()

    async def run(self) -> None:
        """Score for ever; an error is logged and tried again."""
        taken_up = False
        while True:
            self._arrived.clear()
            waits = 0
            try:
                if not taken_up:
                    await self._store.write(queries.take_up_scoring)
                    taken_up = True
                waits = await self.once()
            except Exception:
                log.exception("scoring failed; will try again")
                await asyncio.sleep(1.0)
            try:
                async with asyncio.timeout(PERIOD_S if waits else None):
                    await self._arrived.wait()
            except TimeoutError:
                continue

    async def once(self) -> int:
        """Score what can be scored now; gives how many still wait."""
        rows = await self._store.read(waiting, time.time())
        ready = [(row, remark) for row, remark in rows if remark is not None]
        done, reason = 0, "the record of what was shown did not arrive"
        if ready:
            try:
                async with asyncio.timeout(max(1.0, min(self._left_s(row) for row, _ in ready))):
                    judgements = await self._reward.judge([remark for _, remark in ready])
            except (Busy, Unavailable) as error:
                reason = str(error)
            except TimeoutError:
                reason = "the reward model did not answer"
            else:
                scores = {
                    row.id: scored(judgement) for (row, _), judgement in zip(ready, judgements, strict=True)
                }
                done = await self._store.write(_write, scores, time.time())
                return len(rows) - done
        late = [row.id for row, _ in rows if self._left_s(row) <= 0.0]
        if late:
            told = f"not scored within {LIMIT_S:.0f} s: {reason}"
            log.error("texts without a score", feedback=late, reason=reason)
            await self._store.write(queries.give_up_scoring, late, told)
        return len(rows) - len(late)

    def _left_s(self, row: Feedback) -> float:
        """Until it is given up; what an earlier process left behind has its time anew."""
        return max(row.received_unix_s, self._started_unix_s) + LIMIT_S - time.time()


def waiting(connection: Connection, now_unix_s: float) -> list[tuple[Feedback, Remark | None]]:
    """Texts without a score, oldest first, as a model is asked; None: what was shown may still arrive."""
    return [(row, _remark(connection, row, now_unix_s)) for row in queries.unscored_feedback(connection)]


def scored(judgement: Judgement) -> Scored:
    """A judgement as the store keeps it."""
    why = WHY_ABSTAINED[judgement.kind] if judgement.abstained else None
    return Scored(
        score=judgement.reward if why is None else None,
        confidence=judgement.confidence if why is None else None,
        low=judgement.low if why is None else None,
        high=judgement.high if why is None else None,
        kind=judgement.kind,
        abstained=why,
        reward_model=judgement.version,
        seen=judgement.seen,
    )


def _write(connection: Connection, scores: dict[int, Scored], now_unix_s: float) -> int:
    for feedback_id, score in scores.items():
        queries.score_feedback(connection, feedback_id, score, now_unix_s)
    return len(scores)


def _remark(connection: Connection, row: Feedback, now_unix_s: float) -> Remark | None:
    before = steps_shown(connection, row)
    arrived = bool(before) and before[-1].decision_seq == last_shown(row)
    if not arrived and now_unix_s - row.received_unix_s < CONTEXT_WAIT_S:
        return None
    # The decision that takes the largest share of the words is the one that they were said about.
    shares = credits_of(replace(row, score=1.0, score_confidence=1.0), before)
    if not shares:
        return Remark(row.text or "")
    most = max(shares, key=lambda credit: credit.weight).step_id
    step = next(step for step in before if step.id == most)
    episode = queries.get_episode(connection, step.episode_id)
    if episode is None:
        return Remark(row.text or "")
    try:
        context = _context(step.payload, episode, row.received_unix_s)
    except Exception:
        log.exception("no context; the words are judged alone", feedback_id=row.id, step_id=step.id)
        return Remark(row.text or "")
    return Remark(row.text or "", None, context)


def _context(payload: bytes, episode: Episode, said_unix_s: float) -> Context:
    spec = decode(episode.spec)
    assert isinstance(spec, TaskSpec)
    outcome: Outcome = "running"
    over = episode.ended_unix_s is not None and episode.ended_unix_s <= said_unix_s
    for known in OUTCOMES:
        if over and episode.outcome == known:
            outcome = known
    return context_of(unpack_transition(payload), spec, outcome)
