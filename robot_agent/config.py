"""What can be configured of the agent on the robot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from robot_agent.files import RuntimeFiles, StateFiles, default_runtime_dir
from shared.config import load
from shared.errors import ConfigError
from shared.keys import check_robot_id, parse_key, read_public
from shared.topics import WIRE_PORT

ENV_PREFIX = "REACHY_COACH_AGENT_"
DAEMON_PORT = 8000
"""TCP port of the Reachy Mini daemon unless it was started on another."""
BODIES = ("mujoco", "reachy", "still")
EYES = ("projected", "camera")


@dataclass(frozen=True)
class AgentConfig:
    """The agent: which body, which learner, where it keeps things."""

    robot_id: str = "robot"
    """Letters, digits, `-` and `_`; names this robot at the learner."""
    body: str = "mujoco"
    """`mujoco`: simulated, starts its own process; `reachy`: the SDK's daemon, on a robot or simulated;
    `still`: in memory, for tests."""
    eyes: str = "projected"
    """Where the policy knows from what stands where: `projected`: from the task's known positions, without a
    camera; `camera`: from pictures, of the robot's own camera for the body `reachy`, of a simulated one for
    `mujoco`, of whoever writes the slot for `still`."""
    learner: str = "127.0.0.1"
    """HOST or HOST:PORT of the learner."""
    learner_key: str = ""
    """The learner's public key, or a file that holds it; if not given,
    `<data_dir>/robot/<robot_id>/keys/learner.pub`."""
    data_dir: Path = field(default_factory=lambda: user_data_path("reachy-coach"))
    """Everything that is kept lies below `<data_dir>/robot/<robot_id>`."""
    runtime_dir: Path | None = None
    """Shared memory and sockets; a folder on tmpfs if not given."""
    daemon_port: int = field(default=DAEMON_PORT, metadata={"min": 1, "max": 65535})
    """TCP port of the Reachy Mini daemon on this machine."""
    speed: float = field(default=1.0, metadata={"min": 0.1, "max": 50.0})
    """Times real time; simulated bodies only."""
    deterministic: bool = False
    """Most likely action instead of a sample: for measuring, not for gathering experience."""
    spool_records: int = field(default=50_000, metadata={"min": 1, "max": 10_000_000})
    """Records kept while the learner is away (6 kB each); beyond that the newest are refused and counted."""
    refused_retry_s: float = field(default=10.0, metadata={"min": 0.1, "max": 3600.0})
    """Pause before trying again after the learner refused this robot."""
    auto_arm: bool | None = None
    """Whether a robot that is switched on may move without somebody's `reachy-coach stop --resume`; if not
    given, a simulated one may and a real one may not."""
    antenna_stop: bool = False
    """Pressing an antenna that is not moving stops the robot."""
    button_gpio: int | None = field(default=None, metadata={"min": 0, "max": 27})
    """BCM number of the pin that a normally closed stop button connects to ground; none if not given. The
    robot does not move while it is pressed, unplugged or cannot be read."""
    button_usb: str = ""
    """USB button, pedal or keypad whose keys all stop the robot: its path, best below /dev/input/by-id, or
    its name; none if empty. The robot does not move while it is not there."""
    page_port: int = field(default=8042, metadata={"min": 0, "max": 65535})
    """TCP port of the robot's own STOP page; 0 for none."""
    page_host: str = ""
    """Address on which the page is served; if empty, every one of a real robot and 127.0.0.1 of a simulated
    one."""

    def __post_init__(self) -> None:
        check_robot_id(self.robot_id)
        if self.body not in BODIES:
            raise ConfigError(f"body {self.body!r} is not one of {', '.join(BODIES)}")
        if self.body == "reachy" and self.speed != 1.0:
            raise ConfigError(f"speed {self.speed}: the robot and its daemon run in real time; leave it at 1")
        if self.eyes not in EYES:
            raise ConfigError(f"eyes {self.eyes!r} is not one of {', '.join(EYES)}")
        if self.eyes == "camera" and self.speed != 1.0:
            raise ConfigError(f"speed {self.speed}: eyes on a camera look in real time; leave speed at 1")
        self.learner_address  # noqa: B018

    @property
    def arms_itself(self) -> bool:
        """Whether the robot may move when it is switched on."""
        return self.body != "reachy" if self.auto_arm is None else self.auto_arm

    @property
    def has_buttons(self) -> bool:
        """Whether a stop button of any kind is configured."""
        return self.button_gpio is not None or bool(self.button_usb)

    @property
    def page_address(self) -> tuple[str, int]:
        """Host and port of the robot's own page."""
        everywhere = self.body == "reachy"
        return self.page_host or ("0.0.0.0" if everywhere else "127.0.0.1"), self.page_port  # noqa: S104

    @property
    def learner_address(self) -> tuple[str, int]:
        """Host and port of the learner.

        Raises:
            ConfigError: `learner` is not HOST or HOST:PORT.
        """
        host, _, port = self.learner.rpartition(":") if ":" in self.learner else (self.learner, "", "")
        number = int(port) if port.isdigit() else 0 if port else WIRE_PORT
        if not re.fullmatch(r"[A-Za-z0-9._-]+", host) or not 0 < number < 65536:
            raise ConfigError(
                f"learner {self.learner!r}: use HOST or HOST:PORT, for example 192.168.1.5:5557"
            )
        return host, number

    @property
    def runtime(self) -> RuntimeFiles:
        """Names of the shared-memory files."""
        return RuntimeFiles(self.runtime_dir or default_runtime_dir(self.robot_id))

    @property
    def state(self) -> StateFiles:
        """Names of the kept files."""
        return StateFiles(self.data_dir / "robot" / self.robot_id)

    @property
    def learner_key_file(self) -> Path:
        """Where the learner's public key is read from unless `learner_key` is the key itself."""
        return Path(self.learner_key) if self.learner_key else self.state.folder / "keys" / "learner.pub"

    def learner_public_key(self) -> str:
        """The learner's public key, Z85.

        Raises:
            ConfigError: no such file, or not a key.
        """
        file = self.learner_key_file
        if file.exists():
            return read_public(file)
        if self.learner_key:
            return parse_key(self.learner_key, f"learner_key {self.learner_key!r} is no file and")
        raise ConfigError(
            "this robot does not know its learner: give --learner-key KEY, which "
            f"`reachy-coach keys learner` prints, or put the key into {file}"
        )


def load_agent_config(file: Path | None, flags: Mapping[str, Any]) -> AgentConfig:
    """Defaults < TOML file < environment (`REACHY_COACH_AGENT_<KEY>`) < command line.

    Raises:
        ConfigError: says which key of which source is wrong.
    """
    return load(AgentConfig, file=file, env_prefix=ENV_PREFIX, overrides=flags)
