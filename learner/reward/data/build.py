"""Puts the data sets where models look for them, and says what is in them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from learner.reward.data import public
from learner.reward.data.corpus.generate import CORPUS_SEED, SIZE, generate
from learner.reward.data.example import SPLITS, Example, write
from learner.reward.data.exchange import read_file
from learner.reward.data.split import check_leaks, find_leaks, normalised
from shared.errors import ConfigError

PUBLIC, ROBOT = "public", "robot"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


def folder_of(data_dir: Path) -> Path:
    """Where the data sets lie, `<name>.jsonl` each."""
    return data_dir / "reward" / "data"


def path_of(data_dir: Path, name: str) -> Path:
    """The file of a data set.

    Raises:
        ConfigError: not a name.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is no name of a data set: small letters, digits and hyphens only")
    return folder_of(data_dir) / f"{name}.jsonl"


def build_public(data_dir: Path, archive: Path | None, say: public.Say) -> int:
    """Download (or take from `archive`) and prepare the human-rated sets; how many.

    Raises:
        ConfigError: no network, or not the archive expected.
        LeakError: the splits are not apart.
    """
    found = archive or public.fetch(data_dir / "reward" / "downloads", say)
    say("reading the human-rated sets")
    examples = public.read_archive(found)
    check_leaks(examples)
    return write(path_of(data_dir, PUBLIC), examples)


def build_robot(
    data_dir: Path,
    size: int = SIZE,
    seed: int = CORPUS_SEED,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Generate the synthetic corpus of robot feedback; how many.

    Raises:
        ConfigError: a size that cannot be made.
        LeakError: the splits are not apart.
    """
    examples = generate(size, seed, progress)
    check_leaks(examples)
    return write(path_of(data_dir, ROBOT), examples)


def load(data_dir: Path, name: str) -> list[Example]:
    """A data set that was built or imported.

    Raises:
        ConfigError: it is not there, or damaged.
    """
    path = path_of(data_dir, name)
    if not path.exists():
        raise ConfigError(f"no data set {name!r} ({path}); `reachy-coach reward data build` makes it")
    return read_file(path)


def names(data_dir: Path) -> list[str]:
    """The data sets that are there."""
    return sorted(path.stem for path in folder_of(data_dir).glob("*.jsonl"))


def stats(examples: Sequence[Example]) -> dict[str, Any]:
    """Counts, labels and leaks, ready for JSON."""
    rated = [e for e in examples if e.kind == "evaluative"]
    words: dict[str, list[float]] = {}
    for example in rated:
        words.setdefault(f"{example.split} {normalised(example.text)}", []).append(example.label)
    labels = np.array([e.label for e in rated] or [0.0])
    return {
        "examples": len(examples),
        "synthetic": sum(e.synthetic for e in examples),
        "splits": {split: sum(e.split == split for e in examples) for split in SPLITS},
        "sources": _count(e.source for e in examples),
        "kinds": _count(e.kind for e in examples),
        "languages": _count(e.language for e in examples),
        "styles": {split: _count(e.style for e in examples if e.split == split) for split in SPLITS},
        "families": len({part for e in examples for part in e.family.split("+")}),
        "tools": _count(e.context.tool for e in examples if e.context),
        "tasks": _count(e.task for e in examples if e.task),
        "with_context": sum(e.context is not None for e in examples),
        "several_ratings": sum(len(e.ratings) > 1 for e in examples),
        "same_words_other_label": sum(max(v) - min(v) >= 0.4 for v in words.values() if len(v) > 1),
        "label_mean": round(float(labels.mean()), 4),
        "label_std": round(float(labels.std()), 4),
        "leaks": len(find_leaks(examples)),
    }


def digest(path: Path) -> str:
    """sha256 of a file: two builds of the same seed have the same."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _count(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
