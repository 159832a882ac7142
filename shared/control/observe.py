"""From what the body measures, the camera detects and the task says to the policy's 512 numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from shared.control.body import BodyState
from shared.control.rotations import matrix_to_rpy, quat_to_matrix
from shared.messages import TaskSpec
from shared.spaces import LAYOUT, OBS_DIM, slot_range

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

BIG = 1e4
"""Bound on any observed number; what is not finite is observed as 0."""
DEFAULT_BRIGHTNESS = 0.5


@dataclass(frozen=True)
class States:
    """Measurements of n bodies: `BodyState` with a leading axis."""

    joint_pos: F64
    """(n, 9) rad."""
    joint_vel: F64
    """(n, 9) rad/s."""
    head_pos: F64
    """(n, 3) m."""
    head_quat: F64
    """(n, 4) w x y z."""
    imu_accel: F64
    """(n, 3) m/s^2."""
    imu_gyro: F64
    """(n, 3) rad/s."""
    target: F64
    """(n, 9) rad."""

    @property
    def head_matrix(self) -> F64:
        """(n, 3, 3) head orientation."""
        return quat_to_matrix(self.head_quat)


def states(state: BodyState) -> States:
    """One body as n = 1."""
    return States(*(np.asarray(getattr(state, field.name), np.float64)[None] for field in fields(States)))


def observe(
    state: States,
    *,
    detections: F32,
    tool_match: F32,
    embedding: F32,
    progress: F64,
    last_end_ok: F64,
    mode: float = 1.0,
    frame_age_s: F64 | float = 0.0,
    brightness: F64 | float = DEFAULT_BRIGHTNESS,
) -> F32:
    """The observation in physical units (see `shared.spaces.LAYOUT`); always finite.

    Args:
        state: measurements of n bodies.
        detections: (n, 64) from `vision.detect`.
        tool_match: (n, 20).
        embedding: (n, 384) of the instruction.
        progress: (n,) decisions so far / allowed.
        last_end_ok: (n,) 1 where the last decision ran to its end (and before the first one).
        mode: 1 = the robot is under the policy's control.
        frame_age_s: age of the camera frame [s].
        brightness: mean image brightness [0, 1].

    Returns:
        (n, 512) float32.
    """
    obs = np.empty((len(state.joint_pos), OBS_DIM), np.float32)
    runs = {
        "joint_pos": state.joint_pos,
        "joint_vel": state.joint_vel,
        "head_pos": state.head_pos,
        "head_rpy": matrix_to_rpy(state.head_matrix),
        "applied_target": state.target,
        "imu_accel": state.imu_accel,
        "imu_gyro": state.imu_gyro,
        "mode": mode,
        "frame_age": frame_age_s,
        "brightness": brightness,
        "episode_progress": progress,
        "last_end_ok": last_end_ok,
        "tool_match": tool_match,
        "detections": detections,
        "instruction": embedding,
    }
    for run in LAYOUT:
        values = np.asarray(runs[run.name])
        obs[:, _RANGES[run.name]] = values[:, None] if values.ndim == 1 else values
    if not np.isfinite(obs).all() or np.abs(obs).max(initial=0.0) > BIG:
        obs = np.clip(np.nan_to_num(obs, nan=0.0, posinf=BIG, neginf=-BIG), -BIG, BIG)
    return obs


_RANGES = {run.name: slot_range(run.name) for run in LAYOUT}


def observe_task(  # noqa: PLR0917
    state: BodyState,
    spec: TaskSpec,
    detections: F32,
    step: int,
    last_end_ok: bool = True,
    mode: float = 1.0,
    *,
    frame_age_s: float = 0.0,
    brightness: float = DEFAULT_BRIGHTNESS,
) -> F32:
    """(512,) observation of one robot working on `spec`, before decision number `step` (from 0)."""
    obs = observe(
        states(state),
        detections=detections.reshape(1, -1),
        tool_match=spec.tool_match[None],
        embedding=spec.embedding[None],
        progress=np.array([step / spec.max_decisions]),
        last_end_ok=np.array([float(last_end_ok)]),
        mode=mode,
        frame_age_s=frame_age_s,
        brightness=brightness,
    )
    return np.asarray(obs[0])
