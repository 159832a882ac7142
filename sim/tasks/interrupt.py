"""A change of mind: "look at the apple" ... "no wait, nod instead". The second wish counts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.interruption import as_of
from shared.messages import Change, TaskSpec
from shared.spaces import TICK_S
from sim import phrases
from sim.tasks import look
from sim.tasks.base import (
    SCENE,
    Goal,
    Phrases,
    Plan,
    Reward,
    SceneConfig,
    Split,
    Task,
    named_object,
    wordings,
)
from sim.tasks.course import GOES_ON, Course, Follower, Found, Seen
from sim.tasks.gestures import GESTURES

CONFIG = Reward(progress=0.6)
FIRST, LAST = 1, 3
"""Decisions before which the change may come: in the middle of the first look, or after it."""
KEPT_S = 0.4
"""For so long a dwell on the first object may go on after the change: who is to nod need not look away."""
_KEPT_TICKS = round(KEPT_S / TICK_S)

Bool = NDArray[np.bool_]
Int = NDArray[np.int64]

# Held-out wordings were written last: nothing was tuned while looking at these.
CHANGES = (
    Plan(
        Phrases(
            train=(
                "no wait, nod instead",
                "stop, just nod",
                "never mind, nod your head",
                "hold on, nod please",
                "forget that, nod yes",
            ),
            held_out=("leave it, give me a nod", "on second thoughts, nod"),
        ),
        ("nod",),
    ),
    Plan(
        Phrases(
            train=(
                "no wait, shake your head instead",
                "stop, shake your head",
                "never mind, shake your head no",
                "hold on, shake your head please",
                "forget that, shake your head",
            ),
            held_out=("leave it, give me a head shake", "on second thoughts, shake your head"),
        ),
        ("shake",),
    ),
    Plan(
        Phrases(
            train=(
                "no wait, look at the {object} instead",
                "stop, look at the {object}",
                "no, the {object} please, look at the {object}",
                "I meant the {object}, look at the {object}",
            ),
            held_out=("sorry, the {object} is what I want you to look at", "rather look at the {object}"),
        ),
        ("{object}",),
    ),
)
_SECOND = wordings(CHANGES)


@dataclass(frozen=True)
class Interruption(Task):
    """A look that is called off for a gesture or for a look at something else."""

    def instructions(self) -> tuple[str, ...]:
        """First and second wishes."""
        return super().instructions() + replace(look.TASK, phrases=_SECOND).instructions()

    def reset(self, rng: np.random.Generator, split: Split = "train", scene: SceneConfig = SCENE) -> TaskSpec:
        """Draw one episode, and what is said in its middle."""
        spec = super().reset(rng, split, scene)
        wished = CHANGES[rng.integers(len(CHANGES))].phrases.of(split)
        others = [k for k in range(len(spec.objects)) if k != named_object(spec)]
        other = spec.objects[others[rng.integers(len(others))]].name
        instruction = wished[rng.integers(len(wished))].format(object=other)
        embedding = phrases.embedding(instruction)
        change = Change(
            decision=int(rng.integers(FIRST, LAST + 1)),
            instruction=instruction,
            embedding=embedding,
            tool_match=phrases.tool_match(embedding),
            match=tuple(float(phrases.embedding(thing.name) @ embedding) for thing in spec.objects),
        )
        return replace(spec, changes=(change,))

    def goals(self, spec: TaskSpec) -> tuple[Goal, ...]:
        """What the spec's own words ask for: the first wish, or, `as_of` the change, the second."""
        for plan in CHANGES:
            for split in ("train", "held_out"):
                for phrase in plan.phrases.of(split):
                    if plan.steps[0] in GESTURES and phrase == spec.instruction:
                        return (Goal(GESTURES.index(plan.steps[0])),)
        return (Goal(target=named_object(spec)),)

    def course(self, spec: TaskSpec) -> Follower:
        """Raises ValueError where nothing interrupts."""
        if len(spec.changes) != 1:
            raise ValueError(f"an episode of {self.name!r} has one change, this one {len(spec.changes)}")
        (change,) = spec.changes
        names = [thing.name for thing in spec.objects]
        (before,) = self.goals(spec)
        (after,) = self.goals(as_of(spec, change.decision))
        return CalledOff(before, after, names, change.decision)


class CalledOff:
    """Follows an episode whose first goal is called off before a decision.

    What is done before then counts for nothing, but may not be wrong; to finish it afterwards fails.
    """

    def __init__(self, before: Goal, after: Goal, names: list[str], decision: int) -> None:
        self._names = names
        self._first, self._second = Course((before,), names), Course((after,), names)
        assert before.target is not None
        self._called_off, self._resting = before.target, 0
        self._left = decision

    @property
    def target(self) -> int | None:
        """Index of the object to look at now; None where a gesture is due or the first look is done."""
        return (self._first if self._left > 0 else self._second).target

    def follow(self, seen: Seen) -> Found:
        """Go on by one decision."""
        if self._left > 0:
            self._left -= 1
            found = self._first.follow(seen)
            if found.tick >= 0 and not found.success:
                return found
            return replace(GOES_ON, anew=self._left == 0)
        found = self._second.follow(seen)
        kept = np.flatnonzero(self._rested(seen.dwelt[:, self._called_off]) > _KEPT_TICKS)
        if len(kept) and (found.tick < 0 or kept[0] < found.tick):
            return Found(int(kept[0]), False, f"looked at the {self._names[self._called_off]} all the same")
        return found

    def _rested(self, dwelt: Bool) -> Int:
        """(k,) ticks for which a dwell on the first object has been going on, 0 where none is."""
        t = np.arange(len(dwelt))
        away = np.maximum.accumulate(np.where(dwelt, -1, t))
        rested = np.where(away < 0, self._resting + t + 1, t - away)
        self._resting = int(rested[-1])
        return rested


TASK = Interruption(
    name="interrupt",
    phrases=look.PHRASES,
    reward=CONFIG,
    about=(
        "A look at an object is asked for; before the second, third or fourth decision the instruction "
        "changes to a nod, a shake or a look at another object, and that is what has to be done. Going on to "
        "rest the gaze on the first object for 0.8 s after the change fails, whatever was done before it, "
        "and so do wrong gestures and other objects."
    ),
    difficulty=4,
    bow_fails=False,
    looks=True,
    max_decisions=20,
    then=_SECOND,
)
