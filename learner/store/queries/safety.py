"""What must be looked at afterwards: stops that were asked for, and what robots flagged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.sqlite import insert

from learner.store.rows import NewAnomaly, Stop, StoredAnomaly
from learner.store.tables import anomalies, stops

_STOP_COLUMNS = [column for column in stops.c if column.name != "id"]


def add_stops(connection: Connection, rows: Sequence[Stop]) -> None:
    """Note what became of stop requests."""
    if rows:
        connection.execute(stops.insert(), [asdict(row) for row in rows])


def list_stops(connection: Connection, *, limit: int) -> list[Stop]:
    """Stop requests, newest first."""
    statement = select(*_STOP_COLUMNS).order_by(stops.c.id.desc()).limit(limit)
    return [Stop(**row._mapping) for row in connection.execute(statement)]


def unconfirmed_stops(connection: Connection) -> list[Stop]:
    """The newest stop request of each robot, where the robot has not confirmed it."""
    newest = select(func.max(stops.c.id)).group_by(stops.c.robot_id)
    statement = select(*_STOP_COLUMNS).where(stops.c.id.in_(newest), ~stops.c.confirmed)
    return [Stop(**row._mapping) for row in connection.execute(statement)]


def put_anomaly(connection: Connection, row: NewAnomaly) -> None:
    """Note an anomaly; one told before for the same step and of the same kind keeps the highest score."""
    statement = insert(anomalies).values(asdict(row))
    highest = func.max(anomalies.c.score, statement.excluded.score)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["robot_id", "episode_id", "episode_step", "kind"], set_={"score": highest}
        )
    )


def list_anomalies(
    connection: Connection, *, limit: int, robot_id: str | None = None, episode_id: str | None = None
) -> list[StoredAnomaly]:
    """Anomalies, newest first."""
    statement = select(anomalies).order_by(anomalies.c.id.desc()).limit(limit)
    if robot_id is not None:
        statement = statement.where(anomalies.c.robot_id == robot_id)
    if episode_id is not None:
        statement = statement.where(anomalies.c.episode_id == episode_id)
    return [StoredAnomaly(**row._mapping) for row in connection.execute(statement)]


def count_anomalies(connection: Connection) -> int:
    """How many anomalies were ever noted."""
    return int(connection.execute(select(func.count()).select_from(anomalies)).scalar_one())
