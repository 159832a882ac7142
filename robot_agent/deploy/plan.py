"""The steps of installing and uninstalling the agent on a robot."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path

from robot_agent.deploy.layout import SERVICE, Layout
from robot_agent.deploy.package import environment
from robot_agent.deploy.settings import Value, changed_settings, new_settings, read_settings
from robot_agent.deploy.steps import MakeFolder, Remove, Run, Step, WriteFile
from shared.errors import ConfigError
from shared.signing import parse_public, trusted_signers

LEARNER = "learner"
"""Name of the trusted key of the learner."""


@dataclass(frozen=True)
class Wish:
    """What is to be installed."""

    layout: Layout
    package: str
    """What pip installs: a requirement, a wheel, or the folder of a source tree."""
    interpreter: str
    """The Python that the virtual environment is made from."""
    settings: Mapping[str, Value] = field(default_factory=dict)
    """Values for the configuration file; what is not named keeps what the file says, or its default."""
    signing_key: str = ""
    """The learner's key that signs policies, in hexadecimal; empty: trusted by hand, later."""
    operator: str = ""
    """A person who may use `reachy-coach stop` without sudo; empty: nobody."""
    start: bool = True
    """Start the service at the end, or start it again where something changed."""

    @property
    def live(self) -> bool:
        """Whether this is the running system, and not a folder that is to become one."""
        return self.layout.root == Path("/")


def install(wish: Wish) -> tuple[Step, ...]:
    """Everything that makes the robot come up by itself; each step is skipped where it is done.

    Raises:
        ConfigError: a setting that the agent would not take, or an operator that is no user there.
    """
    layout = wish.layout
    place = {"@python@": layout.python, "@config@": layout.config, "@user@": SERVICE, "@state@": layout.state}
    users = _template("sysusers", place)
    if wish.operator:
        _check_user(wish.operator, layout)
        users += f"# This person may use `reachy-coach stop` without sudo.\nm {wish.operator} {SERVICE}\n"
    root = () if wish.live else (f"--root={layout.root}",)
    return (
        WriteFile(layout.on_disk(layout.sysusers), users),
        Run(
            ("systemd-sysusers", *root, layout.sysusers.name),
            "make the user and the groups",
            is_done=lambda: _has_users(wish),
            after_change=False,
        ),
        *environment(layout, wish.package, wish.interpreter),
        WriteFile(layout.on_disk(layout.command), _template("sh", place), 0o755),
        WriteFile(layout.on_disk(layout.config), _settings(wish)),
        WriteFile(layout.on_disk(layout.rules), _template("rules", place)),
        WriteFile(layout.on_disk(layout.unit), _template("service", place)),
        Run(
            ("systemctl", *root, "enable", layout.unit.name),
            "come up with the robot",
            is_done=layout.on_disk(layout.wanted).is_symlink,
            after_change=False,
        ),
        *(_live_steps(wish) if wish.live else ()),
    )


def _live_steps(wish: Wish) -> tuple[Step, ...]:
    """What only makes sense on a system that runs."""
    layout, unit = wish.layout, wish.layout.unit.name
    config = read_settings(_settings(wish))
    as_user = ("runuser", "-u", SERVICE, "--", str(layout.python), "-P", "-m", "tools")
    of_robot = ("--robot-id", config.robot_id, "--data-dir", str(config.data_dir))
    make_key = (*as_user, "keys", "robot", *of_robot)
    trust = (*as_user, "keys", "trust", LEARNER, wish.signing_key, *of_robot)

    def trusted() -> bool:
        return trusted_signers(config.state.signers).get(LEARNER) == parse_public(
            wish.signing_key, "--signing-key"
        )

    steps: tuple[Step, ...] = (
        MakeFolder(layout.state, SERVICE),
        Run(make_key, "make the robot's keys", is_done=config.state.key.exists, after_change=False),
        *(
            (Run(trust, "take the learner's policies", trusted, after_change=False),)
            if wish.signing_key
            else ()
        ),
        Run(("udevadm", "control", "--reload"), "read the udev rules anew"),
        Run(("udevadm", "trigger", "--subsystem-match=input", "--subsystem-match=gpio"), "apply them"),
        Run(("systemctl", "daemon-reload"), "read the unit anew"),
    )
    if wish.start:
        start = ("systemctl", "restart", "--no-block", unit)
        steps += (Run(start, "start the agent, or start it again", is_done=lambda: is_active(unit)),)
    return steps


def is_active(unit: str) -> bool:
    """Whether systemd runs a unit, or is about to."""
    words = ("systemctl", "is-active", "--quiet", unit)
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def uninstall(layout: Layout, *, purge: bool) -> tuple[Step, ...]:
    """Take away what `install` made.

    Args:
        layout: as it was installed.
        purge: also keys, policies, unsent records, settings and the user.
    """
    live = layout.root == Path("/")
    there = layout.on_disk(layout.unit).exists
    off = ("systemctl", "disable", "--now") if live else ("systemctl", f"--root={layout.root}", "disable")
    pieces = (layout.unit, layout.wanted, layout.rules, layout.sysusers, layout.command)
    kept = (layout.config.parent, layout.state, layout.runtime) if purge else ()
    steps: list[Step] = [
        Run(
            (*off, layout.unit.name),
            "end the agent; come up no more",
            lambda: not there(),
            after_change=False,
        ),
        *(Remove(layout.on_disk(path)) for path in (*pieces, layout.stamp, layout.venv, *kept)),
        Remove(layout.on_disk(layout.prefix), only_if_empty=True),
    ]
    if live:
        steps += [
            Run(("systemctl", "daemon-reload"), "forget the unit"),
            Run(("udevadm", "control", "--reload"), "forget the udev rules"),
        ]
    if purge:
        away = ("userdel",) if live else ("userdel", "--prefix", str(layout.root))
        gone = partial(_lacks_user, layout)
        steps.append(Run((*away, SERVICE), "remove the user", is_done=gone, after_change=False))
    return tuple(steps)


def _settings(wish: Wish) -> str:
    """The configuration file as it shall be: one that is there keeps all but the values that were given."""
    file = wish.layout.on_disk(wish.layout.config)
    if file.exists():
        return changed_settings(file.read_text(encoding="utf-8"), wish.settings)
    fixed: dict[str, Value] = {
        "body": "reachy",
        "data_dir": str(wish.layout.state),
        "runtime_dir": str(wish.layout.runtime),
    }
    return new_settings({**fixed, **wish.settings})


def _template(kind: str, place: Mapping[str, object]) -> str:
    text = (files("robot_agent.deploy") / f"{SERVICE}.{kind}").read_text(encoding="utf-8")
    for name, value in place.items():
        text = text.replace(name, str(value))
    return text


def _entries(layout: Layout, name: str) -> dict[str, str]:
    """Name -> the rest of its line in passwd or group."""
    file = layout.on_disk(Path("/etc") / name)
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {head: rest for head, _, rest in (line.partition(":") for line in lines)}


def _lacks_user(layout: Layout) -> bool:
    return SERVICE not in _entries(layout, "passwd")


def _has_users(wish: Wish) -> bool:
    """Whether user, groups and their members are as the sysusers file says."""
    groups = _entries(wish.layout, "group")
    members = {"gpio": SERVICE, "input": SERVICE, SERVICE: wish.operator}
    return not _lacks_user(wish.layout) and all(
        group in groups and (not member or member in groups[group].rpartition(":")[2].split(","))
        for group, member in members.items()
    )


def _check_user(name: str, layout: Layout) -> None:
    if name not in _entries(layout, "passwd"):
        raise ConfigError(f"operator {name!r} is no user of this robot; give another --operator, or none")
