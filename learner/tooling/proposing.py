"""A language model proposes motions that the grammar does not know; the same trial disposes.

The grammar is asked first, and what is refused by rule is never put to a model. Nothing that a model says is
trusted: its answer is read as a program or is none, and one that fails may be mended (`repairing`) but not
excused.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.speakers.speaker import Speaker
from learner.tooling import writer
from learner.tooling.assembly import described
from learner.tooling.repairing import Repaired, repair
from learner.tooling.validation import starts
from learner.tooling.writer import Answer, Made, Unclear
from shared.control.programs import Library, play
from shared.errors import CoachError, ProgramError
from shared.program_reading import load_json
from shared.programs import AXES, MAX_BYTES, Program, to_data
from shared.tools import MOTIONS
from sim.made import shipped

LEAST_MOTION_RAD = np.deg2rad(2.0)
"""Some joint has to move as far as this: standing still is no answer to a wish for a motion."""


def write(
    request: str, last: Program | None = None, library: Library | None = None, *, speaker: Speaker
) -> Answer:
    """The tool for a request: the grammar's, or a mended proposal of `speaker` where the grammar knows none.

    Args:
        request: what somebody said.
        last: the tool made last, which "slower" and the like are about.
        library: made tools by digest.
        speaker: a language model.
    """
    answer = writer.write(request, last, library)
    if answer != Unclear(writer.NOT_UNDERSTOOD):
        return answer
    try:
        return _tried(speaker.say(instructions(), request), request, library or {})
    except CoachError as error:
        return Unclear(f"{writer.NOT_UNDERSTOOD}. A language model was asked, too: {error}")


def instructions() -> str:
    """What a language model is told: the format, the axes with their ranges, the tools, and the programs that
    ship as examples."""
    axes = "; ".join(f"{name} {low:g}..{high:g} {unit}" for name, (unit, low, high) in AXES.items())
    examples = "\n\n".join(
        f"The person says: {program.description}\nJSON: {json.dumps(_plain(to_data(program), program))}"
        for program in shipped()
    )
    return (
        "You write motions for a small desktop robot with a head, a body that turns and two antennas. Answer "
        "with one JSON object and nothing else: a motion program with the keys format (1), name (a-z and _), "
        "description and steps. Each step is one of\n"
        '{"move": {AXIS: NUMBER, ...}, "seconds": S}\n'
        '{"wave": {AXIS: {"amplitude": NUMBER, "phase_deg": NUMBER}, ...}, "cycles": N, "seconds": S}\n'
        '{"hold": S}\n'
        '{"repeat": N, "steps": [...]}\n'
        '{"together": [[...], [...]]} for branches that move different axes\n'
        '{"tool": NAME}\n'
        f"Axes: {axes}; 0 is straight, pitch down, yaw and roll to the left. Tools: {', '.join(MOTIONS)}.\n"
        "Be gentle: about a second for 15 degrees; end where it began. Express things with head, "
        f"body and antennas together. Examples:\n\n{examples}"
    )


def _plain(data: Any, program: Program) -> Any:
    """A program's data with numbers in place of its parameters: shorter, and easier to write."""
    if isinstance(data, list):
        return [_plain(one, program) for one in data]
    if not isinstance(data, dict):
        return data
    if "param" in data:
        return round(data["offset"] + data["scale"] * program.defaults()[data["param"]], 4)
    return {key: _plain(value, program) for key, value in data.items() if key != "params"}


def _same(rows: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    return rows.shape == others.shape and bool(np.allclose(rows, others, atol=1e-4))


def _tried(said: str, request: str, library: Library) -> Made:
    """The tool in an answer, mended where a small edit is enough.

    Raises:
        ProgramError: there is none, or it does not pass.
    """
    raw = said.encode()
    if len(raw) > MAX_BYTES:
        raise ProgramError(f"its answer has {len(raw)} bytes; a program has at most {MAX_BYTES}")
    data = load_json(raw)
    if not isinstance(data, dict):
        raise ProgramError("its answer is no object")
    taken = {one.name for one in (*library.values(), *shipped())}
    name = data.get("name")
    if isinstance(name, str) and name in taken:
        data["name"] = next(new for k in range(2, 10_000) if (new := f"{name[:35]}_{k}") not in taken)
    data["description"] = described(request)
    found = repair(data, library)
    if not isinstance(found, Repaired):
        raise ProgramError(found)
    rows, ticks = play(found.program, {}, starts()[:1], library)
    if any(_same(rows[0, : ticks[0]], play(example, {}, starts()[:1], {})[0][0]) for example in shipped()):
        raise ProgramError("it only repeated an example")
    if np.ptp(rows[0, : ticks[0]], axis=0).max() < LEAST_MOTION_RAD:
        raise ProgramError("what it proposed does not move")
    return Made(found.program, found.report, 1)
