"""Made tools that play other made tools, one after the other or at once, pinned by digest."""

from __future__ import annotations

from collections.abc import Sequence

from shared.control.program_bounds import check
from shared.control.programs import Library
from shared.program_reading import from_data
from shared.programs import FORMAT, Program


def compose(name: str, parts: Sequence[Program], library: Library, *, at_once: bool = False) -> Program:
    """A program that plays the parts with their default parameters.

    Args:
        name: of the new tool.
        parts: two or more; at most three at once.
        library: what the parts call, by digest.
        at_once: all together, where they move different axes; otherwise in sequence.

    Raises:
        ProgramError: two parts move the same axis at once, it takes too long, calls go too deep, or a tool
            would play itself.
    """
    calls = [{"play": part.name, "digest": part.digest, "args": {}} for part in parts]
    steps = [{"together": [[call] for call in calls]}] if at_once else calls
    how = " with " if at_once else ", then "
    description = how.join(part.name for part in parts)[:200]
    made = from_data(
        {
            "format": FORMAT,
            "name": name,
            "description": description,
            "params": [],
            "start": {},
            "steps": steps,
        }
    )
    check(made, {**library, **{part.digest: part for part in parts}})
    return made
