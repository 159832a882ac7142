"""Simulated decisions as records in the store: as a robot's own, on a clock that runs as fast as it may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from learner.reward.feedback.context import Decisions
from learner.reward.model import Outcome
from learner.store import queries
from learner.store.rows import Episode, NewStep
from shared.codec import encode, pack_transition
from shared.control.pilot import ALL_TOOLS
from shared.messages import TaskSpec, Transition
from shared.spaces import TICK_S
from sim.tasks import Split
from sim.vector import Step

PAUSE_S = 5.0
"""Between a robot's episodes, as on the real one: time to say something about the last decision."""


@dataclass(frozen=True)
class Recorded:
    """One decision that went into the store."""

    robot_id: str
    episode_id: str
    decision_seq: int
    step_id: int
    start_s: float
    """On the robot's clock."""
    end_s: float
    outcome: Outcome
    """Of the episode; `running` unless the decision was its last."""
    next_seq: int
    """What a robot shows from the end of this decision on: the next one's number, past a closing record."""
    now_s: float
    """The robot's clock, pause included."""


@dataclass
class _Robot:
    name: str
    now_s: float
    seq: int = 0
    step: int = 0
    """Of the episode."""
    episode_id: str = ""


@dataclass
class Recorder:
    """Writes the episodes of n simulated robots, named `<prefix>-<i>`."""

    prefix: str
    boot_epoch: int
    start_s: float = 0.0
    """Their clock's first instant."""
    split: Split = "train"
    source: str = "policy"
    policy_version: int = 1
    _robots: dict[int, _Robot] = field(default_factory=dict)

    def record(
        self,
        connection: Connection,
        specs: list[TaskSpec],
        played: Decisions,
        step: Step,
        rows: Sequence[int] | None = None,
    ) -> list[Recorded]:
        """Write one decision of each robot, or of those in `rows`, with the closing record where it ended an
        episode."""
        done = []
        for i in range(len(specs)) if rows is None else rows:
            robot = self._robots.setdefault(i, _Robot(f"{self.prefix}-{i}", self.start_s))
            done.append(self._one(connection, robot, specs[i], played, step, i))
        return done

    def _one(  # noqa: PLR0917
        self, connection: Connection, robot: _Robot, spec: TaskSpec, played: Decisions, step: Step, i: int
    ) -> Recorded:
        if robot.episode_id != spec.episode_id:
            robot.episode_id, robot.step = spec.episode_id, 0
            queries.insert_episode(connection, self._episode(robot, spec))
        seq, start_s, outcome = robot.seq, robot.now_s, outcome_of(step, i)
        rows = [self._row(robot, played, step, i)]
        robot.now_s = end_s = start_s + float(step.n_ticks[i]) * TICK_S
        robot.seq, robot.step = seq + 1, robot.step + 1
        if outcome != "running":
            rows.append(self._row(robot, played, step, i, closing=True))
            robot.seq += 1
            robot.now_s += PAUSE_S
        queries.insert_steps(connection, rows)
        if outcome != "running":
            queries.close_episode(connection, spec.episode_id, outcome, end_s)
        stored = queries.find_step(connection, robot.name, self.boot_epoch, seq)
        assert stored is not None
        return Recorded(
            robot.name, spec.episode_id, seq, stored.id, start_s, end_s, outcome, robot.seq, robot.now_s
        )

    def _episode(self, robot: _Robot, spec: TaskSpec) -> Episode:
        return Episode(
            episode_id=spec.episode_id,
            robot_id=robot.name,
            task=spec.task,
            instruction=spec.instruction,
            spec=encode(spec),
            split=self.split,
            started_unix_s=robot.now_s,
            ended_unix_s=None,
            outcome=None,
            policy_version=None,
            n_steps=0,
            return_task=None,
        )

    def _row(self, robot: _Robot, played: Decisions, step: Step, i: int, *, closing: bool = False) -> NewStep:
        """A decision, or the record after the last one, which only shows what was seen then."""
        ticks = 0 if closing else int(step.n_ticks[i])

        def trace(array: NDArray[np.floating]) -> NDArray[np.float32]:
            return array[i, :ticks].astype(np.float32)

        record = Transition(
            robot_id=robot.name,
            boot_epoch=self.boot_epoch,
            decision_seq=robot.seq,
            episode_id=robot.episode_id,
            episode_step=robot.step,
            obs=(step.final_obs if closing else played.obs)[i],
            tool=int(played.tool[i]),
            params=played.params[i].astype(np.float32),
            log_prob=0.0,
            value=0.0,
            tool_mask=ALL_TOOLS,
            policy_version=self.policy_version,
            source=self.source,
            end_reason="closing" if closing else "completed",
            n_ticks=ticks,
            state_seq=0,
            limited_ticks=0,
            violations=0,
            time_unix_s=robot.now_s,
            setpoints=trace(step.setpoints),
            joints=trace(step.joints),
            head=trace(step.head),
        )
        return NewStep(
            robot_id=record.robot_id,
            boot_epoch=record.boot_epoch,
            decision_seq=record.decision_seq,
            episode_id=record.episode_id,
            episode_step=record.episode_step,
            tool=record.tool,
            source=record.source,
            end_reason=record.end_reason,
            n_ticks=ticks,
            policy_version=record.policy_version,
            log_prob=record.log_prob,
            value=record.value,
            limited_ticks=record.limited_ticks,
            violations=record.violations,
            time_unix_s=record.time_unix_s,
            received_unix_s=record.time_unix_s + ticks * TICK_S,
            r_task=None if closing else float(step.reward[i]),
            payload=pack_transition(record),
        )


def outcome_of(step: Step, i: int) -> Outcome:
    """How environment i's episode stands after a decision."""
    if step.terminated[i]:
        return "success" if step.success[i] else "failure"
    return "truncated" if step.truncated[i] else "running"
