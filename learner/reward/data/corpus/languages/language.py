"""What a language's file holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Family = str
"""Wordings of one template, split by "|". Slots: {adj}; {too}, {very}, {quite} (degrees of excess, blame and
praise); {it} (what the robot did); {object}, {way} (asked for); {seen}, {gone} (what it did); {thing},
{thing2}, {side} (anything)."""


@dataclass(frozen=True)
class Language:
    """Families of templates by what they say (keys of `rules.WORTH`), and the small words between them."""

    code: str
    """ISO 639-1."""
    opinions: Mapping[str, tuple[Family, ...]]
    commands: tuple[Family, ...]
    descriptions: tuple[Family, ...]
    stops: tuple[Family, ...]
    verdicts: tuple[Family, ...] = ()
    """Frames around {adj}."""
    adjectives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By verdict, `rules.VERDICTS`."""
    negations: tuple[tuple[Family, str], ...] = ()
    """A negated wording, and which verdict it negates."""
    baits: tuple[Family, ...] = ()
    """Attempts around {said} to talk a model into a reward, or markup: they change nothing."""
    degrees: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Slot -> degree (`rules.DEGREE`) -> words; a slot filled with "" takes its space along."""
    but: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    """First words of whole sentences: a hedge goes before those only."""
    hedges: tuple[str, ...] = ()
    """Before or, where they begin with "...", after."""
    mocking: tuple[Family, ...] = ()
    """Open mockery, around an adjective of high praise, {praise}."""
    deadpan: Mapping[str, tuple[Family, ...]] = field(default_factory=dict)
    """Dry remarks by what is meant (keys of `rules.WORTH`)."""
    part: str = ""
    """Before the number of a family, where a language has several parts: "test-" makes "fast/test-3"."""

    def families(self, given: tuple[Family, ...], name: str) -> list[tuple[str, Family]]:
        """Families with their names."""
        return [(f"{name}/{self.part}{i}", family) for i, family in enumerate(given)]
