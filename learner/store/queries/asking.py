"""What people might be asked about, and what they have been asked."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from learner.store.rows import Feedback, Step
from learner.store.tables import credits, episodes, feedback, steps

_undo = feedback.alias("undo_row")
_UNDONE = select(_undo.c.undoes).where(_undo.c.undoes.is_not(None))
_FEEDBACK, _STEP = len(feedback.c), len(steps.c)


def rated_steps(connection: Connection, client_id: str) -> set[int]:
    """Steps that a person has rated exactly, or marked among others; taken-back ratings left out."""
    rows = connection.execute(
        select(credits.c.step_id)
        .join(feedback, feedback.c.id == credits.c.feedback_id)
        .where(
            feedback.c.client_id == client_id,
            feedback.c.kind == "rating",
            credits.c.rule != "delay",
            feedback.c.id.not_in(_UNDONE),
        )
    )
    return {int(row[0]) for row in rows}


def remarks_with_steps(connection: Connection, *, limit: int) -> list[tuple[Feedback, Step]]:
    """The newest texts that were credited, each with the step that takes its largest share; newest first."""
    most = (
        select(credits.c.feedback_id, func.max(credits.c.weight).label("weight"))
        .group_by(credits.c.feedback_id)
        .subquery()
    )
    rows = connection.execute(
        select(feedback, steps)
        .select_from(feedback)
        .join(most, most.c.feedback_id == feedback.c.id)
        .join(credits, (credits.c.feedback_id == feedback.c.id) & (credits.c.weight == most.c.weight))
        .join(steps, steps.c.id == credits.c.step_id)
        .where(feedback.c.kind == "text", feedback.c.id.not_in(_UNDONE))
        .order_by(feedback.c.id.desc(), steps.c.id)
        .limit(limit)
    )
    return [
        (
            Feedback(**dict(zip(feedback.c.keys(), row[:_FEEDBACK], strict=True))),
            Step(**dict(zip(steps.c.keys(), row[_FEEDBACK:], strict=True))),
        )
        for row in rows
    ]


def ending_steps(connection: Connection, *, limit: int) -> list[Step]:
    """The last judged decision of each of the newest finished episodes, newest first."""
    newest = (
        select(episodes.c.episode_id)
        .where(episodes.c.outcome.is_not(None), episodes.c.outcome != "abandoned")
        .order_by(episodes.c.ended_unix_s.desc())
        .limit(limit)
    )
    last = (
        select(func.max(steps.c.id))
        .where(steps.c.episode_id.in_(newest), steps.c.r_task.is_not(None))
        .group_by(steps.c.episode_id)
    )
    rows = connection.execute(select(steps).where(steps.c.id.in_(last)).order_by(steps.c.id.desc()))
    return [Step(**row._mapping) for row in rows]


def steps_by_hand(connection: Connection, *, since_unix_s: float) -> list[Step]:
    """Decisions that a person cut short, chose or approved, and that no feedback has been made of yet; those
    that arrived since then, oldest first."""
    noted = select(feedback.c.id).where(
        feedback.c.robot_id == steps.c.robot_id,
        feedback.c.boot_epoch == steps.c.boot_epoch,
        feedback.c.shown_decision_seq == steps.c.decision_seq,
        feedback.c.kind.in_(("correction", "demonstration")),
        feedback.c.received_unix_s >= since_unix_s,
    )
    rows = connection.execute(
        select(steps)
        .where(
            steps.c.received_unix_s >= since_unix_s,
            (steps.c.end_reason == "override") | (steps.c.source == "human"),
            steps.c.end_reason != "closing",
            ~noted.exists(),
        )
        .order_by(steps.c.id)
    )
    return [Step(**row._mapping) for row in rows]
