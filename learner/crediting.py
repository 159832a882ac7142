"""In the background: credits scored feedback to steps, as soon as the step that was shown has arrived."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from learner.reward.credit import Seen, shares, weight
from learner.store import queries
from learner.store.engine import AsyncStore
from learner.store.rows import Credit, Feedback, Step
from shared.spaces import TICK_S

PERIOD_S = 0.25
WAIT_S = 8.0
"""How long the shown step may take to arrive before its predecessors are credited without it."""
GIVE_UP_S = 30.0
"""Feedback about records that have not arrived by then is credited to nothing."""
LOOK_BACK = 60
"""Records before the shown one that are looked at; more than the longest episode."""

log = structlog.get_logger("credit")


def credit_one(connection: Connection, feedback: Feedback, now_unix_s: float) -> int | None:
    """Credit one feedback. Gives the number of steps credited, or None: not yet."""
    before = queries.steps_before(
        connection, feedback.robot_id, feedback.boot_epoch, feedback.shown_decision_seq, count=LOOK_BACK
    )
    age_s = now_unix_s - feedback.received_unix_s
    arrived = bool(before) and before[-1].decision_seq == feedback.shown_decision_seq
    if not arrived and age_s < (WAIT_S if before else GIVE_UP_S):
        return None
    rows = credits_of(feedback, before)
    queries.insert_credits(connection, feedback.id, rows, now_unix_s)
    return len(rows)


def credits_of(feedback: Feedback, before: Sequence[Step]) -> list[Credit]:
    """The credits of a scored feedback; pure.

    Args:
        feedback: with a score.
        before: records of the same robot and epoch up to the shown one, oldest first; the shown one may be
            missing (the robot shows the key of its *next* decision while it waits).
    """
    score, confidence = feedback.score, feedback.score_confidence
    decisions = [step for step in before if step.end_reason != "closing"]
    if score is None or confidence is None or not decisions:
        return []
    shown_since_s = before[-1].time_unix_s
    for step in reversed(before):
        if step.decision_seq < feedback.shown_decision_seq:
            shown_since_s = step.time_unix_s + step.n_ticks * TICK_S
            break
    reacted_at_s = shown_since_s + feedback.client_delay_ms / 1000.0
    parts = shares([Seen(step.id, step.time_unix_s) for step in decisions], reacted_at_s)
    weights = [weight(part, feedback.kind, confidence) for part in parts]
    return [
        Credit(feedback.id, step.id, w, score) for step, w in zip(decisions, weights, strict=True) if w > 0.0
    ]


def credit_waiting(connection: Connection, now_unix_s: float) -> dict[int, int]:
    """Credit everything that can be credited now: feedback id -> number of steps."""
    done: dict[int, int] = {}
    for feedback in queries.uncredited_feedback(connection):
        count = credit_one(connection, feedback, now_unix_s)
        if count is not None:
            done[feedback.id] = count
    return done


async def run(store: AsyncStore) -> None:
    """Credit for ever; an error is logged and tried again."""
    while True:
        try:
            if await store.read(queries.uncredited_feedback, limit=1):
                for feedback_id, count in (await store.write(credit_waiting, time.time())).items():
                    log.info("credited", feedback_id=feedback_id, steps=count)
        except Exception:
            log.exception("crediting failed; will try again")
            await asyncio.sleep(1.0)
        await asyncio.sleep(PERIOD_S)
