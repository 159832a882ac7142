"""Steps: one row a record, unique by its robot's key, so that a second delivery is harmless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import Connection, func, select, tuple_
from sqlalchemy.dialects.sqlite import insert

from learner.store.rows import NewStep, Step
from learner.store.tables import steps

_INSERT = insert(steps).on_conflict_do_nothing(index_elements=["robot_id", "boot_epoch", "decision_seq"])
_FIELDS = tuple(field.name for field in fields(NewStep))
_KEY_CHUNK = 300  # bound parameters a statement; SQLite's floor is 999


def insert_steps(connection: Connection, rows: Sequence[NewStep]) -> None:
    """Insert rows; those whose key is already there are left as they are."""
    if rows:
        connection.execute(_INSERT, [{name: getattr(row, name) for name in _FIELDS} for row in rows])


def known_keys(
    connection: Connection, robot_id: str, keys: Sequence[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Which of these (boot_epoch, decision_seq) are stored already."""
    found: set[tuple[int, int]] = set()
    key = tuple_(steps.c.boot_epoch, steps.c.decision_seq)
    for start in range(0, len(keys), _KEY_CHUNK):
        rows = connection.execute(
            select(steps.c.boot_epoch, steps.c.decision_seq).where(
                steps.c.robot_id == robot_id, key.in_(keys[start : start + _KEY_CHUNK])
            )
        )
        found.update((row[0], row[1]) for row in rows)
    return found


def get_step(connection: Connection, step_id: int) -> Step | None:
    """A step by its id."""
    row = connection.execute(select(steps).where(steps.c.id == step_id)).one_or_none()
    return Step(**row._mapping) if row else None


def find_step(connection: Connection, robot_id: str, boot_epoch: int, decision_seq: int) -> Step | None:
    """A step by its robot's key."""
    row = connection.execute(
        select(steps).where(
            steps.c.robot_id == robot_id,
            steps.c.boot_epoch == boot_epoch,
            steps.c.decision_seq == decision_seq,
        )
    ).one_or_none()
    return Step(**row._mapping) if row else None


def episode_steps(connection: Connection, episode_id: str) -> list[Step]:
    """An episode's records in the order in which they were made, the closing one included."""
    rows = connection.execute(
        select(steps)
        .where(steps.c.episode_id == episode_id)
        .order_by(steps.c.boot_epoch, steps.c.decision_seq)
    )
    return [Step(**row._mapping) for row in rows]


def steps_before(
    connection: Connection, robot_id: str, boot_epoch: int, decision_seq: int, *, count: int
) -> list[Step]:
    """Up to `count` records of one epoch that end with this key or the last one before it, oldest first."""
    rows = connection.execute(
        select(steps)
        .where(
            steps.c.robot_id == robot_id,
            steps.c.boot_epoch == boot_epoch,
            steps.c.decision_seq <= decision_seq,
        )
        .order_by(steps.c.decision_seq.desc())
        .limit(count)
    )
    return [Step(**row._mapping) for row in rows][::-1]


def steps_after(connection: Connection, step_id: int, *, limit: int = 1000) -> list[Step]:
    """Records stored after this id, oldest first."""
    rows = connection.execute(select(steps).where(steps.c.id > step_id).order_by(steps.c.id).limit(limit))
    return [Step(**row._mapping) for row in rows]


def count_steps(connection: Connection) -> int:
    """How many records are stored."""
    return int(connection.execute(select(func.count()).select_from(steps)).scalar_one())


def count_missing(connection: Connection, robot_id: str) -> int:
    """How many records of a robot are missing between those that are stored.

    Within an epoch `decision_seq` starts at 0 and rises by one a record, so a gap is a record that was made
    and never arrived (or has not arrived yet).
    """
    rows = connection.execute(
        select(func.max(steps.c.decision_seq) + 1 - func.count())
        .where(steps.c.robot_id == robot_id)
        .group_by(steps.c.boot_epoch)
    )
    return sum(int(row[0]) for row in rows)


def lag_percentiles_ms(
    connection: Connection, *, last: int = 500, quantiles: Sequence[float] = (0.5, 0.95)
) -> list[float]:
    """From a record's making (start + its ticks) to its arrival here [ms], over the last records; [] if none.

    Compares two machines' wall clocks, so it is as good as their synchronisation.
    """
    rows = connection.execute(
        select(steps.c.received_unix_s - steps.c.time_unix_s - 0.02 * steps.c.n_ticks)
        .order_by(steps.c.id.desc())
        .limit(last)
    )
    lags = sorted(row[0] * 1000.0 for row in rows)
    if not lags:
        return []
    return [lags[min(int(q * len(lags)), len(lags) - 1)] for q in quantiles]
