"""What a language's file holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
    more: Mapping[str, tuple[Family, ...]] = field(default_factory=dict)
    """Wordings that are only trained on: by the keys of `opinions`, and "verdict", "command", "description",
    "stop", "bait", "mocking", "negated good", "negated poor", "negated awful"."""


def read_families(path: Path) -> dict[str, tuple[Family, ...]]:
    """Families from a text file: `[what they say]`, then one a line; `#` begins a comment.

    Raises:
        ValueError: a family before the first heading, or a heading twice; names the line.
    """
    found: dict[str, list[Family]] = {}
    says = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("[") and text.endswith("]"):
            says = text[1:-1]
            if says in found:
                raise ValueError(f"{path.name}, line {number}: [{says}] stands there twice")
            found[says] = []
        elif not says:
            raise ValueError(f"{path.name}, line {number}: no [heading] before {text!r}")
        else:
            found[says].append(text)
    return {says: tuple(given) for says, given in found.items()}
