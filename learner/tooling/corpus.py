"""Requests with what should come of them: good, odd, dangerous and adversarial ones, in two splits.

The held-out phrasings were written down before the grammar was, and nothing is tuned on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import ConfigError

PATH = Path(__file__).with_name("corpus.jsonl")
SPLITS = ("development", "held_out")
KINDS = ("good", "odd", "dangerous", "adversarial")
OUTCOMES = ("made", "refused", "unclear")


@dataclass(frozen=True)
class Request:
    """One line of the corpus."""

    split: str
    kind: str
    say: tuple[str, ...]
    """What is said, one after the other; all but the first change the tool made before."""
    expect: str
    check: Mapping[str, Any]
    """What the motion of a good request has to look like (`learner.tooling.checker`)."""


def load(path: Path = PATH) -> list[Request]:
    """All requests.

    Raises:
        ConfigError: a line is malformed; says which.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            found.append(_request(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError(f"{path}, line {number}: {error}") from None
    return found


def _request(body: Any) -> Request:
    if body["split"] not in SPLITS or body["kind"] not in KINDS or body["expect"] not in OUTCOMES:
        raise ValueError(
            f"split, kind or expect is unknown: {body['split']}, {body['kind']}, {body['expect']}"
        )
    say, check = body["say"], body.get("check", {})
    if not isinstance(say, list) or not say or not all(isinstance(one, str) for one in say):
        raise ValueError("say is no list of sentences")
    if (body["expect"] == "made") != bool(check):
        raise ValueError("a check belongs to requests that should be made, and only to them")
    return Request(body["split"], body["kind"], tuple(say), body["expect"], check)
