"""What people said, and what it was credited to. Append-only: an undo is one more row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, exists, func, select, update

from learner.store.rows import Credit, Feedback, Label, NewFeedback, Scored
from learner.store.tables import credit_runs, credits, feedback, steps, taste_models

BUTTONS = ("tap", "rating")
"""Kinds by which people say outright how good something was; they outrank words."""

_undo = feedback.alias("undo_row")
_next = steps.alias("next_step")
_with_undo = select(feedback, _undo.c.id.label("undone_by")).select_from(
    feedback.outerjoin(_undo, _undo.c.undoes == feedback.c.id)
)


def insert_feedback(connection: Connection, row: NewFeedback) -> int:
    """Store one row; gives its id."""
    result = connection.execute(feedback.insert().values(asdict(row)))
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def get_feedback(connection: Connection, feedback_id: int) -> Feedback | None:
    """A feedback by its id, with the row that undoes it."""
    row = connection.execute(_with_undo.where(feedback.c.id == feedback_id)).one_or_none()
    return Feedback(**row._mapping) if row else None


def list_feedback(connection: Connection, *, limit: int, client_id: str | None = None) -> list[Feedback]:
    """Taps, ratings and texts, newest first."""
    statement = _with_undo.where(feedback.c.kind != "undo")
    if client_id is not None:
        statement = statement.where(feedback.c.client_id == client_id)
    rows = connection.execute(statement.order_by(feedback.c.id.desc()).limit(limit))
    return [Feedback(**row._mapping) for row in rows]


def latest_feedback_id(connection: Connection) -> int:
    """The newest id, undo rows included; 0 = none. Changes exactly when there is something new to learn."""
    return int(connection.execute(select(func.max(feedback.c.id))).scalar_one() or 0)


def label_state(connection: Connection) -> tuple[int, int]:
    """Newest feedback id and number of credit runs: differs whenever `labels` may give something else."""
    runs = connection.execute(select(func.count()).select_from(credit_runs)).scalar_one()
    return latest_feedback_id(connection), int(runs)


def count_feedback(connection: Connection) -> dict[str, int]:
    """How many of each kind: `good`, `bad`, `rating`, `text`, `undo`."""
    tap = feedback.c.kind == "tap"
    row = connection.execute(
        select(
            func.count().filter(tap, feedback.c.value > 0),
            func.count().filter(tap, feedback.c.value < 0),
            func.count().filter(feedback.c.kind == "rating"),
            func.count().filter(feedback.c.kind == "text"),
            func.count().filter(feedback.c.kind == "undo"),
        ).select_from(feedback)
    ).one()
    return dict(zip(("good", "bad", "rating", "text", "undo"), map(int, row), strict=True))


def unscored_feedback(connection: Connection, *, limit: int = 200) -> list[Feedback]:
    """Texts that wait for their score, oldest first; those taken back or given up meanwhile are left out."""
    rows = connection.execute(
        _with_undo.where(
            feedback.c.kind == "text",
            feedback.c.scored_unix_s.is_(None),
            feedback.c.abstained.is_(None),
            _undo.c.id.is_(None),
        )
        .order_by(feedback.c.id)
        .limit(limit)
    )
    return [Feedback(**row._mapping) for row in rows]


def give_up_scoring(connection: Connection, feedback_ids: Sequence[int], reason: str) -> None:
    """Note why these texts have no score; they stay unscored, for a later start to try again."""
    connection.execute(
        update(feedback)
        .where(feedback.c.id.in_(feedback_ids), feedback.c.scored_unix_s.is_(None))
        .values(abstained=reason)
    )


def take_up_scoring(connection: Connection) -> int:
    """Let texts that were given up wait for their score again; gives how many."""
    done = connection.execute(
        update(feedback)
        .where(feedback.c.kind == "text", feedback.c.scored_unix_s.is_(None))
        .where(feedback.c.abstained.is_not(None))
        .values(abstained=None)
    )
    return done.rowcount


def score_feedback(connection: Connection, feedback_id: int, scored: Scored, time_unix_s: float) -> bool:
    """Note what a reward model made of a feedback. False: it had been scored before, and nothing changed."""
    done = connection.execute(
        update(feedback)
        .where(feedback.c.id == feedback_id, feedback.c.scored_unix_s.is_(None))
        .values(
            score=scored.score,
            score_confidence=scored.confidence,
            score_low=scored.low,
            score_high=scored.high,
            score_kind=scored.kind,
            abstained=scored.abstained,
            reward_model=scored.reward_model,
            seen=scored.seen,
            scored_unix_s=time_unix_s,
        )
    )
    return done.rowcount == 1


def uncredited_feedback(connection: Connection, *, limit: int = 200) -> list[Feedback]:
    """Scored feedback that credit has not yet looked at, oldest first."""
    rows = connection.execute(
        _with_undo.where(
            feedback.c.score.is_not(None),
            feedback.c.id.not_in(select(credit_runs.c.feedback_id)),
        )
        .order_by(feedback.c.id)
        .limit(limit)
    )
    return [Feedback(**row._mapping) for row in rows]


def insert_credits(
    connection: Connection, feedback_id: int, rows: Sequence[Credit], time_unix_s: float
) -> None:
    """Store what a feedback was credited to (possibly nothing); once a feedback."""
    connection.execute(
        credit_runs.insert().values(feedback_id=feedback_id, time_unix_s=time_unix_s, n_steps=len(rows))
    )
    if rows:
        connection.execute(credits.insert(), [asdict(row) for row in rows])


def step_credits(connection: Connection, step_id: int) -> list[Credit]:
    """What was said about a step, undone feedback left out."""
    in_force = feedback.c.id.not_in(select(_undo.c.undoes).where(_undo.c.undoes.is_not(None)))
    rows = connection.execute(
        select(credits)
        .join(feedback, feedback.c.id == credits.c.feedback_id)
        .where(credits.c.step_id == step_id, in_force)
        .order_by(credits.c.feedback_id)
    )
    return [Credit(**row._mapping) for row in rows]


def labels(connection: Connection, *, last: int = 5000) -> list[Label]:
    """The newest credits in force, oldest first, each with its step's payload; undone feedback is left out.

    What each weighs in the end is `learner.reward.feedback.weighing`'s.
    """
    in_force = feedback.c.id.not_in(select(_undo.c.undoes).where(_undo.c.undoes.is_not(None)))
    closed = exists().where(
        _next.c.robot_id == steps.c.robot_id,
        _next.c.boot_epoch == steps.c.boot_epoch,
        _next.c.decision_seq == steps.c.decision_seq + 1,
        _next.c.end_reason == "closing",
    )
    rows = connection.execute(
        select(
            credits.c.feedback_id,
            credits.c.step_id,
            feedback.c.client_id,
            feedback.c.kind,
            credits.c.weight,
            credits.c.label,
            feedback.c.received_unix_s,
            steps.c.payload,
            closed.label("ended"),
        )
        .select_from(credits)
        .join(feedback, feedback.c.id == credits.c.feedback_id)
        .join(steps, steps.c.id == credits.c.step_id)
        .where(in_force)
        .order_by(credits.c.feedback_id.desc(), credits.c.step_id.desc())
        .limit(last)
    )
    return [Label(**row._mapping) for row in rows][::-1]


@dataclass(frozen=True)
class Fate:
    """What became of a feedback."""

    credited: bool
    """False: the background has not looked at it yet."""
    changed_steps: int
    """Steps that it was credited to; 0 after an undo."""
    taste_version: int | None
    """First taste model that learned from it (or, once undone, that forgot it)."""
    policy_version: int | None
    """First policy whose rewards came from that taste model or a later one."""


def feedback_fate(connection: Connection, feedback_id: int) -> Fate:
    """What became of a feedback, read from the tables that credit and the trainer write."""
    run = connection.execute(
        select(credit_runs.c.n_steps, credit_runs.c.time_unix_s).where(
            credit_runs.c.feedback_id == feedback_id
        )
    ).one_or_none()
    if run is None:
        return Fate(credited=False, changed_steps=0, taste_version=None, policy_version=None)
    undo = connection.execute(
        select(feedback.c.id).where(feedback.c.undoes == feedback_id)
    ).scalar_one_or_none()
    if run.n_steps == 0:
        return Fate(credited=True, changed_steps=0, taste_version=None, policy_version=None)
    consumed = taste_models.c.last_feedback_id >= (feedback_id if undo is None else undo)
    # A fit that ran before the credit was written cannot have learned from it.
    consumed &= taste_models.c.created_unix_s >= run.time_unix_s
    taste, policy = connection.execute(
        select(func.min(taste_models.c.version), func.min(taste_models.c.policy_version)).where(consumed)
    ).one()
    return Fate(True, 0 if undo is not None else run.n_steps, taste, policy)


def fate_state(connection: Connection) -> tuple[int, int, int, int, int]:
    """`label_state`, newest taste model, newest policy of one, number of feedbacks that were scored or given
    up: differs whenever a fate may be another.
    """
    taste, policy = connection.execute(
        select(func.max(taste_models.c.version), func.max(taste_models.c.policy_version))
    ).one()
    settled = feedback.c.scored_unix_s.is_not(None) | feedback.c.abstained.is_not(None)
    scored = connection.execute(select(func.count()).where(settled)).scalar_one()
    return *label_state(connection), int(taste or 0), int(policy or 0), int(scored)


def feedback_credits(connection: Connection, feedback_id: int) -> list[Credit]:
    """What a feedback was credited to, in the steps' order, undone or not."""
    rows = connection.execute(
        select(credits).where(credits.c.feedback_id == feedback_id).order_by(credits.c.step_id)
    )
    return [Credit(**row._mapping) for row in rows]
