"""The words of the corpus. English has one file a split, other languages one Python file each.

To add a language: write its file like `es.py` and name it in `FOREIGN`. Those are small and held out whole:
they show whether a model keeps its bearings, not how well it knows the language.
"""

from __future__ import annotations

import tomllib
from dataclasses import fields
from importlib.resources import files
from typing import Any

from learner.reward.data.corpus.languages import de, es, fr, mul
from learner.reward.data.corpus.languages.language import Language
from learner.reward.data.example import SPLITS, Split

FOREIGN: dict[str, Language] = {
    language.code: language for language in (es.LANGUAGE, fr.LANGUAGE, de.LANGUAGE, mul.LANGUAGE)
}


def read_language(text: str, code: str, part: str = "") -> Language:
    """A language from TOML with the fields of `Language`.

    Raises:
        ValueError: not TOML, or not what a language has; says which key.
    """
    given = tomllib.loads(text)
    unknown = sorted(given.keys() - {f.name for f in fields(Language)})
    if unknown:
        raise ValueError(f"{unknown[0]}: a language has no such words")
    return Language(code=code, part=part, **{key: _frozen(key, value) for key, value in given.items()})


def _frozen(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(key, one) for one in value)
    if isinstance(value, dict):
        return {name: _frozen(f"{key}.{name}", one) for name, one in value.items()}
    if not isinstance(value, str):
        raise ValueError(f"{key}: {value!r} is not a text")
    return value


def _english(split: Split) -> Language:
    text = files(__package__).joinpath("english", f"{split}.toml").read_text("utf-8")
    return read_language(text, "en", "" if split == "train" else f"{split}-")


ENGLISH: dict[Split, Language] = {split: _english(split) for split in SPLITS}
"""What is said in each split: no wording lies in two of them."""
