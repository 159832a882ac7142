"""`reachy-coach doctor`: what this robot lacks, what follows from it, and what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def doctor(
    *,
    robot_id: Annotated[str | None, Parameter(help="Which robot, where several run.")] = None,
    body: Annotated[Literal["mujoco", "reachy", "still"] | None, Parameter(help="Which body.")] = None,
    learner: Annotated[str | None, Parameter(help="HOST or HOST:PORT of the learner.")] = None,
    data_dir: Annotated[Path | None, Parameter(help="As given to the agent.")] = None,
    runtime_dir: Annotated[Path | None, Parameter(help="As given to the agent.")] = None,
    config: Annotated[
        Path | None, Parameter(help="The agent's TOML file. [the installed service's, if there is one]")
    ] = None,
    as_json: Annotated[
        bool, Parameter(name="--json", help="Print the answers as JSON.", negative="")
    ] = False,
) -> int:
    """Look at everything that the robot's agent needs; changes and moves nothing.

    Exit code 0 when nothing has failed, 1 otherwise. On an installed robot use sudo: the service's folders
    are its own.
    """
    from robot_agent.checks import Level, worst
    from robot_agent.config import load_agent_config
    from robot_agent.deploy.layout import Layout
    from robot_agent.doctor import examine

    layout = Layout()
    file = config or (layout.config if layout.config.exists() else None)
    given = {
        "robot_id": robot_id,
        "body": body,
        "learner": learner,
        "data_dir": data_dir,
        "runtime_dir": runtime_dir,
    }
    checks = examine(load_agent_config(file, given), layout)
    failed = worst(checks) is Level.FAIL
    if as_json:
        told = [{**vars(check), "level": check.level.name} for check in checks]
        print(json.dumps({"ok": not failed, "checks": told}, indent=2))
        return int(failed)
    for check in checks:
        print(f"{check.level.name:<5} {check.name:<13} {check.found}")
        if check.level is not Level.OK:
            print(f"{'':<19} {check.meaning}\n{'':<19} -> {check.remedy}")
    return int(failed)
