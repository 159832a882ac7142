"""A question about what is there: "is there a duck on the table?" Nod for yes, shake the head for no.

What decides is in the observation: how well the best-matching detection fits the instruction. Questions of
left and right take words to answer: `sim.tasks.describe`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.messages import TaskSpec
from sim.tasks.base import Goal, Phrases, Plan, Reward, SceneConfig, Split, Task, draw_names
from sim.tasks.gestures import GESTURES

CONFIG = Reward()

PHRASES = Phrases(
    train=(
        "is there a {object} on the table?",
        "can you see a {object}?",
        "is the {object} there?",
        "do we have a {object} here?",
        "yes or no: is there a {object}?",
        "tell me whether there is a {object}",
        "is a {object} among these things?",
        "I wonder if there is a {object}, is there?",
    ),
    # Written last: nothing was tuned while looking at these.
    held_out=(
        "would you say that there is a {object} here?",
        "any {object} in sight?",
        "have we got a {object}?",
    ),
)


@dataclass(frozen=True)
class Question(Task):
    """The named object stands in half of the scenes."""

    def draw_words(self, rng: np.random.Generator, split: Split, scene: SceneConfig) -> tuple[list[str], str]:
        """Names of the scene's objects, and a question about one of them or about another."""
        *chosen, absent = draw_names(rng, split, scene, extra=1)
        asked = chosen[0] if rng.random() < 0.5 else absent
        wordings = self.phrases.of(split)
        return chosen, wordings[rng.integers(len(wordings))].format(object=asked)

    def goals(self, spec: TaskSpec) -> tuple[Goal, ...]:
        """A nod where the object is there, a shake where it is not."""
        (asked,) = self.reading(spec.instruction)
        there = any(thing.name == asked for thing in spec.objects)
        return (Goal(GESTURES.index("nod" if there else "shake")),)


TASK = Question(
    name="ask",
    phrases=PHRASES,
    reward=CONFIG,
    about=(
        "A question that takes a look at the table: is the named object among the three or four that stand "
        "there? It is in half of the scenes. A nod says yes, a shake of the head no; the wrong one of the "
        "two fails, and so does any other gesture. Where the gaze goes does not matter, but an answer is due "
        "within three decisions."
    ),
    difficulty=3,
    max_decisions=3,
    plans=(Plan(PHRASES, ("{object}",)),),
)
