"""From a reward back to the words behind it, and from words on to the rewards they changed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from learner.store.queries.feedback import feedback_credits, get_feedback, step_credits
from learner.store.queries.training import get_step_reward
from learner.store.rows import Credit, Feedback, StepReward, TasteModel
from learner.store.tables import credit_runs, credits, feedback, step_rewards, taste_models


@dataclass(frozen=True)
class StepTrace:
    """Where one step's human reward comes from."""

    step_id: int
    reward: StepReward | None
    """None: no policy has been trained with this step."""
    said: list[tuple[Credit, Feedback]]
    """What people said about this very step, undone feedback left out; it replaces R_h here."""
    taste: TasteModel | None
    """The fit of R_h that labelled it."""
    taste_feedback: list[int]
    """Every feedback that this fit was made from."""


@dataclass(frozen=True)
class FeedbackTrace:
    """What one feedback came to."""

    feedback: Feedback
    steps: list[tuple[Credit, StepReward | None]]
    """What it was credited to, and the rewards of these steps."""
    taste_versions: list[int]
    """Every fit of R_h that it went into, oldest first."""
    labelled_steps: int
    """Steps whose human reward came from one of these fits."""


def trace_step(connection: Connection, step_id: int) -> StepTrace:
    """Where a step's human reward comes from."""
    reward = get_step_reward(connection, step_id)
    said = []
    for credit in step_credits(connection, step_id):
        found = get_feedback(connection, credit.feedback_id)
        assert found is not None
        said.append((credit, found))
    taste = None
    if reward is not None and reward.taste_version is not None:
        row = connection.execute(
            select(taste_models).where(taste_models.c.version == reward.taste_version)
        ).one_or_none()
        taste = TasteModel(**row._mapping) if row else None
    return StepTrace(step_id, reward, said, taste, taste_feedback(connection, taste) if taste else [])


def taste_feedback(connection: Connection, taste: TasteModel) -> list[int]:
    """Every feedback that a fit of R_h was made from: credited before it, to at least one step, and not
    undone by then."""
    undone = select(feedback.c.undoes).where(
        feedback.c.undoes.is_not(None), feedback.c.id <= taste.last_feedback_id
    )
    rows = connection.execute(
        select(credits.c.feedback_id)
        .distinct()
        .join(credit_runs, credit_runs.c.feedback_id == credits.c.feedback_id)
        .where(
            credits.c.feedback_id <= taste.last_feedback_id,
            credit_runs.c.time_unix_s <= taste.created_unix_s,
            credits.c.feedback_id.not_in(undone),
        )
        .order_by(credits.c.feedback_id)
    )
    return [int(row[0]) for row in rows]


def trace_feedback(connection: Connection, feedback_id: int) -> FeedbackTrace | None:
    """What a feedback came to; None: there is no such feedback."""
    found = get_feedback(connection, feedback_id)
    if found is None:
        return None
    rows = feedback_credits(connection, feedback_id)
    steps = [(credit, get_step_reward(connection, credit.step_id)) for credit in rows]
    fits = connection.execute(
        select(taste_models)
        .where(taste_models.c.last_feedback_id >= feedback_id)
        .order_by(taste_models.c.version)
    )
    models = [TasteModel(**row._mapping) for row in fits]
    versions = [m.version for m in models if feedback_id in taste_feedback(connection, m)]
    labelled = connection.execute(
        select(step_rewards.c.step_id).where(step_rewards.c.taste_version.in_(versions))
    ).all()
    return FeedbackTrace(found, steps, versions, len(labelled))
