"""Episodes: opened when a task is assigned, closed once with an outcome."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from learner.store.rows import Episode
from learner.store.tables import episodes, policy_events, steps


def insert_episode(connection: Connection, episode: Episode) -> None:
    """Open an episode."""
    connection.execute(episodes.insert().values(asdict(episode)))


def close_episode(connection: Connection, episode_id: str, outcome: str, ended_unix_s: float) -> bool:
    """Close an open episode and sum up its steps. False: it was closed before, or is unknown."""
    mine = steps.c.episode_id == episode_id
    decisions = connection.execute(
        select(func.count(), func.sum(steps.c.r_task), func.max(steps.c.policy_version)).where(
            mine, steps.c.end_reason != "closing"
        )
    ).one()
    done = connection.execute(
        update(episodes)
        .where(episodes.c.episode_id == episode_id, episodes.c.outcome.is_(None))
        .values(
            outcome=outcome,
            ended_unix_s=ended_unix_s,
            n_steps=decisions[0],
            return_task=decisions[1],
            policy_version=decisions[2],
        )
    )
    return done.rowcount == 1


def get_episode(connection: Connection, episode_id: str) -> Episode | None:
    """An episode by its id."""
    row = connection.execute(select(episodes).where(episodes.c.episode_id == episode_id)).one_or_none()
    return Episode(**row._mapping) if row else None


def _filtered(statement: Select[Any], task: str | None, robot_id: str | None) -> Select[Any]:
    if task is not None:
        statement = statement.where(episodes.c.task == task)
    if robot_id is not None:
        statement = statement.where(episodes.c.robot_id == robot_id)
    return statement


def list_episodes(
    connection: Connection,
    *,
    limit: int,
    offset: int = 0,
    task: str | None = None,
    robot_id: str | None = None,
) -> list[Episode]:
    """Episodes, newest first."""
    statement = _filtered(select(episodes), task, robot_id)
    statement = statement.order_by(episodes.c.started_unix_s.desc(), episodes.c.episode_id)
    rows = connection.execute(statement.limit(limit).offset(offset))
    return [Episode(**row._mapping) for row in rows]


def count_episodes(connection: Connection, *, task: str | None = None, robot_id: str | None = None) -> int:
    """How many episodes there are, running ones included."""
    statement = _filtered(select(func.count()).select_from(episodes), task, robot_id)
    return int(connection.execute(statement).scalar_one())


def open_episodes(connection: Connection, robot_id: str) -> list[Episode]:
    """A robot's episodes without an outcome, newest first."""
    rows = connection.execute(
        select(episodes)
        .where(episodes.c.robot_id == robot_id, episodes.c.outcome.is_(None))
        .order_by(episodes.c.started_unix_s.desc())
    )
    return [Episode(**row._mapping) for row in rows]


def finished_episodes(
    connection: Connection, *, ended_after_unix_s: float, ended_before_unix_s: float, limit: int = 1000
) -> list[Episode]:
    """Episodes that ended in (after, before], oldest first; abandoned ones left out.

    The trainer asks with `before = now - grace`, so that people had time to say something about them.
    """
    rows = connection.execute(
        select(episodes)
        .where(
            episodes.c.ended_unix_s > ended_after_unix_s,
            episodes.c.ended_unix_s <= ended_before_unix_s,
            episodes.c.outcome != "abandoned",
        )
        .order_by(episodes.c.ended_unix_s)
        .limit(limit)
    )
    return [Episode(**row._mapping) for row in rows]


def outcomes(connection: Connection, task: str, *, last: int) -> list[tuple[str, float | None]]:
    """Outcome and task return of the last episodes of a task, newest first; abandoned ones left out."""
    rows = connection.execute(
        select(episodes.c.outcome, episodes.c.return_task)
        .where(
            episodes.c.task == task, episodes.c.ended_unix_s.is_not(None), episodes.c.outcome != "abandoned"
        )
        .order_by(episodes.c.ended_unix_s.desc())
        .limit(last)
    )
    return [(row[0], row[1]) for row in rows]


def robot_outcomes(connection: Connection, robot_id: str, task: str, *, last: int) -> list[str]:
    """Outcomes of a robot's last episodes of a task, oldest first; abandoned ones left out."""
    rows = connection.execute(
        select(episodes.c.outcome)
        .where(
            episodes.c.robot_id == robot_id,
            episodes.c.task == task,
            episodes.c.ended_unix_s.is_not(None),
            episodes.c.outcome != "abandoned",
        )
        .order_by(episodes.c.ended_unix_s.desc())
        .limit(last)
    )
    return [row[0] for row in rows][::-1]


def clean_episodes(connection: Connection, robot_id: str) -> int:
    """How many episodes a robot has finished, since it last rolled a policy back, in which no decision asked
    for more than the limits allow."""
    rolled_back = select(func.max(policy_events.c.time_unix_s)).where(
        policy_events.c.robot_id == robot_id, policy_events.c.status == "rolled_back"
    )
    since = connection.execute(rolled_back).scalar_one() or 0.0
    violating = select(steps.c.episode_id).where(steps.c.robot_id == robot_id, steps.c.violations > 0)
    return int(
        connection.execute(
            select(func.count()).where(
                episodes.c.robot_id == robot_id,
                episodes.c.ended_unix_s > since,
                episodes.c.outcome != "abandoned",
                episodes.c.episode_id.not_in(violating),
            )
        ).scalar_one()
    )
