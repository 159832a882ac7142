"""Motion programs -> joint setpoints at 50 Hz: a pure function, the same on the robot and in simulation.

A program is played in pose space as seen from the body. Every step begins and ends at rest, so steps can be
strung together freely. Goals and waves are drawn into the pose envelope, as those of `motions` are; whatever
comes out still passes the guard's limiter.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shared.control import motions
from shared.control.envelope import clamp_pose
from shared.control.limits import LIMITS
from shared.control.motions import ANTENNA_LIMIT_RAD, BODY, BODY_YAW_LIMIT_RAD, RIGHT, ROLL, YAW, X, Y, Z
from shared.control.profiles import even, min_jerk
from shared.errors import ProgramError
from shared.programs import AXES, MAX_SECONDS, Move, Play, Program, Repeat, Step, Together, Tool, Value, Wave
from shared.spaces import NUM_JOINTS, NUM_PARAMS, TICK_S
from shared.tools import TOOL_INDEX, TOOLS

F64 = NDArray[np.float64]
Library = Mapping[str, Program]
"""Made tools by digest."""

MAX_CALLS = 3
"""Made tools inside made tools."""
APPROACH_TICKS = (15, 20, 25, 30, 40, 50, 65, 80, 100, 130, 165, 200)
"""Durations that the way to a start pose may take; the shortest that is gentle is taken."""
_GENTLE = 0.5
"""Share of the limits that counts as gentle."""

AXIS = {name: k for k, name in enumerate(AXES)}
_UNIT: F64 = np.array([1e-3 if unit == "mm" else np.pi / 180.0 for unit, _, _ in AXES.values()])

_HEAD = ("roll", "pitch", "yaw", "x", "y", "z")
TOOL_AXES: dict[str, tuple[str, ...]] = {
    "wait": (),
    "look": ("roll", "pitch", "yaw", "body"),
    "turn_head": ("yaw",),
    "pitch_head": ("pitch",),
    "roll_head": ("roll",),
    "move_head": ("x", "y", "z"),
    "track": ("roll", "pitch", "yaw", "body"),
    "turn_body": ("body", "x", "y"),
    "nod": ("pitch",),
    "shake": ("yaw",),
    "wobble": ("roll",),
    "bob": ("z",),
    "sway": ("body", "x", "y"),
    "wave_antennas": ("right", "left"),
    "set_antennas": ("right", "left"),
    "scan": ("yaw",),
    "go_home": (*_HEAD, "body", "right", "left"),
}
"""Axes, as seen from the body, that each tool moves that a program may use."""


def play(
    program: Program, args: Mapping[str, float], start: F64, library: Library | None = None
) -> tuple[F64, NDArray[np.int64]]:
    """Setpoints of a made tool.

    Args:
        program: what to play. Only a `shared.made_tools.Validated` one may be played outside simulation.
        args: parameters in their units; those left out are at their default.
        start: (n, 9) rad, the joints emitted last, at rest.
        library: the made tools that it calls, by digest.

    Returns:
        Setpoints (n, T, 9) rad, rows after a motion's own end repeating its last one, and (n,) ticks of each.
        Always finite: where a pose cannot be reached, the last reachable setpoint stays.

    Raises:
        ProgramError: an argument is outside its bounds, a called tool is not in the library, or it takes
            longer than `MAX_SECONDS`.
    """
    start = np.asarray(start, np.float64)
    values = program.arguments(args)
    rows = [_one(program, values, joints, library or {}) for joints in start]
    ticks = np.array([len(one) for one in rows], np.int64)
    out = np.empty((len(rows), int(ticks.max(initial=1)), NUM_JOINTS))
    for k, one in enumerate(rows):
        out[k, : len(one)] = one
        out[k, len(one) :] = one[-1]
    return out, ticks


def _one(program: Program, values: Mapping[str, float], joints: F64, library: Library) -> F64:
    here = _seen(motions.pose_of(joints[None]))[0]
    if not np.isfinite(here).all():
        return joints[None].copy()
    path = _Player(library).program(program, values, here, 0)
    if len(path) == 0:
        return joints[None].copy()
    setpoints = motions.joints_of(_based(path))
    last = joints
    for k in np.flatnonzero(~np.isfinite(setpoints).all(axis=1)):
        setpoints[k] = setpoints[k - 1] if k else last
    return setpoints


class _Player:
    """Plays steps into rows of poses (k, 9) as seen from the body: roll pitch yaw x y z body right left."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._budget = round(MAX_SECONDS / TICK_S)

    def program(self, program: Program, args: Mapping[str, float], here: F64, depth: int) -> F64:
        if depth > MAX_CALLS:
            raise ProgramError(f"{program.name}: made tools inside made tools more than {MAX_CALLS} deep")
        base = float(here[BODY])
        rows = self._approach(_goal(here, program.start, args, base), here)
        there = rows[-1] if len(rows) else here
        return np.concatenate([rows, self._steps(program.steps, args, there, base, depth)])

    def _steps(
        self, steps: tuple[Step, ...], args: Mapping[str, float], here: F64, base: float, depth: int
    ) -> F64:
        parts = [np.empty((0, NUM_JOINTS))]
        for step in steps:
            rows = self._step(step, args, here, base, depth)
            parts.append(rows)
            here = rows[-1] if len(rows) else here
        return np.concatenate(parts)

    def _step(self, step: Step, args: Mapping[str, float], here: F64, base: float, depth: int) -> F64:
        if isinstance(step, Move):
            goal = _goal(here, step.to, args, base)
            phase = self._phase(step.seconds.at(args))
            return here + min_jerk(phase)[:, None] * (goal - here)
        if isinstance(step, Wave):
            return self._wave(step, args, here)
        if isinstance(step, Repeat):
            return self._steps(step.steps * step.times, args, here, base, depth)
        if isinstance(step, Together):
            return self._together(step, args, here, base, depth)
        if isinstance(step, Tool):
            return self._tool(step, args, here)
        if isinstance(step, Play):
            child = find(self._library, step)
            inner = child.arguments({name: value.at(args) for name, value in step.args.items()})
            return self.program(child, inner, here, depth + 1)
        return np.repeat(here[None], len(self._phase(step.seconds.at(args))), axis=0)

    def _wave(self, step: Wave, args: Mapping[str, float], here: F64) -> F64:
        turns = even(self._phase(step.seconds.at(args))) * step.cycles.at(args) * 2.0 * np.pi
        rows = np.repeat(here[None], len(turns), axis=0)
        for name, swing in step.axes.items():
            axis, phase = AXIS[name], np.deg2rad(swing.phase_deg)
            size = swing.amplitude.at(args) * _UNIT[axis]
            rows[:, axis] += size * (np.sin(swing.times * turns + phase) - np.sin(phase))
        return _inside(rows)

    def _tool(self, step: Tool, args: Mapping[str, float], here: F64) -> F64:
        index = TOOL_INDEX[step.name]
        tool = TOOLS[index]
        raw = np.zeros((1, NUM_PARAMS))
        for k, param in enumerate(tool.params):
            if param.name in step.args:
                raw[0, k] = param.raw(step.args[param.name].at(args))
        self._spend(tool.ticks)
        rows = motions.plan(np.array([index]), raw, motions.joints_of(_based(here[None])))[0, : tool.ticks]
        seen = _seen(motions.pose_of(rows))
        if not np.isfinite(seen).all():
            raise ProgramError(f"tool {step.name}: cannot be played from the pose that comes before it")
        return seen

    def _together(self, step: Together, args: Mapping[str, float], here: F64, base: float, depth: int) -> F64:
        parts = [self._steps(branch, args, here, base, depth) for branch in step.branches]
        rows = np.repeat(here[None], max(len(part) for part in parts), axis=0)
        for branch, part in zip(step.branches, parts, strict=True):
            if len(part) == 0:
                continue
            own = [AXIS[name] for name in moved_axes(branch, self._library)]
            rows[: len(part), own] = part[:, own]
            rows[len(part) :, own] = part[-1, own]
        return _inside(rows)

    def _approach(self, goal: F64, here: F64) -> F64:
        """The way to a start pose, gentle in every joint; nothing where the robot is there already."""
        if np.abs(goal - here).max() < 1e-9:
            return np.empty((0, NUM_JOINTS))
        rows = np.empty((0, NUM_JOINTS))
        for ticks in APPROACH_TICKS:
            phase = np.arange(1, ticks + 1) / ticks
            rows = here + min_jerk(phase)[:, None] * (goal - here)
            if _gentle(motions.joints_of(_based(np.concatenate([[here] * 3, rows, [goal] * 3])))):
                break
        self._spend(len(rows))
        return rows

    def _phase(self, seconds: float) -> F64:
        ticks = max(round(seconds / TICK_S), 1)
        self._spend(ticks)
        return np.arange(1, ticks + 1) / ticks

    def _spend(self, ticks: int) -> None:
        self._budget -= ticks
        if self._budget < 0:
            raise ProgramError(f"takes longer than {MAX_SECONDS:g} s; use fewer rounds or shorter steps")


def find(library: Library, call: Play) -> Program:
    """The made tool that a step calls.

    Raises:
        ProgramError: it is not in the library.
    """
    child = library.get(call.digest)
    if child is None:
        raise ProgramError(f"made tool {call.name!r} ({call.digest[:12]}) is not in the library")
    return child


def moved_axes(steps: tuple[Step, ...], library: Library, depth: int = 0) -> set[str]:
    """Names of the axes that these steps may move.

    Raises:
        ProgramError: a called tool is not in the library, or calls go deeper than `MAX_CALLS`.
    """
    if depth > MAX_CALLS:
        raise ProgramError(f"made tools inside made tools more than {MAX_CALLS} deep")
    found: set[str] = set()
    for step in steps:
        if isinstance(step, Move):
            found |= step.to.keys()
        elif isinstance(step, Wave):
            found |= step.axes.keys()
        elif isinstance(step, Repeat):
            found |= moved_axes(step.steps, library, depth)
        elif isinstance(step, Together):
            for branch in step.branches:
                found |= moved_axes(branch, library, depth)
        elif isinstance(step, Tool):
            found |= set(TOOL_AXES[step.name])
        elif isinstance(step, Play):
            child = find(library, step)
            found |= child.start.keys() | moved_axes(child.steps, library, depth + 1)
    return found


def _goal(here: F64, to: Mapping[str, Value], args: Mapping[str, float], base: float) -> F64:
    goal = here.copy()
    for name, value in to.items():
        axis = AXIS[name]
        goal[axis] = value.at(args) * _UNIT[axis] + (base if axis == BODY else 0.0)
    return _inside(goal[None])[0] if to else goal


def _inside(rows: F64) -> F64:
    """Poses drawn into the envelope and the ranges of body and antennas."""
    rows = rows.copy()
    rows[:, X : Z + 1], rows[:, ROLL : YAW + 1], _ = clamp_pose(
        rows[:, X : Z + 1], rows[:, ROLL : YAW + 1], np.zeros(len(rows))
    )
    rows[:, BODY] = np.clip(rows[:, BODY], -BODY_YAW_LIMIT_RAD, BODY_YAW_LIMIT_RAD)
    rows[:, RIGHT:] = np.clip(rows[:, RIGHT:], -ANTENNA_LIMIT_RAD, ANTENNA_LIMIT_RAD)
    return rows


def _gentle(joints: F64) -> bool:
    """Whether rows (k, 9) rad stay well inside speed, acceleration and jerk of every joint."""
    tops = (LIMITS.vel, LIMITS.acc, LIMITS.jerk)
    return all(
        bool((np.abs(np.diff(joints, k, axis=0)) <= _GENTLE * top * TICK_S**k).all())
        for k, top in enumerate(tops, start=1)
    )


def _seen(pose: F64) -> F64:
    """Pose coordinates (n, 9) in the base frame -> as seen from the body."""
    seen = pose.copy()
    c, s = np.cos(pose[:, BODY]), np.sin(pose[:, BODY])
    seen[:, YAW] = np.remainder(pose[:, YAW] - pose[:, BODY] + np.pi, 2.0 * np.pi) - np.pi
    seen[:, X], seen[:, Y] = c * pose[:, X] + s * pose[:, Y], c * pose[:, Y] - s * pose[:, X]
    return seen


def _based(seen: F64) -> F64:
    """The inverse of `_seen`."""
    pose = seen.copy()
    c, s = np.cos(seen[:, BODY]), np.sin(seen[:, BODY])
    pose[:, YAW] = seen[:, YAW] + seen[:, BODY]
    pose[:, X], pose[:, Y] = c * seen[:, X] - s * seen[:, Y], s * seen[:, X] + c * seen[:, Y]
    return pose
