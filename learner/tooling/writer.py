"""From words to a tool that passed its trial: refuse, read, propose, search in simulation, try.

The grammar says what kind of motion; how large and how fast it can be is found by playing candidates in
MuJoCo, nearest to what was asked first. Nothing leaves here that has not passed `validate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from learner.tooling import assembly
from learner.tooling.changing import changed
from learner.tooling.primitives import piece
from learner.tooling.refusing import reason_to_refuse
from learner.tooling.simulate import perform
from learner.tooling.validation import Report, starts, validate
from learner.tooling.words import Change, Wishes, read
from shared.control import motions
from shared.control.programs import AXIS, Library
from shared.errors import ProgramError
from shared.programs import AXES, Program

SCALES: tuple[tuple[float, float], ...] = (
    (1.0, 1.0),
    (1.0, 1.15),
    (0.9, 1.0),
    (1.0, 1.35),
    (0.85, 1.15),
    (0.75, 1.0),
    (0.7, 1.35),
    (1.0, 1.8),
    (0.55, 1.6),
)
"""Sizes and durations that are tried, relative to what was asked."""
_LAG_COST_PER_DEG = 0.01
"""What a degree of lag behind the setpoints counts, beside the logarithm of a change of size or tempo."""

AIMED = ("tilt", "look", "turn_body", "slide")
"""Kinds whose amount is where the head or body shall end."""
_MOST_CORRECTED = 1.3

NOTHING_TO_CHANGE = "there is no tool yet that this could change; ask for a motion first"
NOT_UNDERSTOOD = (
    "I do not know that motion; try for example: nod twice, shake your head, tilt your head diagonally, "
    "look left by 20 "
    "degrees, draw a circle with your nose, wave your antennas, look surprised, nod and then look up, slower"
)


@dataclass(frozen=True)
class Made:
    """A tool that passed its trial."""

    program: Program
    report: Report
    tried: int
    """Candidates that were tried in the search."""


@dataclass(frozen=True)
class Refused:
    """No, and why."""

    reason: str


@dataclass(frozen=True)
class Unclear:
    """Not understood, or not possible as asked; says what would help."""

    reason: str


Answer = Made | Refused | Unclear
Candidate = Callable[[float, float], Program]
"""Size and tempo, relative to what was asked -> a program."""


def write(request: str, last: Program | None = None, library: Library | None = None) -> Answer:
    """The tool for a request.

    Args:
        request: what somebody said.
        last: the tool made last, which "slower" and the like are about.
        library: made tools by digest, for a `last` that calls some.
    """
    reason = reason_to_refuse(request)
    if reason:
        return Refused(reason)
    reading = read(request)
    if reading is None:
        return Unclear(NOT_UNDERSTOOD)
    if isinstance(reading, Change):
        if last is None:
            return Unclear(NOTHING_TO_CHANGE)
        return _changed(last, reading, request, library or {})
    return _new(reading, request)


def _new(wishes: Wishes, request: str) -> Answer:
    try:
        wishes = _aimed(wishes)
    except ProgramError as error:
        return Refused(str(error))

    def candidate(size: float, tempo: float) -> Program:
        groups = [[piece(wish, size, tempo) for wish in group] for group in wishes.groups]
        return assembly.program(assembly.in_sequence([assembly.in_parallel(g) for g in groups]), request)

    try:
        candidate(1.0, 1.0)
    except ProgramError as error:
        numbers = any(w.amount is not None or w.count is not None for group in wishes.groups for w in group)
        return Refused(str(error)) if numbers else Unclear(str(error))
    return search(candidate, {})


def _aimed(wishes: Wishes) -> Wishes:
    """Amounts corrected for what friction keeps from the body: played once, and set right by what was missed.

    Raises:
        ProgramError: more was asked for than the robot can do.
    """
    groups = []
    for group in wishes.groups:
        aimed = []
        for wish in group:
            made = piece(wish)
            axis = next(iter(made.steps[-1].get("move", {})), "")
            if wish.amount and wish.kind in AIMED:
                program = assembly.program(made, "")
                run = perform(program, [({}, starts()[0])])[0]
                pose = motions.pose_of(run.joints[-1:])[0, AXIS[axis]]
                reached = abs(pose) * (1e3 if AXES[axis][0] == "mm" else 180.0 / math.pi)
                share = min(max(wish.amount / max(reached, 1e-6), 1.0), _MOST_CORRECTED)
                wish = replace(wish, amount=min(wish.amount * share, AXES[axis][2], -AXES[axis][1]))  # noqa: PLW2901
            aimed.append(wish)
        groups.append(tuple(aimed))
    return Wishes(tuple(groups))


def _changed(last: Program, change: Change, request: str, library: Library) -> Answer:
    def candidate(size: float, tempo: float) -> Program:
        # Towards no change at all: what is left of a wish that goes too far.
        eased = Change(
            change.tempo ** (1.0 / tempo) if change.tempo < 1.0 else change.tempo,
            change.size**size if change.size > 1.0 else change.size,
            change.more,
            change.mirror,
        )
        return changed(last, eased, f"{last.description}, {request}"[-200:])

    try:
        candidate(1.0, 1.0)
    except ProgramError as error:
        if change.size == 1.0:
            return Unclear(str(error))
    return search(candidate, library)


def search(candidate: Candidate, library: Library) -> Answer:
    """The candidate nearest to what was asked that passes its trial; one that the body follows closely counts
    as nearer."""
    best: tuple[float, Program, Report] | None = None
    tried, why, seen = 0, "", set[str]()
    for size, tempo in SCALES:
        distance = abs(math.log(size)) + abs(math.log(tempo))
        if best is not None and distance >= best[0]:
            continue
        try:
            program = candidate(size, tempo)
        except ProgramError as error:
            why = why or str(error)
            continue
        if program.digest in seen:
            continue
        seen.add(program.digest)
        tried += 1
        report = validate(program, library)
        why = why or report.reason
        if report.passed:
            cost = distance + _LAG_COST_PER_DEG * report.figures["tracking_deg"]
            if best is None or cost < best[0]:
                best = (cost, program, report)
    if best is None:
        return Refused(f"no version of it passes in simulation: {why}")
    return Made(best[1], best[2], tried)
