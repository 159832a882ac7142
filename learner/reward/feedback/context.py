"""What a person saw of a decision, from its record alone: robots, simulation and the store all give one.

State is the pose in the observation, action the tool, outcome the measured motion after it: so a live robot,
a recording and a simulated one mean the same by "fast", "left" and "the duck".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.reward.feedback.motion import MOTION_FIELDS, motion_features
from learner.reward.model import Context, Outcome
from shared.control.rotations import matrix_to_rpy, quat_to_matrix, rpy_to_matrix
from shared.control.vision import gaze_angle
from shared.messages import TaskSpec, Transition
from shared.spaces import NUM_JOINTS, TICK_S, slot_range
from shared.tools import TOOLS

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Int = NDArray[np.int64]

MIDDLE_RAD = float(np.deg2rad(6.0))
"""An object counts as in the middle of the view up to here. Looking succeeds within 5 degrees; one more is
for the measured pose."""
_POSITION, _RPY = slot_range("head_pos"), slot_range("head_rpy")
_RANGES = [i for i, name in enumerate(MOTION_FIELDS) if name.endswith("_range_rad")]
_SPEEDS = [i for i, name in enumerate(MOTION_FIELDS) if name.endswith("_speed_rad_s")]


@dataclass(frozen=True)
class Decisions:
    """n decisions as they were recorded."""

    obs: F32
    """(n, 512) before each."""
    tool: Int
    """(n,)"""
    params: F32
    """(n, 4) raw."""
    n_ticks: Int
    """(n,) 0 = nothing was played."""
    joints: NDArray[np.floating]
    """(n, K, 9) rad measured after each tick; rows past a decision's own end are not read."""
    head: NDArray[np.floating]
    """(n, K, 7) head position [m] and quaternion; likewise."""

    def __len__(self) -> int:
        return len(self.tool)


def decisions_of(records: Sequence[Transition]) -> Decisions:
    """Records of any lengths, side by side. At least one."""
    ticks = np.array([t.n_ticks for t in records])
    longest = max(int(ticks.max()), 1)
    joints = np.zeros((len(records), longest, NUM_JOINTS))
    head = np.zeros((len(records), longest, 7))
    head[..., 3] = 1.0
    for i, t in enumerate(records):
        joints[i, : t.n_ticks], head[i, : t.n_ticks] = t.joints, t.head
    return Decisions(
        np.stack([t.obs for t in records]),
        np.array([t.tool for t in records]),
        np.stack([t.params for t in records]),
        ticks,
        joints,
        head,
    )


def contexts(decisions: Decisions, specs: Sequence[TaskSpec], outcomes: Sequence[Outcome]) -> list[Context]:
    """What was seen of each decision.

    Args:
        decisions: n of them, from any episodes.
        specs: (n) the episode that each belongs to.
        outcomes: (n) of that episode, as far as it had come when somebody spoke.
    """
    if not len(decisions):
        return []
    before_pos, before = poses_before(decisions.obs)
    after_pos, after = poses_after(decisions)
    started, ended = matrix_to_rpy(before), matrix_to_rpy(after)
    # Positive pitch looks down, positive yaw left, positive roll tilts to the robot's right.
    moved = np.rad2deg(np.remainder(ended - started + np.pi, 2.0 * np.pi) - np.pi)
    motion = np.rad2deg(motion_features(decisions.joints, decisions.n_ticks))
    seen = _in_the_middle(before_pos, before, specs), _in_the_middle(after_pos, after, specs)
    found = []
    for i, (spec, outcome) in enumerate(zip(specs, outcomes, strict=True)):
        tool = TOOLS[int(decisions.tool[i])]
        raw = decisions.params[i, : len(tool.params)].tolist()
        found.append(
            Context(
                instruction=spec.instruction,
                tool=tool.name,
                params=tuple(param.physical(value) for param, value in zip(tool.params, raw, strict=True)),
                gaze_before=seen[0][i],
                gaze_after=seen[1][i],
                turned_deg=float(moved[i, 2]),
                raised_deg=float(-moved[i, 1]),
                rolled_deg=float(moved[i, 0]),
                range_deg=float(motion[i, _RANGES].max()),
                speed_deg_s=float(motion[i, _SPEEDS].max()),
                duration_s=float(decisions.n_ticks[i]) * TICK_S,
                outcome=outcome,
            )
        )
    return found


def context_of(record: Transition, spec: TaskSpec, outcome: Outcome = "running") -> Context:
    """What was seen of one decision."""
    return contexts(decisions_of([record]), [spec], [outcome])[0]


def poses_before(obs: F32) -> tuple[F64, F64]:
    """Head positions (n, 3) [m] and orientations (n, 3, 3) that n observations (n, 512) show."""
    return obs[:, _POSITION].astype(np.float64), rpy_to_matrix(obs[:, _RPY].astype(np.float64))


def poses_after(decisions: Decisions) -> tuple[F64, F64]:
    """The same at the end of each decision; as before it where nothing was played."""
    position, R = poses_before(decisions.obs)
    played = decisions.n_ticks > 0
    last = decisions.head[np.flatnonzero(played), decisions.n_ticks[played] - 1].astype(np.float64)
    if len(last):
        position[played], R[played] = last[:, :3], quat_to_matrix(last[:, 3:])
    return position, R


def _in_the_middle(position: F64, R: F64, specs: Sequence[TaskSpec]) -> list[str]:
    """Name of the object nearest to the middle of each view; "" where none is near."""
    most = max((len(spec.objects) for spec in specs), default=0)
    if most == 0:
        return [""] * len(specs)
    points = np.full((len(specs), most, 3), 1e6)
    there = np.zeros((len(specs), most), np.bool_)
    for i, spec in enumerate(specs):
        if spec.objects:
            points[i, : len(spec.objects)] = [thing.position for thing in spec.objects]
            there[i, : len(spec.objects)] = True
    angle = np.where(there, gaze_angle(position, R, points), np.inf)
    best = angle.argmin(axis=1)
    return [
        specs[i].objects[k].name if angle[i, k] <= MIDDLE_RAD else "" for i, k in enumerate(best.tolist())
    ]
