"""What people say: stored at once, never changed; an undo is another row. Words are scored afterwards."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Any

import structlog
from litestar import Controller, get, post
from litestar.exceptions import ValidationException
from litestar.params import Parameter

from learner.api.payloads import (
    CreditedStep,
    FeedbackFate,
    FeedbackSaved,
    QuickFeedback,
    Shown,
    TextFeedback,
    Undone,
)
from learner.api.problems import conflict, not_found
from learner.api.robots import must_know
from learner.api.safety import stop_answer
from learner.disliking import DISLIKED
from learner.live import score_told
from learner.reward.model import rating_reward
from learner.reward.stop_words import is_stop
from learner.scoring import WHY_ABSTAINED
from learner.service import Service
from learner.store import queries
from learner.store.rows import Feedback, NewFeedback
from shared.messages import EndEpisode

log = structlog.get_logger("feedback")

FeedbackId = Annotated[int, Parameter(ge=1, le=2**63 - 1)]


class FeedbackController(Controller):
    """Taps, ratings, texts, undo, and what became of them."""

    path = "/feedback"
    tags = ("feedback",)

    @post("/quick")
    async def tap(self, service: Service, data: QuickFeedback) -> FeedbackSaved:
        """A tap on 👍 (1) or 👎 (-1)."""
        value = float(data.value)
        saved = await _save(service, data, "tap", value=value, score=value)
        if service.dislikes.tap(data.robot_id, value, service.robots.clock()):
            await _disliked(service, data.robot_id)
        return saved

    @post("/")
    async def words(self, service: Service, data: TextFeedback) -> FeedbackSaved:
        """Words, a rating or both. A rating is the score; words alone are scored in the background. A stop
        word stops the robot at once and is no reward.
        """
        text = data.text.strip()
        if not text and data.rating is None:
            raise ValidationException("text: say something, or give a rating; this is only white space")
        if is_stop(text):
            return await _stop(service, data)
        if data.rating is not None:
            score = rating_reward(data.rating)
            return await _save(
                service, data, "rating", value=float(data.rating), text=data.text or None, score=score
            )
        saved = await _save(service, data, "text", text=data.text)
        service.scoring.wake()
        return saved

    @get("/{feedback_id:int}")
    async def fate(self, service: Service, feedback_id: FeedbackId) -> FeedbackFate:
        """What became of a feedback: its score, credited steps, the taste model and the policy that learned
        from it.
        """
        found = await service.store.read(_find, feedback_id)
        fate = await service.store.read(queries.feedback_fate, feedback_id)
        steps = await service.store.read(queries.feedback_credits, feedback_id)
        return FeedbackFate(
            id=found.id,
            kind=found.kind,
            robot_id=found.robot_id,
            episode_id=found.episode_id,
            value=found.value,
            text=found.text,
            source=found.source,
            undone=found.undone_by is not None,
            credited=fate.credited,
            changed_steps=fate.changed_steps,
            taste_version=fate.taste_version,
            policy_version=fate.policy_version,
            steps=[CreditedStep(c.step_id, c.feedback_id, c.weight, c.label) for c in steps],
            seen=found.seen,
            **score_told(found),
        )

    @post("/{feedback_id:int}/undo")
    async def undo(self, service: Service, feedback_id: FeedbackId) -> Undone:
        """Take a feedback back; the next taste model forgets it."""
        return await service.store.write(_undo, feedback_id, service)


async def _stop(service: Service, data: TextFeedback) -> FeedbackSaved:
    """The robot first, the store afterwards."""
    await must_know(service, data.robot_id)
    log.warning("a stop was asked for in words", robot_id=data.robot_id)
    stopped = await service.stops.one(data.robot_id, f"said: {data.text[:100]}")
    why = WHY_ABSTAINED["stop"]
    saved = await _save(service, data, "text", text=data.text, score_kind="stop", abstained=why)
    saved.stop = stop_answer(stopped)
    return saved


async def _disliked(service: Service, robot_id: str) -> None:
    """End what the robot does now, and have it look at its policy."""
    session = service.robots.sessions.get(robot_id)
    if session is None or session.status is None or not session.status.episode_id:
        return
    log.warning("a burst of bad taps", robot_id=robot_id, episode_id=session.status.episode_id)
    await service.robots.send(session, EndEpisode(session.status.episode_id, DISLIKED))


def _find(connection: Any, feedback_id: int) -> Feedback:
    found = queries.get_feedback(connection, feedback_id)
    if found is None:
        raise not_found("feedback", feedback_id, "ids are given by the answer to POST /api/v1/feedback")
    return found


def _undo(connection: Any, feedback_id: int, service: Service) -> Undone:
    found = _find(connection, feedback_id)
    if found.kind == "undo":
        raise conflict(f"feedback {feedback_id} is an undo; give the feedback anew instead")
    if found.undone_by is not None:
        raise conflict(f"feedback {feedback_id} was undone before, by {found.undone_by}")
    row = NewFeedback(
        robot_id=found.robot_id,
        episode_id=found.episode_id,
        client_id=found.client_id,
        kind="undo",
        value=None,
        text=None,
        received_unix_s=time.time(),
        boot_epoch=found.boot_epoch,
        shown_decision_seq=found.shown_decision_seq,
        client_delay_ms=0.0,
        score=None,
        score_confidence=None,
        undoes=feedback_id,
    )
    service.counters.feedback["undo"] += 1
    return Undone(queries.insert_feedback(connection, row), feedback_id)


async def _save(
    service: Service,
    shown: Shown,
    kind: str,
    *,
    value: float | None = None,
    text: str | None = None,
    score: float | None = None,
    score_kind: str = "evaluative",
    abstained: str | None = None,
) -> FeedbackSaved:
    """Store one; with a score, or a reason why there will be none, it is settled."""
    received_unix_s = time.time()
    await must_know(service, shown.robot_id)
    session = service.robots.sessions.get(shown.robot_id)
    status = session.status if session is not None else None
    now = status is not None and (status.boot_epoch, status.decision_seq) == (
        shown.boot_epoch,
        shown.decision_seq,
    )
    settled = score is not None or abstained is not None
    row = NewFeedback(
        robot_id=shown.robot_id,
        episode_id=status.episode_id or None if status is not None and now else None,
        client_id=shown.client_id,
        kind=kind,
        value=value,
        text=text,
        received_unix_s=received_unix_s,
        boot_epoch=shown.boot_epoch,
        shown_decision_seq=shown.decision_seq,
        client_delay_ms=shown.client_delay_ms,
        score=score,
        score_confidence=1.0 if score is not None else None,
        score_low=score,
        score_high=score,
        score_kind=score_kind if settled else None,
        abstained=abstained,
        scored_unix_s=received_unix_s if settled else None,
        first_decision_seq=shown.first_decision_seq,
        last_decision_seq=shown.last_decision_seq,
        source=shown.source,
    )
    number = await service.store.write(_insert, row)
    service.counters.feedback[kind] += 1
    return FeedbackSaved(
        number, score, row.score_confidence, abstained=abstained is not None, pending=not settled
    )


def _insert(connection: Any, row: NewFeedback) -> int:
    """Store a feedback; where the robot's status did not tell the episode, the shown record does."""
    if row.episode_id is None:
        step = queries.find_step(connection, row.robot_id, row.boot_epoch, row.shown_decision_seq)
        if step is not None:
            row = replace(row, episode_id=step.episode_id)
    return queries.insert_feedback(connection, row)
