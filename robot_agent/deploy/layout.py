"""Where an installed agent has its things, as the robot sees them and as the installer does."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from robot_agent.files import RuntimeFiles, default_runtime_dir

SERVICE = "reachy-coach"
"""Name of the unit, of the agent's user, and of the folders below /etc, /var/lib and /run."""


@dataclass(frozen=True)
class Layout:
    """Absolute paths as the robot sees them; `on_disk` says where they lie for the installer."""

    root: Path = Path("/")
    """The robot's file system: `/`, or a folder that is to become one."""
    prefix: Path = Path("/opt") / SERVICE
    """Holds the virtual environment."""

    @property
    def config(self) -> Path:
        """The agent's settings; a person may edit them."""
        return Path("/etc") / SERVICE / "agent.toml"

    @property
    def state(self) -> Path:
        """What must survive a power cut; the unit's StateDirectory."""
        return Path("/var/lib") / SERVICE

    @property
    def runtime(self) -> Path:
        """On tmpfs: shared memory and the stop socket; the unit's RuntimeDirectory."""
        return Path("/run") / SERVICE

    @property
    def venv(self) -> Path:
        """The agent's own virtual environment."""
        return self.prefix / "venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.venv / "bin" / "python"

    @property
    def stamp(self) -> Path:
        """What was installed into the virtual environment."""
        return self.prefix / "installed"

    @property
    def unit(self) -> Path:
        """The systemd unit."""
        return Path("/etc/systemd/system") / f"{SERVICE}.service"

    @property
    def wanted(self) -> Path:
        """There while the unit is enabled."""
        return Path("/etc/systemd/system/multi-user.target.wants") / f"{SERVICE}.service"

    @property
    def sysusers(self) -> Path:
        """User and groups, for systemd-sysusers."""
        return Path("/etc/sysusers.d") / f"{SERVICE}.conf"

    @property
    def rules(self) -> Path:
        """Who may read buttons, for udev."""
        return Path("/etc/udev/rules.d") / f"60-{SERVICE}.rules"

    @property
    def command(self) -> Path:
        """`reachy-coach` for the people who log in."""
        return Path("/usr/local/bin") / SERVICE

    def on_disk(self, path: Path) -> Path:
        """Where the installer finds a path of the robot."""
        return self.root / path.relative_to("/")


def local_runtime_dir(robot_id: str) -> Path:
    """Where an agent of this machine is spoken to: the installed service's folder, else this user's own."""
    service = RuntimeFiles(Layout().runtime)
    if service.folder.is_dir() and (not os.access(service.folder, os.X_OK) or service.stop_socket.exists()):
        return service.folder
    return default_runtime_dir(robot_id)
