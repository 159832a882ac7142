"""A simulated person who says in words what they think of a decision. Synthetic: no figure made with it is
about people.

The wordings are those that the corpus keeps for its test, in styles that no reward model was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from learner.reward.data.corpus.grammar import Said, Speaker
from learner.reward.data.corpus.languages import ENGLISH
from learner.reward.data.corpus.scenes import Scene
from learner.reward.data.corpus.styles import STYLES, TEST
from learner.reward.data.corpus.tasks import Ask
from learner.reward.data.example import Split
from learner.reward.model import Context, Kind
from shared.messages import TaskSpec
from sim.tasks import task_named
from sim.tasks.base import named_object

_TRIES = 20


@dataclass(frozen=True)
class Talk:
    """How talkative somebody is."""

    of_ends: float = 0.6
    """Share of the decisions that end an episode that they say something about."""
    of_others: float = 0.2
    """The same of all other decisions."""
    beside: float = 0.08
    """Share of remarks that are no opinion: a command, talk."""
    mixed: float = 0.1
    """Share of opinions that praise and blame at once."""
    styled: float = 0.7
    """Share of remarks in one of the test styles, which no model was trained on."""


class SpokenRater:
    """Speaks about what it sees; what the task's own reward says it never learns."""

    def __init__(self, rng: np.random.Generator, talk: Talk | None = None, split: Split = "test") -> None:
        self._rng = rng
        self._talk = talk or Talk()
        self._speaker = Speaker(ENGLISH[split], rng)

    def say(self, context: Context, spec: TaskSpec) -> str | None:
        """A remark about a decision, or nothing."""
        talk, rng = self._talk, self._rng
        if rng.random() >= (talk.of_others if context.outcome == "running" else talk.of_ends):
            return None
        scene = scene_of(context, spec)
        if rng.random() < talk.beside:
            kind: Kind = "command" if rng.random() < 0.5 else "description"
            return self._styled(self._speaker.other(kind))
        for _ in range(_TRIES):
            mixed = rng.random() < talk.mixed
            said = self._speaker.mixed(scene) if mixed else self._speaker.opinion(scene)
            if said is not None:
                return self._styled(said)
        return None

    def _styled(self, said: Said) -> str:
        rng = self._rng
        style = str(rng.choice(TEST)) if rng.random() < self._talk.styled else "plain"
        return said.frame.replace("{said}", STYLES[style](rng, said.text, said.value))


def scene_of(context: Context, spec: TaskSpec) -> Scene:
    """What somebody who knows what was asked makes of what they saw: motion and gaze, never the name of the
    tool.

    A gesture is right once it is recognised as the one that was asked for; looking, when the named object is
    in the middle of the view.
    """
    task = task_named(spec.task)
    target = named_object(spec) if task.looks else None
    wanted = spec.objects[target].name if target is not None else ""
    right = context.outcome == "success" or (bool(wanted) and context.gaze_after == wanted)
    ask = Ask(spec.task, spec.instruction, (spec.task,))
    return Scene(context, ask, wanted, context.gaze_after if wanted else "", "", "", right)
