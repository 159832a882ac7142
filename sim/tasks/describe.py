"""Say what is there: "what is on the far left?" by name, "is the duck on your left or right?" by side.

The answer is chosen with the tool `say` (`shared.answers`); sides are those of the
robot's foot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shared.messages import TaskSpec
from sim.tasks.base import SCENE, Goal, Phrases, Plan, Reward, SceneConfig, Split, Task, draw_names, wordings

CONFIG = Reward()
CLEARLY_RAD = math.radians(6.0)
"""A thing whose side is asked for is at least this far from straight ahead."""

LEFTMOST = Phrases(
    train=(
        "what is on the far left?",
        "name the thing on the far left",
        "which thing is leftmost?",
        "tell me what you see on the very left",
        "what stands furthest to the left?",
    ),
    # Written last, as all held-out wordings: nothing was tuned while looking at these.
    held_out=("what do you have at the left end?", "say what is at the left edge of the table"),
)
RIGHTMOST = Phrases(
    train=(
        "what is on the far right?",
        "name the thing on the far right",
        "which thing is rightmost?",
        "tell me what you see on the very right",
        "what stands furthest to the right?",
    ),
    held_out=("what do you have at the right end?", "say what is at the right edge of the table"),
)
SIDE = Phrases(
    train=(
        "is the {object} on your left or on your right?",
        "left or right: where is the {object}?",
        "on which side is the {object}?",
        "which side of you is the {object} on?",
        "tell me the side that the {object} is on",
    ),
    held_out=(
        "to your left or to your right, where do you see the {object}?",
        "say which side has the {object}",
    ),
)
PLANS = (
    Plan(LEFTMOST, ("leftmost",)),
    Plan(RIGHTMOST, ("rightmost",)),
    Plan(SIDE, ("side", "{object}")),
)


@dataclass(frozen=True)
class Description(Task):
    """A third of the episodes each asks for the leftmost thing, for the rightmost, and for a side."""

    def draw_words(self, rng: np.random.Generator, split: Split, scene: SceneConfig) -> tuple[list[str], str]:
        """Names of the scene's objects, and the question."""
        chosen = draw_names(rng, split, scene)
        asked = self.plans[rng.integers(len(self.plans))].phrases.of(split)
        return chosen, asked[rng.integers(len(asked))].format(object=chosen[0])

    def reset(self, rng: np.random.Generator, split: Split = "train", scene: SceneConfig = SCENE) -> TaskSpec:
        """As any task; what is asked about has a side, and is not ahead."""
        while True:
            spec = super().reset(rng, split, scene)
            what, *named = self.reading(spec.instruction)
            if what != "side" or abs(_bearings(spec)[named[0]]) >= CLEARLY_RAD:
                return spec

    def goals(self, spec: TaskSpec) -> tuple[Goal, ...]:
        """The right answer.

        Raises:
            ValueError: the instruction is none of this task's, or names what is not in its scene.
        """
        what, *named = self.reading(spec.instruction)
        bearing = _bearings(spec)
        if what == "side":
            if named[0] not in bearing:
                raise ValueError(f"{spec.instruction!r} names what is not in its scene: {named[0]}")
            return (Goal(answer="left" if bearing[named[0]] > 0.0 else "right"),)
        if not bearing:
            raise ValueError(f"{spec.instruction!r} is asked of an empty scene")
        choose = max if what == "leftmost" else min
        return (Goal(answer=choose(bearing, key=bearing.__getitem__)),)


def _bearings(spec: TaskSpec) -> dict[str, float]:
    """Name -> direction [rad] as seen from the middle of the robot, whose foot faces x; left is positive."""
    return {thing.name: math.atan2(thing.position[1], thing.position[0]) for thing in spec.objects}


TASK = Description(
    name="describe",
    phrases=wordings(PLANS),
    reward=CONFIG,
    about=(
        "A question that is answered in words, with the tool `say`: which thing is leftmost or rightmost, by "
        "its name, or on which side a named thing is. Sides are those of the robot's foot, however its body "
        "and head are turned. The first answer counts: a wrong one fails, and so does any gesture. Where the "
        "gaze goes does not matter, but an answer is due within three decisions."
    ),
    difficulty=3,
    max_decisions=3,
    plans=PLANS,
)
