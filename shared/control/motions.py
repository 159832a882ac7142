"""Tool calls -> joint setpoints at 50 Hz: the same motions on the robot (n = 1) and in simulation (n = many).

Every motion lives in pose space (head pose in the base frame, body yaw, antennas) and starts from the joints
that were *emitted* last. A tool either goes to a goal along a minimum-jerk profile, or adds a smooth
waveform that returns to where it began. Goals and amplitudes are drawn into the pose envelope, which is
convex, so that the whole path is inside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.control.envelope import POSE_LIMITS, clamp_pose
from shared.control.kinematics import forward, inverse, matrix_to_rpy, rpy_to_matrix
from shared.control.profiles import even, min_jerk
from shared.control.vision import CAMERA_OFFSET_M, HALF_TAN_U, HALF_TAN_V
from shared.messages import TaskSpec
from shared.spaces import NUM_JOINTS, NUM_PARAMS, TICK_S
from shared.tools import MAX_TICKS, TOOL_INDEX, TOOLS

F64 = NDArray[np.float64]
Int = NDArray[np.int64]

GAZE_DISTANCE_M = 0.6
"""`look` turns towards the point this far along the ray: turning the head moves the camera by up to 3 cm."""
FOLLOW_RAD = np.deg2rad(20.0)
"""`look` lets the body take what exceeds this yaw between head and body."""
FOLLOW_STEP_RAD = np.deg2rad(24.0)
"""... but no more than this in one `look`: what the body's speed limit allows in its time."""
CATCH_UP = 0.6
"""Share of `track`'s time in which the gaze catches up with the point."""
ENVELOPE_SHARE = 0.2
"""Share of a gesture's time in which its waveform fades in, and out."""
BODY_YAW_LIMIT_RAD = np.deg2rad(150.0)
ANTENNA_LIMIT_RAD = np.deg2rad(100.0)

# Pose coordinates, in this order.
ROLL, PITCH, YAW, X, Y, Z, BODY, RIGHT, LEFT = range(9)

_LOW = np.array([[p.low for p in t.params] + [0.0] * (NUM_PARAMS - len(t.params)) for t in TOOLS])
_HIGH = np.array([[p.high for p in t.params] + [0.0] * (NUM_PARAMS - len(t.params)) for t in TOOLS])
_SCALE = {"deg": np.pi / 180.0, "deg/s": np.pi / 180.0, "mm": 1e-3}
_UNIT = np.array(
    [[_SCALE.get(p.unit, 1.0) for p in t.params] + [1.0] * (NUM_PARAMS - len(t.params)) for t in TOOLS]
)
TICKS: Int = np.array([tool.ticks for tool in TOOLS], np.int64)
"""(20,) duration of each tool in ticks."""


_STILL = [TOOL_INDEX[name] for name in ("wait", "run_made", "take_photo", "say")]
"""Tools without a motion of their own; what `run_made` plays comes from its program."""


def physical_params(tool: Int, params: F64) -> F64:
    """(n, 4) raw numbers, clipped to [-1, 1] -> SI units of each row's tool; unused ones are 0."""
    share = (np.clip(params, -1.0, 1.0) + 1.0) * 0.5
    return np.asarray((_LOW[tool] + share * (_HIGH[tool] - _LOW[tool])) * _UNIT[tool])


def pose_of(joints: F64) -> F64:
    """Joints (n, 9) rad -> pose coordinates (n, 9): roll pitch yaw x y z body right left."""
    position, R = forward(joints)
    return np.concatenate([matrix_to_rpy(R), position, joints[:, [0, 7, 8]]], axis=1)


def joints_of(pose: F64) -> F64:
    """Pose coordinates (n, 9) -> joints (n, 9) rad; NaN in the cranks where the pose cannot be reached."""
    cranks = inverse(pose[:, X : Z + 1], pose[:, ROLL : YAW + 1], pose[:, BODY])
    return np.concatenate([pose[:, [BODY]], cranks, pose[:, RIGHT:]], axis=1)


def start_pose(spec: TaskSpec) -> F64:
    """(9,) pose coordinates of a task's start pose."""
    return np.array([*spec.start_head_rpy, 0.0, 0.0, 0.0, spec.start_body_yaw, *spec.start_antennas])


def plan(tool: Int, params: F64, start: F64) -> F64:
    """Setpoints for one decision of each row.

    Args:
        tool: (n,) index into `TOOLS`.
        params: (n, 4) raw parameters, any real numbers; clipped to [-1, 1].
        start: (n, 9) rad, the joints emitted last.

    Returns:
        (n, MAX_TICKS, 9) rad; rows after a tool's own end repeat its last one. Always finite: where a pose
        cannot be reached (possible only when `start` itself is outside the envelope) the last reachable
        setpoint stays.
    """
    tool = np.asarray(tool, np.int64)
    start = np.asarray(start, np.float64)
    n = len(tool)
    origin = pose_of(start)
    lost = ~np.isfinite(origin).all(axis=1)
    origin[lost] = 0.0
    physical = physical_params(tool, np.asarray(params, np.float64))
    goal, offset = _goals(tool, physical, origin)
    ticks = TICKS[tool][:, None]
    phase = np.minimum(np.arange(1, MAX_TICKS + 1)[None, :], ticks) / ticks
    path = (
        origin[:, None, :]
        + min_jerk(phase)[..., None] * (goal - origin)[:, None, :]
        + _wave(tool, physical, phase)[..., None] * _fit(origin, offset)[:, None, :]
    )
    tracking = np.flatnonzero(tool == TOOL_INDEX["track"])
    if len(tracking):
        path[tracking] = _pursue(physical[tracking], origin[tracking], goal[tracking], phase[tracking])
    setpoints = joints_of(path.reshape(-1, 9)).reshape(n, MAX_TICKS, NUM_JOINTS)
    still = np.isin(tool, _STILL)
    setpoints[still | lost] = start[still | lost, None, :]
    bad: NDArray[np.bool_] = np.asarray(~np.isfinite(setpoints).all(axis=2), np.bool_)
    if bad.any():
        _hold_last_good(setpoints, bad, start)
    return setpoints


def _goals(tool: Int, p: F64, origin: F64) -> tuple[F64, F64]:
    """Goal pose (n, 9) of the tools that go somewhere, and waveform offset (n, 9) of those that come back."""
    goal, offset = origin.copy(), np.zeros_like(origin)

    def rows(name: str) -> Int:
        return np.flatnonzero(tool == TOOL_INDEX[name])

    for name in ("look", "track"):
        at = rows(name)
        if len(at):
            goal[at] = _look(origin[at], p[at, 0], p[at, 1])
    for name, axes in (
        ("turn_head", (YAW,)),
        ("pitch_head", (PITCH,)),
        ("roll_head", (ROLL,)),
        ("move_head", (X, Y, Z)),
    ):
        at = rows(name)
        for i, axis in enumerate(axes):
            goal[at, axis] += p[at, i]
    at = rows("turn_body")
    for axis in (BODY, YAW):
        goal[at, axis] += p[at, 0]
    at = rows("set_antennas")
    goal[at, RIGHT] = p[at, 0]
    goal[at, LEFT] = p[at, 1]
    goal[rows("go_home")] = 0.0
    for name, shape in _WAVEFORMS.items():
        at = rows(name)
        for axis, sign in shape:
            offset[at, axis] = sign * p[at, 0]

    return _drawn_in(goal), offset


def _drawn_in(goal: F64) -> F64:
    """Poses (n, 9) inside the ranges of body and antennas, and inside the envelope; overwritten."""
    goal[:, BODY] = np.clip(goal[:, BODY], -BODY_YAW_LIMIT_RAD, BODY_YAW_LIMIT_RAD)
    goal[:, RIGHT:] = np.clip(goal[:, RIGHT:], -ANTENNA_LIMIT_RAD, ANTENNA_LIMIT_RAD)
    goal[:, X : Z + 1], goal[:, ROLL : YAW + 1], _ = clamp_pose(
        goal[:, X : Z + 1], goal[:, ROLL : YAW + 1], goal[:, BODY]
    )
    return goal


_WAVEFORMS: dict[str, tuple[tuple[int, float], ...]] = {
    "nod": ((PITCH, 1.0),),
    "shake": ((YAW, 1.0),),
    "wobble": ((ROLL, 1.0),),
    "bob": ((Z, -1.0),),
    "sway": ((BODY, 1.0), (YAW, 1.0)),
    "wave_antennas": ((RIGHT, 1.0), (LEFT, -1.0)),
    "scan": ((YAW, 1.0),),
}
"""Axes that a returning tool moves by its first parameter, each with its sign."""
_OSCILLATES = np.array([t.gesture for t in TOOLS])


def _look(origin: F64, u: F64, v: F64) -> F64:
    """The pose that points the camera along the ray through image point (u, v) of the pose `origin`."""
    R = rpy_to_matrix(origin[:, ROLL : YAW + 1])
    ray = np.stack([np.ones_like(u), -u * HALF_TAN_U, -v * HALF_TAN_V], axis=1)
    ray /= np.linalg.norm(ray, axis=1, keepdims=True)
    point = np.einsum("nij,nj->ni", R, CAMERA_OFFSET_M + GAZE_DISTANCE_M * ray)
    goal = origin.copy()
    goal[:, ROLL] = 0.0
    lens = np.einsum("nij,j->ni", R, CAMERA_OFFSET_M)
    for _ in range(4):  # the lens moves with the head: each round shrinks the error tenfold
        to = point - lens
        goal[:, YAW] = np.arctan2(to[:, 1], to[:, 0])
        goal[:, PITCH] = np.arctan2(-to[:, 2], np.hypot(to[:, 0], to[:, 1]))
        lens = np.einsum("nij,j->ni", rpy_to_matrix(goal[:, ROLL : YAW + 1]), CAMERA_OFFSET_M)
    # Continuous with where the head is, not across the seam behind it.
    turn = np.remainder(goal[:, YAW] - origin[:, YAW] + np.pi, 2.0 * np.pi) - np.pi
    goal[:, YAW] = origin[:, YAW] + turn
    return _followed(goal)


def _followed(goal: F64) -> F64:
    """The body takes what exceeds `FOLLOW_RAD` of yaw between it and the head, as far as it can at once."""
    relative = goal[:, YAW] - goal[:, BODY]
    excess = relative - np.clip(relative, -FOLLOW_RAD, FOLLOW_RAD)
    goal[:, BODY] += np.clip(excess, -FOLLOW_STEP_RAD, FOLLOW_STEP_RAD)
    return goal


def _pursue(p: F64, origin: F64, caught: F64, phase: F64) -> F64:
    """(n, ticks, 9): the gaze catches up with an image point within `CATCH_UP` of the time, while it goes
    along at an even rate all the time.

    A mean of three poses inside the envelope at every moment, as catching up is ahead of going along.
    """
    way = TICKS[TOOL_INDEX["track"]] * TICK_S * p[:, 2:4]
    end = caught.copy()
    end[:, YAW] -= way[:, 0]
    end[:, PITCH] += way[:, 1]
    end = _drawn_in(_followed(end))
    catching = min_jerk(np.minimum(phase / CATCH_UP, 1.0))[..., None]
    going = even(phase)[..., None]
    return np.asarray(
        origin[:, None] + catching * (caught - origin)[:, None] + going * (end - caught)[:, None]
    )


def _fit(origin: F64, offset: F64) -> F64:
    """Shrink offsets so that origin +- offset is inside the envelope: all of it, or what share fits."""
    moved = np.flatnonzero(offset[:, :6].any(axis=1))
    if len(moved) == 0:
        return offset
    shares = np.linspace(1.0, 0.0, 21)
    poses = origin[moved, None, None, :] + (
        shares[None, :, None, None]
        * np.array([1.0, -1.0])[None, None, :, None]
        * offset[moved, None, None, :]
    )
    flat = poses.reshape(-1, 9)
    norm = POSE_LIMITS.norm(flat[:, X : Z + 1], flat[:, ROLL : YAW + 1], flat[:, BODY])
    fits: NDArray[np.bool_] = np.asarray(norm.reshape(len(moved), len(shares), 2) <= 1.0, np.bool_)
    inside: NDArray[np.bool_] = np.asarray(fits.all(axis=2), np.bool_)
    share = np.where(inside.any(axis=1), shares[inside.argmax(axis=1)], 0.0)
    fitted = offset.copy()
    fitted[moved] *= share[:, None]
    return fitted


def _wave(tool: Int, p: F64, phase: F64) -> F64:
    """(n, ticks) waveform of the returning tools, 0 at both ends: an oscillation, or one slow bump."""
    fade = min_jerk(np.clip(phase / ENVELOPE_SHARE, 0.0, 1.0)) * min_jerk(
        np.clip((1.0 - phase) / ENVELOPE_SHARE, 0.0, 1.0)
    )
    oscillation = fade * np.sin(2.0 * np.pi * p[:, 1:2] * phase)
    bump = min_jerk(np.clip(phase / 0.4, 0.0, 1.0)) * min_jerk(np.clip((1.0 - phase) / 0.4, 0.0, 1.0))
    return np.where(_OSCILLATES[tool][:, None], oscillation, bump)


def _hold_last_good(setpoints: F64, bad: NDArray[np.bool_], start: F64) -> None:
    """Replace unreachable setpoints by the last reachable one before them."""
    for i in np.flatnonzero(bad.any(axis=1)):
        last = start[i]
        for t in range(setpoints.shape[1]):
            if bad[i, t]:
                setpoints[i, t] = last
            last = setpoints[i, t]
