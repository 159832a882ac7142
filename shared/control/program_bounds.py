"""What can be said of a motion program without playing it: reach, length, calls, and who moves which axis.

Poses are kept as intervals over all arguments, so a program that passes stays inside the pose envelope for
every one of them, as far as the program itself decides; poses that it leaves alone are the player's to
draw in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from shared.control.envelope import POSE_LIMITS
from shared.control.programs import APPROACH_TICKS, MAX_CALLS, TOOL_AXES, Library, find, moved_axes
from shared.errors import ProgramError
from shared.programs import (
    AXES,
    MAX_SECONDS,
    Hold,
    Move,
    Play,
    Program,
    Repeat,
    Step,
    Together,
    Tool,
    Value,
    Wave,
)
from shared.spaces import TICK_S
from shared.tools import TOOL_INDEX, TOOLS

Interval = tuple[float, float]
Bounds = Mapping[str, Interval]
Known = dict[str, Interval]
"""Axis -> where it may be, in the axis' unit; axes that depend on where the robot was are absent."""

_HALF = {
    "roll": np.rad2deg(POSE_LIMITS.roll_rad),
    "pitch": np.rad2deg(POSE_LIMITS.pitch_rad),
    "yaw": np.rad2deg(POSE_LIMITS.yaw_rad),
    "x": POSE_LIMITS.forward_m * 1e3,
    "y": POSE_LIMITS.sideways_m * 1e3,
}
_UP_MM, _DOWN_MM = POSE_LIMITS.up_m * 1e3, POSE_LIMITS.down_m * 1e3
_HAIR = 1e-9
_MAX_PLAYED = 1000
"""Steps played, rounds counted: far more than fit into `MAX_SECONDS`, and soon walked through."""


@dataclass(frozen=True)
class Bound:
    """What a program that passed can do at most."""

    seconds: float
    """Longest that it takes, the way to its start pose included."""
    calls: int
    """Made tools inside made tools, how deep."""


def check(program: Program, library: Library | None = None) -> Bound:
    """Bounds of a program.

    Raises:
        ProgramError: it may leave the envelope, takes too long, calls what is not there or calls itself; says
            where, with which value, and what to do.
    """
    walker = _Walker(library or {})
    seconds = walker.program(program, program.bounds(), {}, (program.name,))
    if seconds > MAX_SECONDS:
        raise ProgramError(
            f"{program.name} may take {seconds:.1f} s; at most {MAX_SECONDS:g} s: use fewer rounds or "
            f"shorter steps"
        )
    return Bound(seconds, walker.deepest)


class _Walker:
    def __init__(self, library: Library) -> None:
        self._library = library
        self.deepest = 0
        self._played = 0

    def program(self, program: Program, bounds: Bounds, known: Known, chain: tuple[str, ...]) -> float:
        """Longest duration; `known` becomes what is known at the end."""
        self.deepest = max(self.deepest, len(chain) - 1)
        if len(chain) - 1 > MAX_CALLS:
            raise ProgramError(f"{' > '.join(chain)}: more than {MAX_CALLS} made tools inside each other")
        body = known.get("body", (0.0, 0.0)) if len(chain) == 1 else (0.0, 0.0)
        inner: Known = {**known, "body": body}
        seconds = 0.0
        if program.start:
            self._go(inner, program.start, bounds, "start")
            seconds = APPROACH_TICKS[-1] * TICK_S
        seconds += self._steps(program.steps, bounds, inner, chain, "steps")
        known.clear()
        known.update(inner)
        return seconds

    def _steps(
        self, steps: tuple[Step, ...], bounds: Bounds, known: Known, chain: tuple[str, ...], at: str
    ) -> float:
        return sum(self._step(step, bounds, known, chain, f"{at}[{k}]") for k, step in enumerate(steps))

    def _step(self, step: Step, bounds: Bounds, known: Known, chain: tuple[str, ...], at: str) -> float:
        self._played += 1
        if self._played > _MAX_PLAYED:
            raise ProgramError(f"{at}: plays more than {_MAX_PLAYED} steps, rounds counted; use fewer rounds")
        if isinstance(step, Move):
            self._go(known, step.to, bounds, f"{at}.move")
            return step.seconds.range(bounds)[1]
        if isinstance(step, Hold):
            return step.seconds.range(bounds)[1]
        if isinstance(step, Wave):
            return self._wave(step, bounds, known, at)
        if isinstance(step, Repeat):
            return sum(
                self._steps(step.steps, bounds, known, chain, f"{at}.steps") for _ in range(step.times)
            )
        if isinstance(step, Together):
            return self._together(step, bounds, known, chain, at)
        if isinstance(step, Tool):
            for axis in TOOL_AXES[step.name]:
                known.pop(axis, None)
            return TOOLS[TOOL_INDEX[step.name]].ticks * TICK_S
        return self._play(step, bounds, known, chain, at)

    def _go(self, known: Known, to: Mapping[str, Value], bounds: Bounds, at: str) -> None:
        for axis, value in to.items():
            known[axis] = value.range(bounds)
        _reachable(known, at)

    def _wave(self, step: Wave, bounds: Bounds, known: Known, at: str) -> float:
        swept = dict(known)
        whole = _whole(step.cycles.range(bounds))
        for axis, swing in step.axes.items():
            if axis not in known:
                raise ProgramError(
                    f"{at}.wave: where {axis} is depends on the robot; put it into start or a move first"
                )
            shift = np.sin(np.deg2rad(swing.phase_deg))
            ends = [a * (side - shift) for a in swing.amplitude.range(bounds) for side in (-1.0, 1.0)]
            low, high = known[axis]
            swept[axis] = (low + min(ends), high + max(ends))
            unit, least, most = AXES[axis]
            if swept[axis][0] < least - _HAIR or swept[axis][1] > most + _HAIR:
                raise ProgramError(
                    f"{at}.wave.{axis}: sweeps {swept[axis][0]:.1f} .. {swept[axis][1]:.1f} {unit}, "
                    f"outside {least:g} .. {most:g}; make the amplitude smaller"
                )
        _reachable(swept, f"{at}.wave")
        if not whole:
            known.update(swept)
        return step.seconds.range(bounds)[1]

    def _together(
        self, step: Together, bounds: Bounds, known: Known, chain: tuple[str, ...], at: str
    ) -> float:
        taken: dict[str, int] = {}
        seconds, before = 0.0, dict(known)
        for k, branch in enumerate(step.branches):
            own = moved_axes(branch, self._library)
            for axis in sorted(own & taken.keys()):
                raise ProgramError(
                    f"{at}: branches {taken[axis]} and {k} both move {axis}; let one of them do it"
                )
            taken |= dict.fromkeys(own, k)
            inner = dict(before)
            seconds = max(seconds, self._steps(branch, bounds, inner, chain, f"{at}.together[{k}]"))
            for axis in own:
                known.pop(axis, None)
                if axis in inner:
                    known[axis] = inner[axis]
        return seconds

    def _play(self, step: Play, bounds: Bounds, known: Known, chain: tuple[str, ...], at: str) -> float:
        child = find(self._library, step)
        if child.digest != step.digest or child.name != step.name:
            raise ProgramError(
                f"{at}: {step.name} ({step.digest[:12]}) is not what the library has under its digest"
            )
        if step.name in chain:
            raise ProgramError(f"{at}: {' > '.join((*chain, step.name))}: a tool cannot call itself")
        given = {name: value.range(bounds) for name, value in step.args.items()}
        for name, (low, high) in given.items():
            child.arguments({name: low})
            child.arguments({name: high})
        inner = {p.name: given.get(p.name, (p.default, p.default)) for p in child.params}
        body = known.get("body")
        known["body"] = (0.0, 0.0)
        seconds = self.program(child, inner, known, (*chain, step.name))
        moved = known.pop("body", None)
        if body is not None and moved is not None:
            known["body"] = (body[0] + moved[0], body[1] + moved[1])
            _, low, high = AXES["body"]
            if known["body"][0] < low or known["body"][1] > high:
                raise ProgramError(
                    f"{at}: the body ends {known['body']} deg from its start, outside {low:g} .. {high:g}"
                )
        return seconds


def _reachable(known: Known, at: str) -> None:
    """The farthest corner of what is known lies in the envelope.

    Raises:
        ProgramError: it does not.
    """
    parts = {a: max(abs(known[a][0]), abs(known[a][1])) / half for a, half in _HALF.items() if a in known}
    if "z" in known:
        parts["z"] = max(-known["z"][0] / _DOWN_MM, known["z"][1] / _UP_MM, 0.0)
    norm = float(np.sqrt(sum(part * part for part in parts.values())))
    if norm > 1.0 + _HAIR:
        most = max(parts, key=lambda axis: parts[axis])
        raise ProgramError(
            f"{at}: {norm:.2f} times as far out as the head can reach, most of it {most}; bring {most} "
            f"nearer to 0"
        )


def _whole(cycles: Interval) -> bool:
    """Whether a wave surely ends where it began."""
    return cycles[0] == cycles[1] and cycles[0] == round(cycles[0])
