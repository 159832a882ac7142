"""Options of the commands that can ask a language model, and the one that they choose."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter, validators

from shared.errors import ConfigError

if TYPE_CHECKING:
    from learner.speakers.speaker import Speaker

KEY_VARIABLE = "REACHY_COACH_PLANNER_KEY"

Kind = Literal["grammar", "http", "model"]
WHO = (
    "grammar: at once, offline. http: an OpenAI-compatible endpoint. model: a language model here, by "
    "transformers."
)
Url = Annotated[
    str | None,
    Parameter(
        help=f"For http, as http://127.0.0.1:8000/v1; a key is read from {KEY_VARIABLE}.", show_default=False
    ),
]
Model = Annotated[
    str | None,
    Parameter(
        help="For http: the model's name. For model: its name or folder; gemma-3-270m is in the extra gemma.",
        show_default=False,
    ),
]
Timeout = Annotated[
    float, Parameter(help="For http: seconds for one answer.", validator=validators.Number(gt=0))
]


def speaker(flag: str, kind: Kind, url: str | None, model: str | None, timeout_s: float) -> Speaker | None:
    """The language model that the options choose; None for the grammar.

    Args:
        flag: the option that chose `kind`, for the error.

    Raises:
        ConfigError: an option is missing, or the model cannot be loaded.
    """
    if kind == "grammar":
        return None
    if model is None or (kind == "http" and url is None):
        raise ConfigError(f"{flag} {kind} needs {'--url and ' if kind == 'http' else ''}--model")
    if kind == "http":
        from learner.speakers.endpoint import Endpoint

        return Endpoint(url or "", model, os.environ.get(KEY_VARIABLE, ""), timeout_s)
    from learner.speakers.local_model import LocalModel

    return LocalModel(model)
