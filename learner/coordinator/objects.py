"""Names of objects in a text -> tokens `obj0`, `obj1`..., so that grammar need not know them."""

from __future__ import annotations

import re
from collections.abc import Sequence

TOKEN = re.compile(r"\bobj(\d+)\b")


class Mentions:
    """A text whose objects are tokens, and what they stand for.

    A thing may be called by its whole name or by one word of it ("the duck"). Where that word fits several
    things, the token stands for all of them.
    """

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self._meant: list[tuple[str, ...]] = []
        for name in sorted(names, key=len, reverse=True):
            text = self._replace(text, name, (name,))
        words: dict[str, list[str]] = {}
        for name in names:
            for word in name.lower().split():
                words.setdefault(word, []).append(name)
        for word, meant in sorted(words.items(), key=lambda pair: -len(pair[0])):
            # An adjective alone ("the red one") is no name; the last word of a name is.
            heads = tuple(name for name in meant if name.lower().split()[-1] == word)
            if heads:
                text = self._replace(text, word, heads)
        self.text = text

    def of(self, text: str) -> list[tuple[str, ...]]:
        """What each token of a part of the text stands for, in order; several names: not told which."""
        return [self._meant[int(found[1])] for found in TOKEN.finditer(text)]

    def spoken(self, text: str) -> str:
        """A part of the text with names in place of tokens."""
        return TOKEN.sub(lambda found: self._meant[int(found[1])][0], text)

    def _replace(self, text: str, word: str, meant: tuple[str, ...]) -> str:
        def token(_: re.Match[str]) -> str:
            self._meant.append(meant)
            return f"obj{len(self._meant) - 1}"

        return re.sub(rf"\b{re.escape(word.lower())}s?\b", token, text)
