"""Embeddings of every text the tasks use, made beforehand: simulation carries no text model.

`sim/phrases.npz` is rebuilt by `python -m learner.text` whenever a phrase, a name or a tool's description
changes; a test compares it with the model.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.spaces import TEXT_DIM
from shared.tools import TOOL_INDEX, TOOLS
from sim.made import made_tools

F32 = NDArray[np.float32]

PATH = Path(__file__).with_name("phrases.npz")
"""npz of `texts` (n,) str and `embeddings` (n, 384) float32, unit norm."""
CODE_SEED = 384
"""Of the fixed random projection that makes class codes."""
_RUN_MADE = TOOL_INDEX["run_made"]
CODE_SCALE = 10.0
"""A unit embedding's coordinate along a random unit direction is about 0.05; the code's is about 0.5."""


def all_texts() -> list[str]:
    """Every text that needs an embedding: tool descriptions, object names, instructions; sorted, unique."""
    from sim.tasks import ALL_TASKS
    from sim.things import THINGS

    texts = {tool.description for tool in TOOLS} | {thing.name for thing in THINGS}
    texts |= {program.description for program in made_tools()}
    for task in ALL_TASKS.values():
        texts |= set(task.instructions())
    return sorted(texts)


@functools.cache
def table() -> dict[str, F32]:
    """Text -> (384,) float32 unit vector."""
    with np.load(PATH, allow_pickle=False) as file:
        return dict(zip(file["texts"].tolist(), file["embeddings"].astype(np.float32), strict=True))


def learn(embeddings: Mapping[str, F32]) -> None:
    """Add texts for this process, such as those of tools that people made."""
    table().update(embeddings)


def embedding(text: str) -> F32:
    """(384,) float32, unit norm.

    Raises:
        KeyError: the text is not in the table; rebuild it with `python -m learner.text`.
    """
    try:
        return table()[text]
    except KeyError:
        raise KeyError(f"no embedding of {text!r} in {PATH.name}; run: python -m learner.text") from None


@functools.cache
def _tools() -> F32:
    return np.stack([embedding(tool.description) for tool in TOOLS])


@functools.lru_cache(4)
def _all(descriptions: tuple[str, ...]) -> F32:
    return np.stack([embedding(text) for text in descriptions])


@functools.cache
def _code_directions() -> F32:
    directions = np.random.default_rng(CODE_SEED).normal(size=(TEXT_DIM, 2))
    return np.asarray(directions / np.linalg.norm(directions, axis=0), np.float32)


def tool_match(instruction: F32) -> F32:
    """(20,) float32: cosine of the instruction with each tool's description, standardised over the tools.

    That of `run_made` is the best of its own description and those of the made tools.
    """
    cosine = _tools() @ instruction
    made = _all(tuple(program.description for program in made_tools()))
    cosine[_RUN_MADE] = max(cosine[_RUN_MADE], (made @ instruction).max(initial=-1.0))
    return np.asarray((cosine - cosine.mean()) / cosine.std(), np.float32)


def class_code(name: F32) -> tuple[float, float]:
    """Two numbers of order 1 that tell names apart: fixed random projections of the name's embedding."""
    a, b = CODE_SCALE * name @ _code_directions()
    return float(a), float(b)
