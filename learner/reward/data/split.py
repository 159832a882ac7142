"""Who may be trained on and who is kept for the test; and proof that nothing crosses over."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from learner.reward.data.example import SPLITS, Example, Split
from shared.errors import CoachError

SPLIT_SEED = 0
SHARES: dict[Split, float] = {"train": 0.8, "validation": 0.1, "test": 0.1}
_PUNCTUATION = re.compile(r"[^\w\s]|_")


class LeakError(CoachError):
    """What is trained on and what is tested on are not apart."""


def normalised(text: str) -> str:
    """Lower case, no punctuation, one space between words; symbols alone (emoji) stay as they are."""
    plain = unicodedata.normalize("NFKC", text).lower()
    words = " ".join(_PUNCTUATION.sub(" ", plain).split())
    return words or " ".join(plain.split())


def hashed_split(group: str, seed: int = SPLIT_SEED) -> Split:
    """The split of a group, the same on every machine."""
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    at = int.from_bytes(digest[:8], "big") / 2.0**64
    for split, share in SHARES.items():
        if at < share:
            return split
        at -= share
    return "test"


NEAR = 0.8
"""Share of common words (Jaccard) from which on two texts are copies of one another, ..."""
NEAR_WORDS = 4
"""... if both have at least this many different words; shorter ones must be equal."""


@dataclass(frozen=True)
class Leak:
    """Two examples of different splits that are too much alike."""

    why: str
    a: Example
    b: Example

    def __str__(self) -> str:
        return f"{self.why}: {self.a.split} {self.a.text!r}, {self.b.split} {self.b.text!r}"


class Known:
    """Texts seen so far, to ask for copies of.

    Two sets of words that share at least `NEAR` must share one of the rarest words of each, so only texts
    with a rare word in common are compared (prefix filtering: Chaudhuri et al., ICDE 2006).

    Args:
        examples: in which to count how rare a word is; any fixed order of words gives the same answers.
    """

    def __init__(self, examples: Iterable[Example] = ()) -> None:
        self._count = Counter(word for e in examples for word in set(normalised(e.text).split()))
        self._exact: dict[str, list[Example]] = defaultdict(list)
        self._rare: dict[str, list[tuple[frozenset[str], Example]]] = defaultdict(list)

    def add(self, example: Example) -> None:
        """Remember one."""
        key = normalised(example.text)
        self._exact[key].append(example)
        words = frozenset(key.split())
        if len(words) >= NEAR_WORDS:
            for word in self._prefix(words):
                self._rare[word].append((words, example))

    def same(self, text: str) -> list[Example]:
        """Those with the same normalised text."""
        return self._exact.get(normalised(text), [])

    def near(self, text: str) -> Iterator[Example]:
        """Those that are copies or nearly so; may repeat."""
        yield from self.same(text)
        words = frozenset(normalised(text).split())
        if len(words) < NEAR_WORDS:
            return
        for word in self._prefix(words):
            for other, example in self._rare.get(word, ()):
                if len(words & other) >= NEAR * len(words | other):
                    yield example

    def _prefix(self, words: frozenset[str]) -> list[str]:
        ordered = sorted(words, key=lambda word: (self._count[word], -len(word), word))
        return ordered[: len(words) - math.ceil(NEAR * len(words)) + 1]


def drop_copies(examples: Sequence[Example]) -> list[Example]:
    """Without what is a copy, or nearly, of a text in a more protected split: the test keeps its own."""
    known = Known(examples)
    dropped: set[int] = set()
    for split in reversed(SPLITS):
        for example in examples:
            if example.split != split:
                continue
            if any(other.split != split for other in known.near(example.text)):
                dropped.add(id(example))
            else:
                known.add(example)
    return [example for example in examples if id(example) not in dropped]


def find_leaks(examples: Sequence[Example]) -> list[Leak]:
    """Every way in which one split gives another away: families, styles, equal and nearly equal texts.

    Styles are compared within synthetic examples only: people's own texts have no style label. Texts are
    compared within a language: "terrible" is English, French and Spanish.
    """
    leaks: list[Leak] = []
    groups: dict[tuple[str, str], Example] = {}
    known: dict[str, Known] = defaultdict(lambda: Known(examples))
    for example in examples:
        names = [("family", f"{example.source}:{part}") for part in example.family.split("+") if part]
        if example.synthetic and example.style:
            names.append(("style", example.style))
        for kind, name in names:
            first = groups.setdefault((kind, name), example)
            if first.split != example.split:
                leaks.append(Leak(f"{kind} {name!r} lies in two splits", first, example))
        for other in known[example.language].near(example.text):
            if other.split != example.split:
                leaks.append(Leak("nearly the same text", other, example))
                break
        known[example.language].add(example)
    return leaks


def check_leaks(examples: Sequence[Example]) -> None:
    """Fail if anything crosses over.

    Raises:
        LeakError: says how many leaks there are and shows the first few.
    """
    leaks = find_leaks(examples)
    if leaks:
        shown = "; ".join(str(leak) for leak in leaks[:3])
        raise LeakError(f"{len(leaks)} leaks between splits: {shown}")
