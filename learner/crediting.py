"""In the background: credits scored feedback to steps, as soon as the step that was shown has arrived."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from learner.overrides import LOOK_BACK_S, note_overrides
from learner.reward.feedback.credit import Seen, shares, weight
from learner.reward.feedback.phrases import mention, pick
from learner.store import queries
from learner.store.engine import AsyncStore
from learner.store.rows import Credit, Feedback, NewFeedback, Step
from shared.spaces import TICK_S

PERIOD_S = 0.25
WAIT_S = 8.0
"""How long the shown step may take to arrive before its predecessors are credited without it."""
GIVE_UP_S = 30.0
"""Feedback about records that have not arrived by then is credited to nothing."""
LOOK_BACK = 60
"""Records before the shown one that are looked at; more than the longest episode."""
MAX_MARKED = 1000
"""Records of a marked stretch that are looked at."""

log = structlog.get_logger("credit")


def credit_one(connection: Connection, feedback: Feedback, now_unix_s: float) -> int | None:
    """Credit one feedback. Gives the number of steps credited, or None: not yet."""
    before = steps_shown(connection, feedback)
    age_s = now_unix_s - feedback.received_unix_s
    arrived = bool(before) and before[-1].decision_seq == last_shown(feedback)
    if not arrived and age_s < (WAIT_S if before else GIVE_UP_S):
        return None
    rows = credits_of(feedback, before)
    queries.insert_credits(connection, feedback.id, rows, now_unix_s)
    return len(rows)


def last_shown(feedback: NewFeedback) -> int:
    """`decision_seq` of the last decision that a feedback may be about."""
    return max(feedback.shown_decision_seq, feedback.last_decision_seq or 0)


def steps_shown(connection: Connection, feedback: NewFeedback) -> list[Step]:
    """The records that a feedback may be about, oldest first: what `credits_of` chooses from."""
    last = last_shown(feedback)
    first = feedback.first_decision_seq if feedback.first_decision_seq is not None else last
    return queries.steps_before(
        connection,
        feedback.robot_id,
        feedback.boot_epoch,
        last,
        count=min(max(LOOK_BACK, last - first + 1), MAX_MARKED),
    )


def credits_of(feedback: Feedback, before: Sequence[Step]) -> list[Credit]:
    """The credits of a scored feedback; pure.

    What the person marked, or the recording showed, or the words speak of, counts alone; otherwise the delay
    density tells.

    Args:
        feedback: with a score.
        before: records of the same robot and epoch up to the shown one, oldest first; the shown one may be
            missing (the robot shows the key of its *next* decision while it waits).
    """
    score, confidence = feedback.score, feedback.score_confidence
    decisions = [step for step in before if step.end_reason != "closing"]
    if score is None or confidence is None or not decisions:
        return []
    rule, chosen = _pointed_at(feedback, decisions)
    if rule == "delay":
        parts = shares(
            [Seen(step.id, step.time_unix_s) for step in decisions], _reacted_at_s(feedback, before)
        )
        if feedback.text:
            spoken_of = _spoken_of(feedback.text, decisions, parts)
            if spoken_of:
                rule, chosen = "phrase", spoken_of
    if rule != "delay":
        parts = [1.0 / len(chosen) if step in chosen else 0.0 for step in decisions] if chosen else []
    weights = [weight(part, feedback.kind, confidence) for part in parts]
    return [
        Credit(feedback.id, step.id, w, score, rule)
        for step, w in zip(decisions, weights, strict=False)
        if w > 0.0
    ]


def _pointed_at(feedback: NewFeedback, decisions: Sequence[Step]) -> tuple[str, list[Step]]:
    """What the person pointed at: the rule and the steps; none for "delay"."""
    first, last = feedback.first_decision_seq, feedback.last_decision_seq
    if first is not None and last is not None:
        return "segment", [step for step in decisions if first <= step.decision_seq <= last]
    if feedback.kind in {"demonstration", "correction"} or feedback.source == "replay":
        rule = "replay" if feedback.source == "replay" else "exact"
        return rule, [step for step in decisions if step.decision_seq == feedback.shown_decision_seq]
    return "delay", []


def _spoken_of(text: str, decisions: Sequence[Step], parts: Sequence[float]) -> list[Step]:
    """The steps that words speak of, among those of the episode that the delay points to."""
    said = mention(text)
    if not said.tools and not said.part:
        return []
    likely = decisions[max(range(len(decisions)), key=lambda i: parts[i])]
    begun = [step for step, part in zip(decisions, parts, strict=True) if step.id <= likely.id or part > 0.0]
    episode = [step for step in begun if step.episode_id == likely.episode_id]
    return [episode[i] for i in pick(said, [step.tool for step in episode])]


def _reacted_at_s(feedback: NewFeedback, before: Sequence[Step]) -> float:
    """Instant of the reaction on the robot's clock."""
    shown_since_s = before[-1].time_unix_s
    for step in reversed(before):
        if step.decision_seq < feedback.shown_decision_seq:
            shown_since_s = step.time_unix_s + step.n_ticks * TICK_S
            break
    return shown_since_s + feedback.client_delay_ms / 1000.0


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
            now = time.time()
            if await store.read(queries.steps_by_hand, since_unix_s=now - LOOK_BACK_S):
                await store.write(note_overrides, now)
            if await store.read(queries.uncredited_feedback, limit=1):
                for feedback_id, count in (await store.write(credit_waiting, time.time())).items():
                    log.info("credited", feedback_id=feedback_id, steps=count)
        except Exception:
            log.exception("crediting failed; will try again")
            await asyncio.sleep(1.0)
        await asyncio.sleep(PERIOD_S)
