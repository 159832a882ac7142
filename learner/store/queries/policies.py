"""Policies: published by the trainer, noticed by the learner process, answered by robots."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, func, select, update

from learner.store.rows import Policy, PolicyEvent
from learner.store.tables import policies, policy_events


def next_policy_version(connection: Connection) -> int:
    """The version that the next published policy should carry; from 1."""
    return int(connection.execute(select(func.max(policies.c.version))).scalar_one() or 0) + 1


def publish_policy(connection: Connection, policy: Policy) -> None:
    """Insert a policy whose bundle file is already complete on disk."""
    connection.execute(policies.insert().values(asdict(policy)))


def withdraw_policy(connection: Connection, version: int, reason: str) -> None:
    """Take a policy back; robots are offered the newest that remains published."""
    connection.execute(
        update(policies).where(policies.c.version == version).values(status="withdrawn", status_reason=reason)
    )


def get_policy(connection: Connection, version: int) -> Policy | None:
    """A policy by its version."""
    row = connection.execute(select(policies).where(policies.c.version == version)).one_or_none()
    return Policy(**row._mapping) if row else None


def latest_policy(connection: Connection) -> Policy | None:
    """The newest published policy, which is one that passed the sim gate."""
    row = connection.execute(
        select(policies).where(policies.c.status == "published").order_by(policies.c.version.desc()).limit(1)
    ).one_or_none()
    return Policy(**row._mapping) if row else None


def policies_after(connection: Connection, version: int) -> list[Policy]:
    """Published policies newer than a version, oldest first."""
    rows = connection.execute(
        select(policies)
        .where(policies.c.status == "published", policies.c.version > version)
        .order_by(policies.c.version)
    )
    return [Policy(**row._mapping) for row in rows]


def list_policies(connection: Connection, *, limit: int = 100) -> list[Policy]:
    """All policies, newest first."""
    rows = connection.execute(select(policies).order_by(policies.c.version.desc()).limit(limit))
    return [Policy(**row._mapping) for row in rows]


def add_policy_event(connection: Connection, row: PolicyEvent) -> None:
    """Note what a robot did with a policy."""
    connection.execute(policy_events.insert().values(asdict(row)))


def policy_events_of(connection: Connection, version: int | None, limit: int) -> list[PolicyEvent]:
    """Events, newest first, of one version or of all."""
    columns = [column for column in policy_events.c if column.name != "id"]
    statement = select(*columns).order_by(policy_events.c.id.desc()).limit(limit)
    if version is not None:
        statement = statement.where(policy_events.c.version == version)
    return [PolicyEvent(**row._mapping) for row in connection.execute(statement)]


def last_policy_events(connection: Connection) -> dict[str, PolicyEvent]:
    """Robot id -> what it said last about the newest version that it said anything about.

    A robot that rolls v12 back also says that v11 is in use again; the news is v12.
    """
    newest = (
        select(policy_events.c.robot_id, func.max(policy_events.c.version).label("version"))
        .group_by(policy_events.c.robot_id)
        .subquery()
    )
    last = (
        select(func.max(policy_events.c.id))
        .join(
            newest,
            (newest.c.robot_id == policy_events.c.robot_id) & (newest.c.version == policy_events.c.version),
        )
        .group_by(policy_events.c.robot_id)
    )
    columns = [column for column in policy_events.c if column.name != "id"]
    rows = connection.execute(select(*columns).where(policy_events.c.id.in_(last)))
    return {row.robot_id: PolicyEvent(**row._mapping) for row in rows}


def refused_versions(connection: Connection, robot_id: str) -> set[int]:
    """Versions that a robot refused or rolled back."""
    rows = connection.execute(
        select(policy_events.c.version)
        .where(policy_events.c.robot_id == robot_id, policy_events.c.status.in_(("rejected", "rolled_back")))
        .distinct()
    )
    return {int(row[0]) for row in rows}


def active_versions(connection: Connection) -> dict[str, list[int]]:
    """Robot id -> every version that became active on it, ascending."""
    rows = connection.execute(
        select(policy_events.c.robot_id, policy_events.c.version)
        .where(policy_events.c.status == "active")
        .distinct()
        .order_by(policy_events.c.robot_id, policy_events.c.version)
    )
    found: dict[str, list[int]] = {}
    for robot_id, version in rows:
        found.setdefault(robot_id, []).append(int(version))
    return found
