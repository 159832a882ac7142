"""Plays a plan in simulation: each goal is worked at until the watch has seen it reached, or is given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.coordinator.acting import Call, Gaze, Names, Search, call, use
from learner.coordinator.goals import Answer, Goal, Look, Made, Tell, Use
from learner.coordinator.skills import Ready
from learner.coordinator.stage import Stage
from learner.coordinator.telling import Telling, work_at
from learner.coordinator.tracker import Event, Progress, begin, follow, give_up, revise, wanted
from learner.coordinator.watching import Watch
from shared.answers import answer
from shared.programs import Program
from shared.tools import TOOLS

F64 = NDArray[np.float64]

MOST_LOOKS = 20
"""Decisions until an object is found and looked at."""
MOST_TRIES = 2
"""Decisions for each time that something is wanted, beside that."""

Interrupt = Callable[[Progress], Ready | None]
"""Asked before each decision: another command's plan, if somebody has said something."""


@dataclass(frozen=True)
class Performance:
    """How a plan went."""

    progress: Progress
    events: tuple[Event, ...]
    decisions: int


def perform(
    ready: Ready,
    stage: Stage,
    interrupt: Interrupt = lambda _: None,
    library: Mapping[str, Program] | None = None,
) -> Performance:
    """Play a plan to its end.

    Args:
        ready: the plan with its made tools.
        stage: the robot and what is around it.
        interrupt: what is said meanwhile.
        library: made tools by digest, for those that call others.
    """
    watch = Watch([thing.name for thing in stage.objects], stage.points)
    names = Names.of([thing.name for thing in stage.objects])
    programs = {**(library or {}), **ready.programs}
    progress, events, decisions = begin(ready.plan), list[Event](), 0
    work: Gaze | Search | Telling | None = None
    tries = 0
    while (goal := progress.now) is not None:
        if tries >= _most(goal):
            progress, tries, work = give_up(progress), 0, None
            continue
        spoke = ""
        if isinstance(goal, Look | Answer | Tell):
            work = work or work_at(goal, names)
            detections = stage.detections()
            if isinstance(work, Telling):
                made = work.step(detections, stage.head_yaw)
                spoke = answer(made.params, detections, stage.objects) if work.done else ""
            else:
                made = work.step(names.seen(detections))
            joints, head = _with_rest(stage, made)
        elif isinstance(goal, Made):
            joints, head = stage.play(programs[goal.digest], programs)
        else:
            assert isinstance(goal, Use)  # what cannot be done is passed over by the tracker
            joints, head = _with_rest(stage, use(goal))
        decisions, tries = decisions + 1, tries + 1
        happened = watch.follow(joints, head)
        if isinstance(goal, Use | Made):
            happened.append(Event("played", goal.tool if isinstance(goal, Use) else goal.name))
        if spoke:
            happened.append(Event("said", spoke))
        before = progress
        for event in happened:
            progress = follow(progress, event)
        events += happened
        if (said := interrupt(progress)) is not None:
            programs |= said.programs
            progress = revise(progress, said.plan)
        if (progress.at, progress.goals) != (before.at, before.goals):
            tries, work = 0, None
    return Performance(progress, tuple(events), decisions)


def _with_rest(stage: Stage, made: Call) -> tuple[F64, F64]:
    """A tool, and a moment in which the body arrives: the end of a gesture is part of it."""
    joints, head = stage.use(made)
    if not TOOLS[made.tool].gesture:
        return joints, head
    rest = stage.use(call("wait"))
    return np.concatenate([joints, rest[0]]), np.concatenate([head, rest[1]])


def _most(goal: Goal) -> int:
    more = MOST_LOOKS if isinstance(goal, Look | Answer | Tell) else 0
    return more + MOST_TRIES * wanted(goal)
