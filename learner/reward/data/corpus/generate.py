"""The whole corpus from a seed: same seed, same bytes.

The test is drawn first, then validation, then training; what would be a copy of an earlier split's text is
dropped, so nothing crosses over (`learner.reward.data.split` checks it again).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeVar

import numpy as np

from learner.reward.data.corpus import rules, styles
from learner.reward.data.corpus.grammar import Said, Speaker, phrasebook, reweighed
from learner.reward.data.corpus.languages import ENGLISH, FOREIGN
from learner.reward.data.corpus.raters import Panel
from learner.reward.data.corpus.scenes import Scene, draw_scene
from learner.reward.data.corpus.tasks import TASK_NAMES
from learner.reward.data.example import SPLITS, Example, Split
from learner.reward.data.split import SHARES, Known
from learner.reward.encoding import describe
from learner.reward.model import Kind
from shared.errors import ConfigError
from shared.tools import TOOLS

CORPUS_SEED = 20
SIZE = 16000
"""English examples; other languages come on top."""
SMALLEST = 500
KINDS_SHARE: dict[Kind, float] = {"evaluative": 0.76, "command": 0.1, "description": 0.09, "stop": 0.05}
MANNERS_SHARE = {"": 0.48, "negated": 0.08, "hedged": 0.1, "mixed": 0.19, "irony": 0.12, "baited": 0.03}
"""Of what is evaluative, as drawn; mixed and ironic draws fail more often than others."""
UNSEEN_SHARE = 0.06
"""Remarks about nothing in particular: no context."""
TWIN_SHARE = 0.4
"""How many evaluative texts are said again about another scene, where they are worth something else."""
TWIN_GAP = 0.25
"""By how much at least."""
REPEATS: dict[Split, int] = {"train": 5, "validation": 3, "test": 3}
"""How often the same words may occur (about different scenes)."""
MISHAP_SHARE = 0.8
"""Irony mostly follows what plainly went wrong."""
_SCENES = 12
_TRIES = 400
"""Draws in a row without anything new, after which there is nothing more to say."""

T = TypeVar("T")
Progress = Callable[[int, int], None]


def generate(size: int = SIZE, seed: int = CORPUS_SEED, progress: Progress | None = None) -> list[Example]:
    """English in three splits, then the other languages, which are for the test only.

    Args:
        size: of the English part, 80/10/10.
        seed: everything follows from it.
        progress: told how many of how many are done.

    Raises:
        ConfigError: smaller than `SMALLEST`, or more than the grammar has to say.
    """
    if size < SMALLEST:
        raise ConfigError(f"size {size}: at least {SMALLEST}, or some tool or style would be missing")
    panel = Panel.draw(np.random.default_rng([seed, 0]))
    known = Known()
    parts: dict[Split, list[Example]] = {}
    for number, split in enumerate(reversed(SPLITS), 1):
        rng = np.random.default_rng([seed, number])
        maker = _Maker(split, rng, panel, known)
        count = round(size * SHARES[split])
        made = parts[split] = []
        for example in maker.examples():
            made.append(example)
            if progress and len(made) % 50 == 0:
                progress(sum(map(len, parts.values())), size)
            if len(made) == count:
                break
    foreign = np.random.default_rng([seed, len(SPLITS) + 1])
    return [e for split in SPLITS for e in parts[split]] + list(_foreign(foreign, panel))


class _Maker:
    """Draws the English examples of one split."""

    def __init__(self, split: Split, rng: np.random.Generator, panel: Panel, known: Known) -> None:
        self._split: Split = split
        self._rng = rng
        self._panel = panel
        self._known = known
        self._speaker = Speaker(ENGLISH[split], rng)
        self._styles = {"train": styles.TRAIN, "validation": styles.VALIDATION, "test": styles.TEST}[split]

    def examples(self) -> Iterator[Example]:
        """One after the other, for ever.

        Raises:
            ConfigError: nothing new came of many tries.
        """
        number = failed = 0
        while True:
            task = TASK_NAMES[number % len(TASK_NAMES)]
            # Every third is about a given tool, so that all twenty occur alike.
            tool = TOOLS[number // 3 % len(TOOLS)].name if number % 3 == 0 else None
            made = list(self._one(task, tool))
            failed = 0 if made else failed + 1
            if failed > _TRIES:
                raise ConfigError(
                    f"the grammar has no more to say for {self._split}; ask for a smaller corpus"
                )
            number += bool(made)
            yield from made

    def _one(self, task: str, tool: str | None) -> Iterator[Example]:
        rng = self._rng
        kind: Kind = _draw(rng, KINDS_SHARE)
        manner = _draw(rng, MANNERS_SHARE) if kind == "evaluative" else ""
        scene = self._scene(None if tool else task, tool, mishap=manner == "irony")
        said = self._opinion(manner, scene) if kind == "evaluative" else self._speaker.other(kind)
        if said is None:
            return
        surface = str(rng.choice(self._styles))
        text = said.frame.replace("{said}", styles.STYLES[surface](rng, said.text, said.value))
        style = self._style(said, surface)
        first = self._accept(said, text, style, scene)
        if first is None:
            return
        yield first
        if scene is not None and said.says and said.manner == "" and rng.random() < TWIN_SHARE:
            twin = self._twin(said, scene)
            if twin is not None:
                second = self._accept(twin[0], text, style, twin[1])
                if second is not None:
                    yield second

    def _scene(self, task: str | None, tool: str | None, *, mishap: bool) -> Scene | None:
        rng = self._rng
        if rng.random() < UNSEEN_SHARE:
            return None
        scene = draw_scene(rng, task, tool)
        if mishap and rng.random() < MISHAP_SHARE:
            for _ in range(_SCENES):
                if rules.went_wrong(scene):
                    break
                scene = draw_scene(rng, task, tool)
        return scene

    def _opinion(self, manner: str, scene: Scene | None) -> Said | None:
        if manner == "negated":
            return self._speaker.negation(scene)
        if manner == "mixed":
            return self._speaker.mixed(scene)
        if manner == "irony":
            return self._irony(scene)
        said = self._speaker.opinion(scene)
        if said is not None and manner == "hedged" and said.kind == "evaluative":
            return self._speaker.hedged(said)
        if said is not None and manner == "baited" and said.kind == "evaluative":
            return self._speaker.baited(said)
        return said

    def _irony(self, scene: Scene | None) -> Said | None:
        way = self._rng.random()
        if way < 0.4:
            return self._speaker.mocking()
        return self._praise_for_nothing(scene) if way < 0.65 else self._speaker.deadpan(scene)

    def _praise_for_nothing(self, scene: Scene | None) -> Said | None:
        """The highest praise with a straight face, after what plainly went wrong."""
        if scene is None or not rules.went_wrong(scene):
            return None
        said = self._speaker.opinion(scene, "superb")
        return said and replace(said, manner="deadpan")

    def _style(self, said: Said, surface: str) -> str:
        if self._split != "train":
            return surface
        return said.manner if said.manner and surface in ("plain", "terse") else surface

    def _twin(self, said: Said, scene: Scene) -> tuple[Said, Scene] | None:
        """The same words about another scene in which they are worth something else."""
        for _ in range(12):
            other = draw_scene(self._rng, None, scene.context.tool)
            if (other.wanted, other.seen) != (scene.wanted, scene.seen) and (
                scene.wanted in said.text or scene.seen in said.text
            ):
                continue
            again = reweighed(said, other)
            if again.kind != said.kind or abs(again.value - said.value) >= TWIN_GAP:
                return again, other
        return None

    def _accept(self, said: Said, text: str, style: str, scene: Scene | None) -> Example | None:
        context = None if scene is None else scene.context
        earlier = self._known.same(text)
        if len(earlier) >= REPEATS[self._split] or any(
            e.split != self._split for e in self._known.near(text)
        ):
            return None
        if any(describe(e.context) == describe(context) for e in earlier):
            return None
        evaluative = said.kind == "evaluative"
        ratings = self._panel.rate(said.value, said.unclear, self._rng) if evaluative else ()
        example = Example(
            text=text,
            label=sum(ratings) / len(ratings) if ratings else 0.0,
            source="robot",
            split=self._split,
            kind=said.kind,
            ratings=ratings,
            context=context,
            style=style,
            family=said.family,
            task=scene.ask.task if scene is not None and scene.ask is not None else "",
            synthetic=True,
        )
        self._known.add(example)
        return example


def _draw(rng: np.random.Generator, shares: dict[T, float]) -> T:
    """A key, by its share."""
    keys = list(shares)
    return keys[int(rng.choice(len(keys), p=list(shares.values())))]


def _foreign(rng: np.random.Generator, panel: Panel) -> Iterator[Example]:
    """Every phrase of every other language, each about some scene."""
    for code, language in FOREIGN.items():
        for said, scene in phrasebook(language, rng):
            ratings = panel.rate(said.value, said.unclear, rng) if said.kind == "evaluative" else ()
            yield Example(
                text=said.text,
                label=sum(ratings) / len(ratings) if ratings else 0.0,
                source="robot",
                split="test",
                kind=said.kind,
                ratings=ratings,
                context=scene.context,
                style=f"language-{code}",
                family=f"{code}:{said.family}",
                task=scene.ask.task if scene.ask is not None else "",
                language=code,
                synthetic=True,
            )
