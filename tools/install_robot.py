"""`reachy-coach install-robot`: make this robot come up with the agent by itself, or take it away again."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from shared.errors import ConfigError


def install_robot(
    *,
    robot_id: Annotated[str | None, Parameter(help="Names this robot at the learner. [robot]")] = None,
    learner: Annotated[str | None, Parameter(help="HOST or HOST:PORT of the learner.")] = None,
    learner_key: Annotated[str | None, Parameter(help="The learner's public key.")] = None,
    signing_key: Annotated[str | None, Parameter(help="The learner's key that signs policies.")] = None,
    auto_arm: Annotated[
        bool | None, Parameter(help="Move without being asked after a clean boot, if all self-tests pass.")
    ] = None,
    button_gpio: Annotated[int | None, Parameter(help="BCM number of the stop button's line.")] = None,
    button_usb: Annotated[str | None, Parameter(help="Name or path of the USB stop button.")] = None,
    operator: Annotated[
        str, Parameter(help="A user who may use `reachy-coach stop` without sudo.")
    ] = os.environ.get("SUDO_USER", ""),
    package: Annotated[
        str | None, Parameter(help="What pip installs: a requirement, wheel or folder. [this program]")
    ] = None,
    python: Annotated[str, Parameter(help="The Python to make the environment from.")] = sys.executable,
    prefix: Annotated[Path, Parameter(help="Where the environment goes.")] = Path("/opt/reachy-coach"),
    root: Annotated[
        Path, Parameter(help="Install into this folder, such as an image, and start nothing.")
    ] = Path("/"),
    start: Annotated[bool, Parameter(help="Start the agent at the end.")] = True,
    dry_run: Annotated[bool, Parameter(help="Only say what would be done.", negative="")] = False,
    uninstall: Annotated[bool, Parameter(help="Take it away; keys and data stay.", negative="")] = False,
    purge: Annotated[
        bool, Parameter(help="With --uninstall: also keys, data and settings.", negative="")
    ] = False,
    as_json: Annotated[bool, Parameter(name="--json", help="Print the steps as JSON.", negative="")] = False,
) -> int:
    """Install the agent as a systemd service with its own user, environment, folders and udev rules.

    What is done already is left alone: a second call does nothing, one from a newer version upgrades.
    Settings go to /etc/reachy-coach/agent.toml; a file that is there keeps all but what is given.
    """
    from robot_agent.deploy.layout import Layout
    from robot_agent.deploy.package import own_package
    from robot_agent.deploy.plan import Wish
    from robot_agent.deploy.plan import install as installing
    from robot_agent.deploy.plan import uninstall as uninstalling
    from robot_agent.deploy.steps import Step, follow

    if purge and not uninstall:
        raise ConfigError("--purge goes with --uninstall")
    if not prefix.is_absolute():
        raise ConfigError(f"--prefix {prefix}: give an absolute path, as the robot sees it")
    layout = Layout(root.resolve(), prefix)
    if not dry_run:
        _check_rights(layout.root)
    given = {
        "robot_id": robot_id,
        "learner": learner,
        "learner_key": learner_key,
        "auto_arm": auto_arm,
        "button_gpio": button_gpio,
        "button_usb": button_usb,
    }
    if uninstall:
        steps = uninstalling(layout, purge=purge)
    else:
        settings = {key: value for key, value in given.items() if value is not None}
        wanted = package or own_package()
        wish = Wish(layout, wanted, python, settings, signing_key or "", operator, start=start)
        steps = installing(wish)
    told: list[dict[str, str]] = []

    def tell(step: Step, needed: bool) -> None:
        state = "done already" if not needed else "would" if dry_run else "now"
        told.append({"step": str(step), "state": state})
        if not as_json:
            print(f"{state:<13} {step}", flush=True)

    changed = follow(steps, tell, dry_run=dry_run)
    if as_json:
        print(json.dumps({"changed": changed, "dry_run": dry_run, "steps": told}, indent=2))
    elif not dry_run and not uninstall:
        print(
            "installed" if changed else "nothing to do", "- ask `sudo reachy-coach doctor` how the robot is"
        )
    return 0


def _check_rights(root: Path) -> None:
    """Said before the first step and not after the third.

    Raises:
        ConfigError: this user may not, or there is no systemd that runs.
    """
    if root != Path("/"):
        if not root.is_dir():
            raise ConfigError(f"--root {root} is no folder")
        return
    if os.geteuid() != 0:
        raise ConfigError("installing a service needs root: use sudo, or --dry-run to see what would be done")
    if not Path("/run/systemd/system").is_dir():
        raise ConfigError("systemd does not run here; use --root DIR to install into an image")
