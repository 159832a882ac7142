"""An utterance about one scene: what somebody thinks of it, in words, and what these are worth."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from learner.reward.data.corpus import rules
from learner.reward.data.corpus.languages.language import Family, Language
from learner.reward.data.corpus.scenes import OBJECTS, OPPOSITE, Scene, draw_scene
from learner.reward.model import Kind

Rng = np.random.Generator

NOUNS: dict[str, tuple[str, ...]] = {
    "wait": ("the pause", "that pause"),
    "look": ("the look", "that look"),
    "turn_head": ("the head turn", "that turn"),
    "pitch_head": ("the head tip", "that head movement"),
    "roll_head": ("the tilt", "that head tilt"),
    "move_head": ("the head lift", "that stretch", "the shift", "that little slide", "the lean"),
    "track": ("the tracking", "that pursuit"),
    "turn_body": ("the body turn", "that spin"),
    "nod": ("the nod", "that nod"),
    "shake": ("the head shake", "that shake"),
    "wobble": ("the wobble", "that wobble"),
    "bob": ("the bouncing", "that bob"),
    "sway": ("the dance", "that swaying"),
    "wave_antennas": ("the wave", "that antenna wave"),
    "set_antennas": ("the antenna pose", "that antenna move"),
    "run_made": ("the trick", "that routine", "the new move"),
    "scan": ("the scan", "that look around"),
    "take_photo": ("the photo", "that snapshot"),
    "say": ("the answer", "that reply"),
    "go_home": ("the return to rest", "that reset"),
}
_DEADPAN_CAUSE = 0.65
"""Frequency in `fitting` from which on a scene gives cause for a dry remark."""
_UNCLEAR = frozenset({"meh", "nearly", "finally", "that_way", "again"})


@dataclass(frozen=True)
class Said:
    """An utterance before it gets its style."""

    text: str
    value: float
    """[-1, 1], by the rules."""
    kind: Kind
    family: str
    """Every template family it was made of, joined by "+"."""
    manner: str = ""
    """negated | hedged | mixed | mocking | deadpan | baited; "" = straight."""
    unclear: bool = False
    """People will differ about it."""
    says: str = ""
    """Key of `rules.WORTH`; "" where several things are said, or none."""
    degree: str = "plain"
    frame: str = "{said}"
    """Markup, or an attempt at the model, that is put around the text after its style."""


def fitting(scene: Scene | None) -> dict[str, float]:
    """What somebody who saw this would say, with its relative frequency."""
    if scene is None:
        return dict.fromkeys(
            ("superb", "good", "fine", "meh", "poor", "awful", "smooth", "jerky", "yes", "no"), 1.0
        ) | {
            "fast": 1.0,
            "slow": 1.0,
            "big": 0.5,
            "small": 0.5,
            "better": 0.5,
            "worse": 0.5,
            "charming": 0.5,
            "prompt": 0.5,
        }
    says: dict[str, float] = {}
    if scene.right:
        says |= {"superb": 2, "good": 3, "fine": 2, "meh": 0.7, "smooth": 1.2, "good_act": 1, "prompt": 0.6}
        says |= {"charming": 0.7, "yes": 1.2, "better": 0.7, "finally": 0.8, "encore": 0.7, "nearly": 0.4}
        says |= {
            "again": 0.5,
            "poor": 0.6,
            "awful": 0.3,
            "no": 0.3,
            "jerky": 0.7,
            "late": 0.5,
            "good_pace": 0.4,
        }
        if scene.way_asked and scene.way_gone == scene.way_asked:
            says |= {"good_way": 2.0, "that_way": 1.0}
        if scene.wanted and scene.seen == scene.wanted:
            says |= {"good_object": 1.5, "that_object": 1.5}
    else:
        says |= {"poor": 3, "awful": 2, "meh": 1.2, "nearly": 1.2, "wrong_act": 1, "no": 1.5, "worse": 0.8}
        says |= {
            "finally": 0.5,
            "lacking": 1,
            "late": 0.7,
            "superb": 0.7,
            "good": 0.6,
            "fine": 0.6,
            "jerky": 0.7,
        }
        says |= {"again": 0.5, "yes": 0.3, "smooth": 0.3, "better": 0.3}
        if scene.way_asked and scene.way_gone == OPPOSITE[scene.way_asked]:
            says |= {"wrong_way": 3.0, "that_way": 2.0}
        if scene.wanted and scene.seen and scene.seen != scene.wanted:
            says |= {"wrong_object": 2.5, "that_object": 1.5}
    pace, extent = rules.pace(scene.context), rules.extent(scene.context)
    says |= {"fast": 0.3, "slow": 0.3, "big": 0.3, "small": 0.3}
    if pace == "fast":
        says |= {"fast": 2.0, "wish_slower": 0.8, "scare": 0.5}
    elif pace == "slow":
        says |= {"slow": 1.2, "wish_faster": 0.5}
    else:
        says |= {"good_pace": 1.2}
    if extent == "large":
        says |= {"big": 2.0, "wish_smaller": 0.8}
    elif extent == "small":
        says |= {"small": 1.2, "wish_bigger": 0.5}
    else:
        says |= {"good_size": 1.2}
    return says


class Speaker:
    """Says things in one language."""

    def __init__(self, language: Language, rng: Rng) -> None:
        self._language = language
        self._rng = rng

    def opinion(self, scene: Scene | None, says: str | None = None, degree: str | None = None) -> Said | None:
        """One clause of opinion; None where no wording fits the scene."""
        if says is None:
            frequency = {k: w for k, w in fitting(scene).items() if k in self._language.opinions}
            total = sum(frequency.values())
            says = str(self._rng.choice(list(frequency), p=[w / total for w in frequency.values()]))
        found = self._families(says)
        if not found:
            return None
        name, family = found[int(self._rng.integers(len(found)))]
        adjective = ""
        if "{adj}" in family:
            adjective = self._pick(self._language.adjectives[says])
        return self._said(name, family, says, scene, adjective=adjective, degree=degree)

    def negation(self, scene: Scene | None) -> Said | None:
        """ "not good", "not bad"."""
        pairs = self._language.negations
        at = int(self._rng.integers(len(pairs)))
        says = pairs[at][1]
        name, family = self._language.families(tuple(text for text, _ in pairs), "negated")[at]
        said = self._said(name, family, says, None, adjective="", degree="plain")
        if said is None:
            return None
        text = said.text if scene is None else _fill_it(said.text, scene, self._rng)
        unclear = says not in ("good", "superb")
        return Said(text, rules.negated(rules.WORTH[says]), "evaluative", name, "negated", unclear)

    def other(self, kind: Kind) -> Said:
        """Something that is no opinion."""
        given = {
            "command": self._language.commands,
            "description": self._language.descriptions,
            "stop": self._language.stops,
        }[kind]
        name, family = self._one_of(given, kind)
        return Said(self._things(self._pick(family.split("|"))), 0.0, kind, name)

    def mixed(self, scene: Scene | None) -> Said | None:
        """Two opinions of different sign."""
        first, second = self.opinion(scene), self.opinion(scene)
        if first is None or second is None or first.value * second.value >= 0.0:
            return None
        if first.kind != "evaluative" or second.kind != "evaluative":
            return None
        link = self._pick(self._language.but)
        value = rules.joined(first.value, second.value)
        return Said(
            f"{first.text}{',' if self._rng.random() < 0.5 else ''} {link} {second.text}",
            value,
            "evaluative",
            f"{first.family}+{second.family}",
            "mixed",
            abs(value) < 0.15,
        )

    def hedged(self, said: Said) -> Said:
        """The same, less sure."""
        sentence = said.text.split()[0] in self._language.subjects
        hedge = self._pick([h for h in self._language.hedges if sentence or h.startswith("...")])
        text = f"{said.text}, {hedge[4:]}" if hedge.startswith("...") else f"{hedge} {said.text}"
        return Said(text, rules.hedged(said.value), said.kind, said.family, "hedged", said.unclear)

    def baited(self, said: Said) -> Said:
        """The same with an attempt at the model, or markup, around it: worth the same."""
        name, family = self._one_of(self._language.baits, "bait")
        frame = self._pick(family.split("|"))
        return replace(said, frame=frame, family=f"{said.family}+{name}", says="", manner="baited")

    def mocking(self) -> Said:
        """Praise that nobody could take for praise."""
        name, family = self._one_of(self._language.mocking, "mocking")
        praise = self._pick(self._language.adjectives["superb"])
        text = self._pick(family.split("|")).replace("{praise}", praise)
        return Said(text, rules.mocked(0.9), "evaluative", name, "mocking")

    def deadpan(self, scene: Scene | None) -> Said | None:
        """A dry remark; None where nothing in the scene gives cause for the one drawn."""
        dry = self._language.deadpan
        says = self._pick([*dry, "poor", "poor"])
        if scene is None or fitting(scene).get(says, 0.0) < _DEADPAN_CAUSE:
            return None
        name, family = self._one_of(dry[says], f"deadpan-{says}")
        said = self._said(name, family, says, scene, adjective="", degree="plain")
        return said and replace(said, manner="deadpan", says="")

    def _one_of(self, given: tuple[Family, ...], name: str) -> tuple[str, Family]:
        found = self._language.families(given, name)
        return found[int(self._rng.integers(len(found)))]

    def _families(self, says: str) -> list[tuple[str, Family]]:
        own = self._language.families(self._language.opinions[says], says)
        frames = self._language.families(self._language.verdicts, "verdict")
        if says in rules.VERDICTS and frames and (not own or self._rng.random() < 0.6):
            return frames
        return own

    def _said(
        self, name: str, family: Family, says: str, scene: Scene | None, *, adjective: str, degree: str | None
    ) -> Said | None:
        text = self._pick(family.split("|")).replace("{adj}", adjective)
        slots = self._slots(scene)
        if not slots.keys() >= set(re.findall(r"\{(\w+)\}", text)) - self._language.degrees.keys() - {
            "thing",
            "it",
        }:
            return None
        graded = [slot for slot in self._language.degrees if f"{{{slot}}}" in text]
        chosen = degree or (str(self._rng.choice(list(rules.DEGREE))) if graded else "plain")
        for slot in graded:
            text = text.replace(f"{{{slot}}}", self._pick(self._language.degrees[slot][chosen]))
        for slot, filling in slots.items():
            text = text.replace(f"{{{slot}}}", filling)
        text = self._things(_fill_it(text, scene, self._rng))
        degree = chosen if graded else "plain"
        value, kind, unclear = _weigh(says, degree, scene)
        return Said(" ".join(text.split()), value, kind, name, "", unclear, says, degree)

    def _slots(self, scene: Scene | None) -> Mapping[str, str]:
        if scene is None:
            return {}
        slots = {"object": scene.wanted, "seen": scene.seen, "way": scene.way_asked, "gone": scene.way_gone}
        return {slot: value for slot, value in slots.items() if value}

    def _things(self, text: str) -> str:
        first, second = self._rng.choice(len(OBJECTS), 2, replace=False)
        text = text.replace("{thing}", OBJECTS[first]).replace("{thing2}", OBJECTS[second])
        return text.replace("{side}", "left" if self._rng.random() < 0.5 else "right")

    def _pick(self, options: tuple[str, ...] | list[str]) -> str:
        return options[int(self._rng.integers(len(options)))]


def phrasebook(language: Language, rng: Rng) -> Iterator[tuple[Said, Scene]]:
    """Every wording of a language once, each about a scene that gives cause for it."""
    for says, given in language.opinions.items():
        for i, family in enumerate(given):
            for text in family.split("|"):
                scene = draw_scene(rng)
                while says not in fitting(scene):
                    scene = draw_scene(rng)
                value, kind, unclear = _weigh(says, "plain", scene)
                yield Said(text, value, kind, f"{says}/{i}", "", unclear, says), scene
    others: tuple[tuple[Kind, tuple[Family, ...]], ...] = (
        ("command", language.commands),
        ("description", language.descriptions),
        ("stop", language.stops),
    )
    for kind, given in others:
        for i, family in enumerate(given):
            for text in family.split("|"):
                yield Said(text, 0.0, kind, f"{kind}/{i}"), draw_scene(rng)


def reweighed(said: Said, scene: Scene) -> Said:
    """The same straight words about another scene."""
    value, kind, unclear = _weigh(said.says, said.degree, scene)
    return replace(said, value=value, kind=kind, unclear=unclear)


def _weigh(says: str, degree: str, scene: Scene | None) -> tuple[float, Kind, bool]:
    if says == "again":
        if scene is not None and scene.context.outcome == "success":
            return rules.WORTH["again"], "evaluative", True
        return 0.0, "command", False
    if scene is None:
        return rules.worth_unseen(says, degree), "evaluative", says in _UNCLEAR
    value = rules.worth(says, degree, scene)
    surprising = value * rules.WORTH[says] < 0.0 or abs(value) < 0.7 * abs(
        rules.WORTH[says] * rules.DEGREE[degree]
    )
    return (
        value,
        "evaluative",
        says in _UNCLEAR or (surprising and says not in ("that_object", "wrong_object")),
    )


def _fill_it(text: str, scene: Scene | None, rng: Rng) -> str:
    if "{it}" not in text:
        return text
    nouns = NOUNS[scene.context.tool] if scene is not None else ()
    options = (*nouns, *nouns, "that", "it")
    return text.replace("{it}", options[int(rng.integers(len(options)))])
