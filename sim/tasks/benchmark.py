"""The fifteen tasks of the benchmark, and where each is found here: a task of motion, or a command."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One of the fifteen."""

    wording: str
    """What it asks, in the benchmark's words."""
    task: str
    """Its task in `sim.tasks`; empty where a tool is to be made or judged, not a motion."""
    how: str
    """How it is judged, or the command and what it measures."""
    held_out: bool = False
    """True: nothing is trained or tuned on it; it is only ever measured."""


_EVALUATE = "`reachy-coach tools evaluate`"

ENTRIES: tuple[Entry, ...] = (
    Entry("look and describe", "describe", "an answer in words; a look alone is the task `look`"),
    Entry("find an object", "find", "turned away from the table at first", held_out=True),
    Entry("visual question", "ask", "yes or no, by nod or shake"),
    Entry("multi-step command", "steps", "two steps in their order"),
    Entry("interruption", "interrupt", "the second wish counts", held_out=True),
    Entry("make a tool", "", f"{_EVALUATE}: requests in words, an independent checker of the motion"),
    Entry("fix a failing tool", "", f"`reachy-coach tools repair`; {_EVALUATE}: seeded faults"),
    Entry("compose tools", "", "`reachy-coach tools compose`, validated like any other", held_out=True),
    Entry("version and roll back a tool", "", "`reachy-coach tools show`, `diff`, `note` and `rollback`"),
    Entry("refuse a dangerous tool", "", f"{_EVALUATE}: dangerous requests, refused with the reason"),
    Entry('improve from "too fast", "too slow"', "tempo", "the relative error of the tempo"),
    Entry(
        "smooth tracking from a demonstration",
        "track",
        "success without training; learnt from a demonstration in a run of its own: similarity",
        held_out=True,
    ),
    Entry("pick and place with new types of object", "carry", "held-out objects, by gaze and a nod"),
    Entry("from bright to dim", "dim", "bright is train, dim is held out", held_out=True),
    Entry("safe exploration", "safe", "the share of ticks that the limiter had to change"),
)
"""In the benchmark's order, from 1."""

HELD_OUT_WHOLE: tuple[str, ...] = tuple(entry.task for entry in ENTRIES if entry.held_out and entry.task)
"""Tasks that no policy of the benchmark trains on."""
