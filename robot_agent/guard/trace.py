"""What became of the decision in force: a trace that fills tick by tick and turns into a record."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robot_agent.frames import Action, Record
from shared.control.body import BodyState
from shared.messages import END_REASONS
from shared.spaces import NUM_JOINTS
from shared.tools import TRACE_TICKS

F64 = NDArray[np.float64]


class Trace:
    """Rows of one decision, allocated once.

    A tick's setpoint is known when it is written, what it did to the body only when the next tick reads: so a
    row is opened by `wrote` and closed by `measured`.
    """

    def __init__(self) -> None:
        self._setpoints = np.zeros((TRACE_TICKS, NUM_JOINTS), np.float32)
        self._joints = np.zeros((TRACE_TICKS, NUM_JOINTS), np.float32)
        self._head = np.zeros((TRACE_TICKS, 7), np.float32)
        self._action = Action(0, 0, 0)
        self._open = False
        self._rows = 0
        self._limited = 0
        self._violations = 0
        self._state_seq = 0
        self._time_unix_s = 0.0

    def begin(self, action: Action, state_seq: int, time_unix_s: float, violations: int) -> None:
        """Start over for a new decision; `violations` counts the ticks on which its plan breaks a limit."""
        for rows in (self._setpoints, self._joints, self._head):
            rows.fill(0.0)
        self._action, self._state_seq, self._time_unix_s = action, state_seq, time_unix_s
        self._rows, self._limited, self._violations, self._open = 0, 0, violations, False

    def wrote(self, setpoint: F64, limited: bool) -> None:
        """A setpoint, (9,) rad, goes to the body on this tick."""
        self._setpoints[self._rows] = setpoint
        self._limited += limited
        self._open = True

    def measured(self, body: BodyState) -> None:
        """The body as the last setpoint left it."""
        if not self._open:
            return
        self._joints[self._rows] = body.joint_pos
        self._head[self._rows, :3] = body.head_pos
        self._head[self._rows, 3:] = body.head_quat
        self._rows += 1
        self._open = False

    def record(self, epoch: int, decision_seq: int, end_reason: str) -> Record:
        """The finished decision under its key."""
        action = self._action
        return Record(
            boot_epoch=epoch,
            decision_seq=decision_seq,
            episode_id=action.episode_id,
            episode_step=action.episode_step,
            obs=action.obs,
            tool=action.tool,
            params=action.params,
            log_prob=action.log_prob,
            value=action.value,
            tool_mask=action.tool_mask,
            policy_version=action.policy_version,
            source=action.source,
            end_reason=END_REASONS.index(end_reason),
            n_ticks=self._rows,
            state_seq=self._state_seq,
            limited_ticks=self._limited,
            violations=self._violations,
            time_unix_s=self._time_unix_s,
            setpoints=self._setpoints.copy(),
            joints=self._joints.copy(),
            head=self._head.copy(),
        )
