"""How things stand, in one object: for the page, for the terminal, for anybody who asks the API."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from learner.counters import Counters
from learner.policies import Policies
from learner.robots import Robots
from learner.store import queries
from learner.store.engine import AsyncStore
from learner.store.rows import PolicyEvent
from learner.unlocking import Unlocking

LAST = 50
"""Robot episodes a task that a success rate is taken over."""


class Summary:
    """Gathers `GET /api/v1/summary`."""

    def __init__(
        self,
        *,
        store: AsyncStore,
        robots: Robots,
        policies: Policies,
        unlocking: Unlocking,
        counters: Counters,
        tasks: tuple[str, ...],
    ) -> None:
        self._store = store
        self._robots = robots
        self._policies = policies
        self._unlocking = unlocking
        self._counters = counters
        self._tasks = tasks

    async def __call__(self) -> dict[str, Any]:
        """JSON-ready; units in the names."""
        stored = await self._store.read(_stored, self._tasks)
        latest = self._policies.latest
        return {
            "time_unix_s": time.time(),
            "robots": await self.robots(stored.pop("policy_events")),
            "policy": {
                "published": latest.version if latest is not None else None,
                "eval": latest.eval if latest is not None else {},
                "gate": latest.gate if latest is not None else {},
                "limits_profile": latest.limits_profile if latest is not None else None,
                "refused": stored.pop("refused"),
                "active_on_robots": stored.pop("active_versions"),
            },
            "link": {
                "lag_p50_ms": stored.pop("lag_p50_ms"),
                "lag_p95_ms": stored.pop("lag_p95_ms"),
                "transitions": stored["steps"],
                "duplicates": self._counters.duplicates,
                "refused_frames": self._counters.refused_frames,
                "refused_keys": self._counters.refused_keys,
            },
            **stored,
        }

    async def robots(self, events: Mapping[str, PolicyEvent]) -> list[dict[str, Any]]:
        """Each robot heard of since the start; `events`: what each said last about a policy."""
        now = self._robots.clock()
        rows = []
        for robot_id, session in sorted(self._robots.sessions.items()):
            status = session.status
            event = events.get(robot_id)
            rows.append(
                {
                    "robot_id": robot_id,
                    "connected": session.connected(now),
                    "state": status.state if status else "",
                    "policy_version": status.policy_version if status else 0,
                    "spooled": status.spooled if status else 0,
                    "lost": status.lost if status else 0,
                    "violations_applied": status.violations_applied if status else 0,
                    "limited_ticks": status.limited_ticks if status else 0,
                    "fault": status.fault if status else "",
                    "stop_source": status.stop_source if status else "",
                    "mode": status.mode if status else "",
                    "teleop": status.teleop if status else False,
                    "limits_profile": status.limits_profile if status else None,
                    "policy_event": asdict(event) if event else None,
                    "tasks": [asdict(access) for access in await self._unlocking.access(robot_id)],
                }
            )
        return rows


def _stored(connection: Connection, tasks: tuple[str, ...]) -> dict[str, Any]:
    lags = queries.lag_percentiles_ms(connection)
    taste = queries.latest_taste_model(connection)
    per_task = {}
    for task in tasks:
        recent = queries.outcomes(connection, task, last=LAST)
        returns = [value for _, value in recent if value is not None]
        per_task[task] = {
            "episodes": queries.count_episodes(connection, task=task),
            "recent": len(recent),
            "success_rate": sum(o == "success" for o, _ in recent) / len(recent) if recent else None,
            "return_mean": sum(returns) / len(returns) if returns else None,
        }
    newest_anomaly = queries.list_anomalies(connection, limit=1)
    newest_stop = queries.list_stops(connection, limit=1)
    policies = queries.list_policies(connection, limit=1)
    refused = policies[0] if policies and policies[0].status == "refused" else None
    return {
        "tasks": per_task,
        "episodes": queries.count_episodes(connection),
        "steps": queries.count_steps(connection),
        "feedback": queries.count_feedback(connection),
        "taste": {"version": taste.version if taste else None, "labels": taste.n_labels if taste else 0},
        "metrics": {
            name: {"value": m.value, "step": m.step, "time_unix_s": m.time_unix_s}
            for name, m in queries.latest_metrics(connection).items()
        },
        "lag_p50_ms": lags[0] if lags else None,
        "lag_p95_ms": lags[1] if lags else None,
        "anomalies": {
            "count": queries.count_anomalies(connection),
            "newest": asdict(newest_anomaly[0]) if newest_anomaly else None,
        },
        "last_stop": asdict(newest_stop[0]) if newest_stop else None,
        "policy_events": queries.last_policy_events(connection),
        "refused": {"version": refused.version, "reason": refused.status_reason} if refused else None,
        "active_versions": queries.active_versions(connection),
    }
