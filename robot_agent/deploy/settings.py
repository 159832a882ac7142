"""The installed agent's configuration file: commented TOML; single values are set and the rest is kept."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from robot_agent.config import AgentConfig
from shared.config import describe, load
from shared.errors import ConfigError

Value = str | bool | int
HEAD = """\
# The robot's agent of reachy-coach. After a change: sudo systemctl restart reachy-coach
# Environment variables REACHY_COACH_AGENT_<KEY> win over this file.

"""


def new_settings(values: Mapping[str, Value]) -> str:
    """The whole configuration with its defaults and comments, and `values` in their places.

    Raises:
        ConfigError: a value is not one that the agent takes.
    """
    return changed_settings(HEAD + describe(AgentConfig), values)


def changed_settings(text: str, values: Mapping[str, Value]) -> str:
    """The same file with `values` set; every other line stays as a person left it.

    Raises:
        ConfigError: the file is not a configuration of the agent, or would not be one with these values.
    """
    for key, value in values.items():
        line = f"{key} = {json.dumps(value, ensure_ascii=False)}"
        text, found = re.subn(rf"(?m)^(# *)?{key} *=.*$", lambda _, line=line: line, text, count=1)  # type: ignore[misc]
        if not found:
            text = f"{line}\n{text}"
    read_settings(text)
    return text


def read_settings(text: str) -> AgentConfig:
    """The configuration in a file's text, without the environment's part.

    Raises:
        ConfigError: it is not one.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "agent.toml"
        file.write_text(text, encoding="utf-8")
        try:
            return load(AgentConfig, file=file, env_prefix="REACHY_COACH_NOT_READ_HERE_")
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(file), "the agent's configuration")) from None
