"""What the policy process says about itself, for the link to pass on."""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import replace

import numpy as np

from robot_agent.chooser import Chooser
from robot_agent.frames import PolicyState
from robot_agent.ledger import OUT, Ledger

FRAMES_AN_EVENT = 2
"""Reports in a row that show the same event, so that a link that looks less often misses none."""


class Report:
    """Frames for the slot; events are shown one after the other."""

    def __init__(self, chooser: Chooser, ledger: Ledger) -> None:
        self._chooser, self._ledger = chooser, ledger
        # Numbers go on rising when this process is started anew.
        self._numbers = itertools.count(time.time_ns() // 1_000_000)
        self._shown = FRAMES_AN_EVENT
        self._events = PolicyState(os.getpid(), 0, 0, "", "", 0, 0.0, 0.0)

    def frame(self) -> PolicyState:
        """The next frame."""
        self._shown += 1
        if self._shown >= FRAMES_AN_EVENT and (self._ledger.news or self._chooser.anomalies):
            self._shown = 0
            self._next_status()
            self._next_anomaly()
        chooser, proposals = self._chooser, self._chooser.proposals
        times_ms = np.array(chooser.latencies_s or [0.0]) * 1e3
        pending = proposals.pending
        return replace(
            self._events,
            active_version=chooser.succession.version,
            waiting=chooser.waiting,
            inferences=chooser.inferences,
            infer_p50_ms=float(np.percentile(times_ms, 50)),
            infer_p99_ms=float(np.percentile(times_ms, 99)),
            mode=proposals.mode,
            proposal_id=pending.number if pending else 0,
            proposal_tool=pending.action.tool if pending else 0,
            proposal_until_s=pending.until_s if pending else 0.0,
        )

    def _next_status(self) -> None:
        if not self._ledger.news:
            return
        entry = self._ledger.news.popleft()
        self._events = replace(
            self._events,
            status=entry.status,
            status_version=entry.version,
            status_seq=next(self._numbers),
            reason=entry.reason,
            rejected_version=entry.version if entry.status in OUT else self._events.rejected_version,
        )

    def _next_anomaly(self) -> None:
        if not self._chooser.anomalies:
            return
        finding, state = self._chooser.anomalies.popleft()
        self._events = replace(
            self._events,
            anomaly_seq=next(self._numbers),
            anomaly_kind=finding.kind,
            anomaly_score=finding.score,
            anomaly_detail=finding.detail,
            anomaly_episode=state.episode_id,
            anomaly_step=state.episode_step,
        )
