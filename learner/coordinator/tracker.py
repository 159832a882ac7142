"""Follows a plan's goals by what happens: a pure function from progress and event to progress."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from learner.coordinator.goals import Answer, Cannot, Goal, Look, Made, Make, Plan, Tell, Use
from shared.tools import TOOLS

LOOKED = "looked at the "
"""How the judges of `sim.tasks` begin to tell that the gaze rests on something."""
FOLLOWED_RESTS = 15
"""Rests of 0.4 s in which something has been followed: 6 s."""
_SEEN_AS_GESTURE = frozenset(tool.name for tool in TOOLS if tool.gesture)


@dataclass(frozen=True)
class Event:
    """Something that happened."""

    kind: Literal["gesture", "looked", "played", "said"]
    """Judged on the motion, the first two; `played`: a tool came to its end; `said`: an answer was given."""
    what: str
    """Name of the gesture, object or tool; or the answer."""

    @classmethod
    def told(cls, words: str) -> Event:
        """From a judge's words: `nod`, or `looked at the apple`."""
        if words.startswith(LOOKED):
            return cls("looked", words.removeprefix(LOOKED))
        return cls("gesture", words)


@dataclass(frozen=True)
class Progress:
    """How far a plan has come."""

    goals: tuple[Goal, ...]
    at: int = 0
    """Index of the goal under way; `len(goals)` when all is over."""
    done: int = 0
    """Events of the goal under way so far, of those that it takes."""
    reached: tuple[int, ...] = ()
    """Indices of the goals that were reached."""
    strays: tuple[Event, ...] = ()
    """Gestures that nobody asked for, and rests on objects while another one was to be looked at."""

    @property
    def now(self) -> Goal | None:
        """The goal under way; None when all is over."""
        return self.goals[self.at] if self.at < len(self.goals) else None

    @property
    def left(self) -> tuple[Goal, ...]:
        """What is still to be done, the goal under way first."""
        return self.goals[self.at :]


def begin(plan: Plan) -> Progress:
    """At the first goal that can be worked at."""
    return _past_refusals(Progress(plan.goals))


def follow(progress: Progress, event: Event) -> Progress:
    """What an event makes of it: the goal under way is reached, or nothing, or a stray is noted."""
    goal = progress.now
    if goal is None or not _reaches(goal, event):
        return replace(progress, strays=(*progress.strays, event)) if _stray(progress, event) else progress
    done = progress.done + 1
    if done < wanted(goal):
        return replace(progress, done=done)
    reached = (*progress.reached, progress.at)
    return _past_refusals(replace(progress, at=progress.at + 1, done=0, reached=reached))


def give_up(progress: Progress) -> Progress:
    """Go on without the goal under way; it does not count as reached."""
    if progress.now is None:
        return progress
    return _past_refusals(replace(progress, at=progress.at + 1, done=0))


def revise(progress: Progress, plan: Plan) -> Progress:
    """What another command makes of a plan under way."""
    if plan.how != "append":
        return begin(plan)
    return _past_refusals(replace(progress, goals=progress.goals + plan.goals))


def wanted(goal: Goal) -> int:
    """How many events reach a goal."""
    if isinstance(goal, Look) and goal.follow:
        return FOLLOWED_RESTS * goal.times
    return goal.times if isinstance(goal, Look | Use | Made) else 1


def _past_refusals(progress: Progress) -> Progress:
    while isinstance(progress.now, Cannot | Make):
        progress = replace(progress, at=progress.at + 1, done=0)
    return progress


def _reaches(goal: Goal, event: Event) -> bool:
    if isinstance(goal, Look):
        return event == Event("looked", goal.object)
    if isinstance(goal, Answer):
        return event in (Event("gesture", "nod"), Event("gesture", "shake"))
    if isinstance(goal, Tell):
        return event.kind == "said"
    if isinstance(goal, Made):
        return event == Event("played", goal.name)
    if isinstance(goal, Use):
        kind: Literal["gesture", "played"] = "gesture" if goal.tool in _SEEN_AS_GESTURE else "played"
        return event == Event(kind, goal.tool)
    return False


def _stray(progress: Progress, event: Event) -> bool:
    """What was done already may go on or be done again; looking down and up reads as a bow; and made tools
    may look like any gesture."""
    goals = [progress.goals[i] for i in progress.reached]
    if (
        event.kind in ("played", "said")
        or event.what == "bow"
        or any(_reaches(goal, event) for goal in goals)
    ):
        return False
    if event.kind == "looked":
        return isinstance(progress.now, Look)
    return not isinstance(progress.now, Made) and not any(isinstance(goal, Made) for goal in goals)
