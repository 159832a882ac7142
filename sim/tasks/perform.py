"""Perform a made tool by the words that it was made from: one that ships, or one that people delivered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.messages import TaskSpec
from shared.programs import Program
from sim.made import library, made_tools
from sim.tasks import bow
from sim.tasks.base import SPLITS, Goal, Phrases, Reward, SceneConfig, Split, Task, draw_names
from sim.tasks.course import GOES_ON, Follower, Found, Seen
from sim.tasks.gestures import GESTURES, NONE
from sim.tasks.likeness import shape, unlikeness

F64 = NDArray[np.float64]

BOWS = bow.PHRASES.train
ALIKE = 0.5
"""A motion that is less unlike a made tool than this was that tool, if none is nearer."""

PHRASES = Phrases(
    train=(
        "{move}",
        "please {move}",
        "{move}, please",
        "can you {move}?",
        "I want you to {move}",
        "go ahead and {move}",
        "now {move}",
        "try to {move}",
        "it is time to {move}",
        "would you {move} for me?",
    ),
    # Written last, as all held-out wordings: nothing was tuned while looking at these.
    held_out=(
        "let me see you {move}",
        "be so kind as to {move}",
        "how about this: {move}",
        "you may {move} now",
    ),
)


def wordings(program: Program) -> list[str]:
    """Everything that is said to have a made tool performed."""
    return [p.format(move=program.description) for split in SPLITS for p in PHRASES.of(split)]


def asked_for() -> dict[int, Program]:
    """Made tools by place, but for the bow: it is a task of its own."""
    return {k: program for k, program in enumerate(made_tools()) if program.description not in BOWS}


@dataclass(frozen=True)
class Performance(Task):
    """Every made tool in as many episodes as any other."""

    def instructions(self) -> tuple[str, ...]:
        """Every wording with every made tool's description."""
        return tuple(text for program in asked_for().values() for text in wordings(program))

    def draw_words(self, rng: np.random.Generator, split: Split, scene: SceneConfig) -> tuple[list[str], str]:
        """Names of the scene's objects, and the wish."""
        chosen = draw_names(rng, split, scene)
        phrases, tools = self.phrases.of(split), list(asked_for().values())
        tool = tools[rng.integers(len(tools))]
        return chosen, phrases[rng.integers(len(phrases))].format(move=tool.description)

    def goals(self, spec: TaskSpec) -> tuple[Goal, ...]:
        """The place of the made tool that is meant.

        Raises:
            ValueError: the instruction is none of this task's.
        """
        for place, program in asked_for().items():
            if spec.instruction in wordings(program):
                return (Goal(made=place),)
        raise ValueError(f"{spec.instruction!r} is no instruction of the task {self.name!r}")

    def course(self, spec: TaskSpec) -> Follower | None:
        """Compares each decision's motion with every made tool."""
        (goal,) = self.goals(spec)
        assert goal.made is not None
        return Likeness(goal.made)


class Likeness:
    """Follows one episode until something is performed."""

    target = None

    def __init__(self, wanted: int) -> None:
        """`wanted`: the place of the tool that is to be performed."""
        self._wanted = wanted
        self._shapes = [_shape(program) for program in made_tools()]

    def follow(self, seen: Seen) -> Found:
        """Success where the motion was the wanted tool's; another one's, or any gesture, fails."""
        off = [unlikeness(seen.channels, wanted) for wanted in self._shapes]
        nearest = int(np.argmin(off))
        if off[nearest] < ALIKE:
            told = f"performed: {made_tools()[nearest].description}"
            return Found(len(seen.channels) - 1, nearest == self._wanted, told)
        done = np.flatnonzero(seen.gestures > NONE)
        if len(done):
            return Found(int(done[0]), False, GESTURES[seen.gestures[done[0]]])
        return GOES_ON


_SHAPES: dict[str, F64] = {}


def _shape(program: Program) -> F64:
    if program.digest not in _SHAPES:
        _SHAPES[program.digest] = shape(program, library())
    return _SHAPES[program.digest]


TASK = Performance(
    name="perform",
    phrases=PHRASES,
    reward=Reward(),
    about=(
        "Do one of the made tools, asked for by the words that it was made from: `draw a circle with your "
        "nose`. The motion is compared with what each made tool's program asks for; the nearest one within "
        "half of what it moves was performed. Another one fails, and so does any gesture."
    ),
    difficulty=2,
    max_decisions=3,
)
