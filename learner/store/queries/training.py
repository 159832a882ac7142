"""What the trainer writes: reward parts, taste models, figures; and the log of events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from learner.store.rows import Event, Metric, StepReward, TasteModel
from learner.store.tables import events, metrics, step_rewards, taste_models

RECENT = 5_000
"""Rows that the newest figures are looked for in: the table only grows."""


def put_step_rewards(connection: Connection, rows: Sequence[StepReward]) -> None:
    """Insert or replace the reward parts of steps."""
    if not rows:
        return
    statement = insert(step_rewards)
    changed = {c.name: statement.excluded[c.name] for c in step_rewards.c if c.name != "step_id"}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["step_id"], set_=changed), [asdict(r) for r in rows]
    )


def get_step_reward(connection: Connection, step_id: int) -> StepReward | None:
    """The reward parts of a step; None = the trainer has not labelled it."""
    row = connection.execute(select(step_rewards).where(step_rewards.c.step_id == step_id)).one_or_none()
    return StepReward(**row._mapping) if row else None


def next_taste_version(connection: Connection) -> int:
    """The version that the next taste model should carry; from 1."""
    return int(connection.execute(select(func.max(taste_models.c.version))).scalar_one() or 0) + 1


def add_taste_model(connection: Connection, model: TasteModel) -> None:
    """Store one fit of R_h."""
    connection.execute(taste_models.insert().values(asdict(model)))


def latest_taste_model(connection: Connection) -> TasteModel | None:
    """The newest fit."""
    row = connection.execute(
        select(taste_models).order_by(taste_models.c.version.desc()).limit(1)
    ).one_or_none()
    return TasteModel(**row._mapping) if row else None


def mark_in_policy(connection: Connection, taste_version: int, policy_version: int) -> None:
    """Note that a policy was trained with rewards from this taste model.

    Marks the model and its predecessors, and the step rewards they gave, where nothing was noted yet.
    """
    for table, version in (
        (taste_models, taste_models.c.version),
        (step_rewards, step_rewards.c.taste_version),
    ):
        connection.execute(
            update(table)
            .where(version <= taste_version, table.c.policy_version.is_(None))
            .values(policy_version=policy_version)
        )


def add_metrics(connection: Connection, rows: Sequence[Metric]) -> None:
    """Append figures."""
    if rows:
        connection.execute(metrics.insert(), [asdict(row) for row in rows])


def list_metrics(connection: Connection, name: str, *, limit: int = 1000) -> list[Metric]:
    """A figure's last values, oldest first."""
    rows = connection.execute(
        select(metrics.c.time_unix_s, metrics.c.name, metrics.c.value, metrics.c.step)
        .where(metrics.c.name == name)
        .order_by(metrics.c.id.desc())
        .limit(limit)
    )
    return [Metric(**row._mapping) for row in rows][::-1]


def latest_metrics(connection: Connection) -> dict[str, Metric]:
    """The newest value of every figure, by name, among the last RECENT rows."""
    end = connection.execute(select(func.max(metrics.c.id))).scalar_one() or 0
    newest = select(func.max(metrics.c.id)).where(metrics.c.id > end - RECENT).group_by(metrics.c.name)
    rows = connection.execute(
        select(metrics.c.time_unix_s, metrics.c.name, metrics.c.value, metrics.c.step).where(
            metrics.c.id.in_(newest)
        )
    )
    return {row.name: Metric(**row._mapping) for row in rows}


def add_event(connection: Connection, /, kind: str, time_unix_s: float, **detail: Any) -> None:
    """Append to the log of events; `detail` must be JSON."""
    json.dumps(detail)
    connection.execute(events.insert().values(time_unix_s=time_unix_s, kind=kind, detail=detail))


def list_events(
    connection: Connection, *, limit: int, prefix: str = "", since_unix_s: float = 0.0
) -> list[Event]:
    """Events whose kind begins with `prefix`, newest first."""
    rows = connection.execute(
        select(events)
        .where(events.c.kind.startswith(prefix, autoescape=True), events.c.time_unix_s >= since_unix_s)
        .order_by(events.c.id.desc())
        .limit(limit)
    )
    return [Event(**row._mapping) for row in rows]
