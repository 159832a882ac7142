"""Robots: who has introduced themselves, and when they were last heard of."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.sqlite import insert

from learner.store.rows import Robot
from learner.store.tables import robots


def put_robot(connection: Connection, robot: Robot) -> None:
    """Insert or replace a robot's row."""
    row = asdict(robot)
    statement = insert(robots).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=["robot_id"], set_=row))


def touch_robot(connection: Connection, robot_id: str, state: str, last_seen_unix_s: float) -> None:
    """Note a robot's state and time of last contact."""
    connection.execute(
        update(robots)
        .where(robots.c.robot_id == robot_id)
        .values(state=state, last_seen_unix_s=last_seen_unix_s)
    )


def get_robot(connection: Connection, robot_id: str) -> Robot | None:
    """A robot by its id."""
    row = connection.execute(select(robots).where(robots.c.robot_id == robot_id)).one_or_none()
    return Robot(**row._mapping) if row else None


def list_robots(connection: Connection) -> list[Robot]:
    """All robots, by id."""
    rows = connection.execute(select(robots).order_by(robots.c.robot_id))
    return [Robot(**row._mapping) for row in rows]
