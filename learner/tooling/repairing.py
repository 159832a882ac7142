"""The smallest edit that makes a failing program pass: the error names the place, some edits are tried there.

Edits are searched cheapest first. An edit costs 1, and more the further it moves a number; simulation is
asked only where reading and bounds are content.
"""

from __future__ import annotations

import heapq
import itertools
import json
from dataclasses import dataclass
from typing import Any

from learner.tooling.edits import edits_for
from learner.tooling.validation import Report, validate
from shared.control.program_bounds import check
from shared.control.programs import Library
from shared.errors import ProgramError
from shared.program_reading import from_data
from shared.programs import Program

MAX_TRIALS = 14
"""Simulations that one repair may take."""
MAX_LOOKS = 400
"""Programs that one repair may look at."""


@dataclass(frozen=True)
class Repaired:
    """A program that passes, and what was done to it."""

    program: Program
    report: Report
    edits: tuple[str, ...]
    cost: float


def repair(data: Any, library: Library | None = None) -> Repaired | str:
    """The cheapest edited version that passes its trial; why there is none, if so.

    Args:
        data: a program as JSON data; it need not even be well-formed.
        library: made tools by digest.
    """
    library = library or {}
    order = itertools.count()
    queue: list[tuple[float, int, tuple[str, ...], Any]] = [(0.0, next(order), (), data)]
    seen: set[str] = set()
    trials, first = 0, ""
    for _ in range(MAX_LOOKS):
        if not queue:
            break
        cost, _, edits, now = heapq.heappop(queue)
        key = json.dumps(now, sort_keys=True, default=str)
        if key in seen:
            continue
        seen.add(key)
        try:
            program = from_data(now)
            check(program, library)
        except ProgramError as error:
            problem = str(error)
        else:
            if trials >= MAX_TRIALS:
                break
            trials += 1
            report = validate(program, library)
            if report.passed:
                return Repaired(program, report, edits, cost)
            problem = report.reason
        first = first or problem
        if len(edits) < 4:
            for price, said, after in edits_for(now, problem, library):
                heapq.heappush(queue, (cost + price, next(order), (*edits, said), after))
    return f"no small edit makes it pass; it fails with: {first}"
