"""What the policy process has to say to the learner, each thing once a connection."""

from __future__ import annotations

import time
from collections.abc import Iterator

from robot_agent.frames import PolicyState
from shared.messages import Anomaly, PolicyResult

REASON_CHARS = 400


class PolicyNews:
    """Remembers what was told."""

    def __init__(self, robot_id: str) -> None:
        self._robot_id = robot_id
        self._told: set[tuple[int, str]] = set()
        self._begun = False
        """What is in use was told since the connection began; from then on, events tell of it."""
        self._status_seq = 0
        self._anomaly_seq = 0

    def restart(self) -> None:
        """Another connection, perhaps another learner: how policies fare is told again; anomalies are not."""
        self._told.clear()
        self._begun, self._status_seq = False, 0

    def untold(self, policy: PolicyState) -> Iterator[PolicyResult | Anomaly]:
        """What is new in a frame; give each to `told` once it has been sent."""
        in_use = (policy.active_version, "active")
        self._begun = self._begun or not policy.active_version or in_use in self._told
        by_events = self._begun and policy.status_seq
        if policy.active_version and in_use not in self._told and not by_events:
            yield PolicyResult(self._robot_id, policy.active_version, "active", "")
        if policy.status_seq:
            if policy.status_seq != self._status_seq:
                reason = policy.reason[:REASON_CHARS]
                yield PolicyResult(self._robot_id, policy.status_version, policy.status, reason)
        elif policy.rejected_version and (policy.rejected_version, "rejected") not in self._told:
            yield PolicyResult(self._robot_id, policy.rejected_version, "rejected", policy.reason)
        if policy.anomaly_seq and policy.anomaly_seq != self._anomaly_seq:
            yield Anomaly(
                robot_id=self._robot_id,
                episode_id=policy.anomaly_episode,
                episode_step=policy.anomaly_step,
                kind=policy.anomaly_kind,
                score=policy.anomaly_score,
                detail=policy.anomaly_detail,
                time_unix_s=time.time(),
            )

    def told(self, policy: PolicyState, message: PolicyResult | Anomaly) -> None:
        """This message about this frame has been sent."""
        if isinstance(message, Anomaly):
            self._anomaly_seq = policy.anomaly_seq
            return
        self._told.add((message.version, message.status))
        if (message.version, message.status) == (policy.status_version, policy.status):
            self._status_seq = policy.status_seq
