"""Feedback and context as token ids, so that no text can pass for anything but text.

Both are tokenised apart and put together by ids: special tokens that somebody types stay plain characters,
and the marks between the parts cannot be forged. Where room is short the context is cut, never the feedback.
Only MiniLM's feedback has an end of its own: beyond `MAX_FEEDBACK` tokens it keeps its beginning and its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

MAX_TOKENS = 128
"""Of feedback and context together, unless the feedback alone is longer."""
MAX_FEEDBACK = 250

Ids = tuple[list[int], list[int]]
"""Token ids, and for each which part it belongs to: 0 feedback, 1 context."""


class Tokens(Protocol):
    """Two texts -> ids."""

    def encode(self, feedback: str, context: str) -> Ids:
        """The ids that the model reads, without padding."""
        ...


@dataclass(frozen=True)
class Batch:
    """Padded on the right."""

    ids: NDArray[np.int64]
    """(n, length)"""
    mask: NDArray[np.int64]
    """(n, length): 1 where there is a token."""
    parts: NDArray[np.int64]
    """(n, length): 0 feedback, 1 context."""


def pad(rows: Sequence[Ids], pad_id: int = 0) -> Batch:
    """Rows of any lengths as one batch."""
    length = max(len(ids) for ids, _ in rows)
    ids = np.full((len(rows), length), pad_id, np.int64)
    mask, parts = np.zeros_like(ids), np.zeros_like(ids)
    for row, (tokens, part) in enumerate(rows):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
        parts[row, : len(tokens)] = part
    return Batch(ids, mask, parts)


def cut_middle(ids: list[int], limit: int) -> list[int]:
    """At most `limit` ids: those of the beginning and of the end."""
    if len(ids) <= limit:
        return ids
    head = limit // 2
    return ids[:head] + ids[len(ids) - (limit - head) :]


class BertTokens:
    """[CLS] feedback [SEP] context [SEP], by a `tokenizer.json`."""

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(path))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True
        marks = [self._tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]")]
        if None in marks:
            raise ValueError(f"{path} knows no [CLS] or [SEP]; it is not the tokenizer of a BERT")
        self._start, self._end = (int(mark) for mark in marks if mark is not None)

    def encode(self, feedback: str, context: str) -> Ids:
        """The ids that the model reads, without padding."""
        first = [self._start, *cut_middle(self._plain(feedback), MAX_FEEDBACK), self._end]
        second = self._plain(context)[: max(0, MAX_TOKENS - len(first) - 1)] if context else []
        if second:
            second.append(self._end)
        return first + second, [0] * len(first) + [1] * len(second)

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids


class CausalTokens:
    """Context first, then feedback, then a fixed end where the reward is read; for decoders such as Gemma.

    Texts are one line each, so the line breaks between the parts cannot be forged.
    """

    def __init__(self, tokenizer: Any) -> None:
        """`tokenizer`: of transformers."""
        self._tokenizer = tokenizer
        start = tokenizer.bos_token_id
        self._start: list[int] = [] if start is None else [start]
        self._open = self._plain("\nfeedback: ")
        self._close = self._plain("\nreward:")

    def encode(self, feedback: str, context: str) -> Ids:
        """The ids that the model reads, without padding."""
        words = self._plain(_one_line(feedback))
        room = max(0, MAX_TOKENS - len(words) - len(self._open) - len(self._close) - len(self._start))
        first = self._start + (self._plain(_one_line(context))[:room] if context else [])
        rest = self._open + words + self._close
        return first + rest, [1] * len(first) + [0] * len(rest)

    def _plain(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(
            text, add_special_tokens=False, split_special_tokens=True, verbose=False
        )["input_ids"]
        return ids


def _one_line(text: str) -> str:
    return " ".join(text.split())
