"""What can be configured of the learner process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from shared.config import load
from shared.topics import WIRE_PORT

ENV_PREFIX = "REACHY_COACH_LEARNER_"
API_PORT = 8080
SIGNING_KEY = Path("keys", "signing.key")
"""Below the folder that policies are published from."""


@dataclass(frozen=True)
class LearnerConfig:
    """The learner process: where it keeps things, where it listens, what it gives robots to do."""

    data_dir: Path = field(default_factory=lambda: user_data_path("reachy-coach"))
    """Everything that is kept lies below `<data_dir>/learner`."""
    host: str = "127.0.0.1"
    """Address that pages, API and link listen on; 0.0.0.0 lets robots and phones on the network in."""
    api_port: int = field(default=API_PORT, metadata={"min": 0, "max": 65535})
    """TCP port of pages and API; 0 takes a free one."""
    wire_port: int = field(default=WIRE_PORT, metadata={"min": 0, "max": 65535})
    """TCP port of the link to robots; 0 takes a free one."""
    tasks: tuple[str, ...] = ("look", "nod", "shake")
    """Tasks that idle robots are given in turn; empty gives them none."""
    unlock: tuple[str, ...] = ("nod", "shake", "look")
    """From easy to hard: a robot is given a task of this list once it can do the one before it. Other tasks
    are open from the start."""
    held_out_every: int = field(default=10, metadata={"min": 0, "max": 1_000_000})
    """Every so many rounds a robot gets held-out phrasings, for measuring only; 0 = never."""
    seed: int = field(default=0, metadata={"min": 0, "max": 2**63 - 1})
    """Of the resets that robots are given."""
    reward_model: str = "minilm"
    """Reward model that reads what people write, by name; while it loads, and if it fails, a lexicon does."""
    picture_fps: float = field(default=5.0, metadata={"min": 0.1, "max": 30.0})
    """Live pictures a second at most, drawn only while somebody watches."""
    picture_width: int = field(default=400, metadata={"min": 64, "max": 1920})
    """[px]"""
    picture_height: int = field(default=300, metadata={"min": 64, "max": 1920})
    """[px]"""

    @property
    def learner_dir(self) -> Path:
        """Store, policies and keys."""
        return self.data_dir / "learner"

    @property
    def store_path(self) -> Path:
        """The SQLite file."""
        return self.learner_dir / "coach.db"

    @property
    def key_path(self) -> Path:
        """The learner's secret key; the public one lies beside it as `learner.pub`."""
        return self.learner_dir / "keys" / "learner.key"

    @property
    def tools_dir(self) -> Path:
        """Made tools."""
        return self.learner_dir / "tools"

    @property
    def signing_key_path(self) -> Path:
        """The secret key that signs policies; the public one lies beside it as `signing.pub`."""
        return self.learner_dir / SIGNING_KEY

    @property
    def allow_dir(self) -> Path:
        """Public keys of the robots that may connect: one `<robot_id>.pub` each."""
        return self.learner_dir / "keys" / "robots"


def load_learner_config(file: Path | None, flags: Mapping[str, Any]) -> LearnerConfig:
    """Defaults < TOML file < environment (`REACHY_COACH_LEARNER_<KEY>`) < command line.

    Raises:
        ConfigError: says which key of which source is wrong.
    """
    return load(LearnerConfig, file=file, env_prefix=ENV_PREFIX, overrides=flags)
