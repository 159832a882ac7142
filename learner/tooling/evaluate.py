"""The tool maker's figures: the corpus by the motion checker, seeded faults repaired, nothing unsafe let out.

The checker sees only what the simulated body measured; the writer knows nothing of it.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from learner.evaluation import wilson
from learner.tooling import corpus
from learner.tooling.checker import Check, meets
from learner.tooling.corpus import Request
from learner.tooling.faults import Fault, seeded
from learner.tooling.measured import Seen
from learner.tooling.repairing import Repaired, repair
from learner.tooling.simulate import perform
from learner.tooling.validation import certify, starts, validate
from learner.tooling.writer import Answer, Made, Refused, write
from shared.errors import ProgramError
from shared.made_tools import Certificate, Validated
from shared.program_reading import from_data
from shared.programs import Program
from shared.signing import KEY_BYTES, SigningKey

REPAIRS = 100
REPAIR_SEED = 5
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Judged:
    """What became of one request."""

    request: Request
    outcome: str
    right: bool
    detail: str
    """What was wrong, or the reason of a refusal."""


def judge(request: Request) -> Judged:
    """Say it to the writer, and see what comes out."""
    programs: list[Program] = []
    answer: Answer | None = None
    for sentence in request.say:
        answer = write(sentence, programs[-1] if programs else None)
        if not isinstance(answer, Made):
            break
        programs.append(answer.program)
    outcome = "made" if isinstance(answer, Made) else "refused" if isinstance(answer, Refused) else "unclear"
    if outcome != request.expect:
        detail = answer.program.name if isinstance(answer, Made) else getattr(answer, "reason", "")
        return Judged(request, outcome, False, f"{outcome} in place of {request.expect}: {detail}")
    if not isinstance(answer, Made):
        return Judged(request, outcome, True, getattr(answer, "reason", ""))
    problem = look(programs, request.check)
    return Judged(request, outcome, not problem, problem)


def look(programs: Sequence[Program], check: Check) -> str:
    """Why the last program's motion is not what the check asks for; "" if it is."""
    start = starts()[int(check.get("from", 0))]
    seen = []
    for program in programs[-2:]:
        run = perform(program, [({}, start)])[0]
        seen.append(Seen.of(run.joints, run.head))
    return meets(check, seen[-1], seen[-2] if len(seen) > 1 else None)


def evaluate(tell: Tell, split: str | None = None, repairs: int = REPAIRS) -> dict[str, Any]:
    """All figures; many minutes on one core.

    Args:
        tell: gets one line for each request that came out wrong.
        split: only this part of the corpus.
        repairs: how many seeded faults to repair.
    """
    began = time.perf_counter()
    judged = []
    for request in corpus.load():
        if split in (None, request.split):
            one = judge(request)
            judged.append(one)
            if not one.right:
                tell(f"{request.split}, {request.kind}: {' // '.join(request.say)!r}: {one.detail}")
    result: dict[str, Any] = {"requests": summary(judged)}
    if repairs:
        faults = seeded(repairs, REPAIR_SEED)
        result["repair"] = repair_figures(faults, tell)
        result["outside"] = outside_figures(faults)
    return {**result, "seconds": round(time.perf_counter() - began, 1)}


def summary(judged: Sequence[Judged]) -> dict[str, Any]:
    """Split -> kind -> how many, how many right, with Wilson's 95 % interval."""
    groups: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for one in judged:
        groups[one.request.split, one.request.kind].append(one.right)
    found: dict[str, Any] = {}
    for (split, kind), rights in sorted(groups.items()):
        found.setdefault(split, {})[kind] = _share(sum(rights), len(rights))
    return found


def repair_figures(faults: Sequence[Fault], tell: Tell) -> dict[str, Any]:
    """How many of these broken programs end up passing, and after how many edits."""
    edits, kinds = [], defaultdict(list)
    broken = 0
    for fault in faults:
        if _passes(fault):
            continue  # the fault did no harm
        broken += 1
        found = repair(fault.data)
        kinds[fault.kind].append(isinstance(found, Repaired))
        if isinstance(found, Repaired):
            edits.append(len(found.edits))
        else:
            tell(f"not repaired, {fault.kind}: {found}")
    return {
        **_share(len(edits), broken),
        "harmless": len(faults) - broken,
        "median_edits": float(np.median(edits)) if edits else 0.0,
        "kinds": {kind: [sum(done), len(done)] for kind, done in sorted(kinds.items())},
    }


def outside_figures(faults: Sequence[Fault]) -> dict[str, int]:
    """Tries to get programs that do not pass out of simulation; `let_out` has to be 0.

    Each is offered with its failed report, with a certificate signed by a key that nobody trusts, and with a
    good certificate of another program.
    """
    key, other = (SigningKey(os.urandom(KEY_BYTES)) for _ in range(2))
    good = faults[0].healthy
    passed = validate(good)
    stolen = certify(good, {}, passed, key).certificate
    tried = let_out = 0
    for fault in faults:
        try:
            program = from_data(fault.data)
        except ProgramError:
            continue  # not even a program: there is nothing to let out
        report = validate(program)
        if report.passed:
            continue
        forged = Certificate.signed(program.digest, passed.figures, other)
        attempts: tuple[Callable[[], object], ...] = (
            lambda p=program, r=report: certify(p, {}, r, key),  # type: ignore[misc]
            lambda p=program, c=forged: Validated(p, {}, c, (key.public,)),  # type: ignore[misc]
            lambda p=program: Validated(p, {}, stolen, (key.public,)),  # type: ignore[misc]
        )
        for attempt in attempts:
            tried += 1
            try:
                attempt()
            except ProgramError:
                continue
            let_out += 1
    return {"tried": tried, "let_out": let_out}


def _passes(fault: Fault) -> bool:
    try:
        return validate(from_data(fault.data)).passed
    except ProgramError:
        return False


def _share(right: int, n: int) -> dict[str, Any]:
    low, high = wilson(right, n)
    return {
        "n": n,
        "right": right,
        "share": round(right / n, 4) if n else None,
        "ci95": [round(low, 3), round(high, 3)],
    }
