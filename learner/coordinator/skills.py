"""Missing skills of a plan: the tool maker is asked for each, and what it makes takes the request's place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from learner.coordinator.goals import Cannot, Goal, Made, Make, Plan
from learner.tooling import writer
from learner.tooling.writer import Answer
from shared.programs import Program

Ask = Callable[[str], Answer]
"""A request in words -> a tool that passed its trial, or why there is none; `writer.write` is one."""


@dataclass(frozen=True)
class Ready:
    """A plan that can be played."""

    plan: Plan
    programs: Mapping[str, Program] = field(default_factory=dict)
    """Programs of its made tools by digest; each passed its trial."""
    new: Mapping[str, writer.Made] = field(default_factory=dict)
    """Tools that were made for this plan, by request."""


def supply(plan: Plan, known: Mapping[str, Program], ask: Ask = writer.write) -> Ready:
    """The plan with every request for a tool answered.

    Args:
        plan: of a planner.
        known: made tools by name: the versions that count.
        ask: who makes new ones.
    """
    goals: list[Goal] = []
    programs: dict[str, Program] = {}
    new: dict[str, writer.Made] = {}
    for goal in plan.goals:
        made = goal
        if isinstance(goal, Make):
            made = _answer(goal, ask, programs, new)
        elif isinstance(goal, Made):
            made = _pinned(goal, known, programs)
        goals.append(made)
    return Ready(Plan(tuple(goals), plan.how), programs, new)


def _answer(goal: Make, ask: Ask, programs: dict[str, Program], new: dict[str, writer.Made]) -> Made | Cannot:
    answer = new.get(goal.request) or ask(goal.request)
    if not isinstance(answer, writer.Made):
        return Cannot(answer.reason)
    new[goal.request] = answer
    programs[answer.program.digest] = answer.program
    return Made(answer.program.name, answer.program.digest)


def _pinned(goal: Made, known: Mapping[str, Program], programs: dict[str, Program]) -> Made | Cannot:
    program = known.get(goal.name)
    if program is None:
        return Cannot(f"there is no made tool {goal.name!r:.60}")
    programs[program.digest] = program
    return Made(goal.name, program.digest, goal.times)
