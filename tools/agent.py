"""`reachy-coach agent`: run the robot's agent until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tools.options import DataDir


def agent(
    *,
    body: Annotated[
        Literal["mujoco", "reachy", "still"] | None, Parameter(help="Which robot. [mujoco]")
    ] = None,
    learner: Annotated[
        str | None, Parameter(help="HOST or HOST:PORT of the learner. [127.0.0.1:5557]")
    ] = None,
    learner_key: Annotated[
        str | None, Parameter(help="The learner's public key, or a file that holds it.")
    ] = None,
    robot_id: Annotated[str | None, Parameter(help="Names this robot at the learner. [robot]")] = None,
    eyes: Annotated[
        Literal["projected", "camera"] | None,
        Parameter(help="What stands where: from the task, or from the camera's pictures. [projected]"),
    ] = None,
    speed: Annotated[float | None, Parameter(help="Times real time; simulated robots only. [1]")] = None,
    deterministic: Annotated[
        bool | None, Parameter(help="Most likely action: to measure, not to gather experience.")
    ] = None,
    auto_arm: Annotated[
        bool | None,
        Parameter(help="May move when switched on, without `stop --resume`. [only a simulated robot]"),
    ] = None,
    data_dir: DataDir = None,
    runtime_dir: Annotated[Path | None, Parameter(help="Shared memory and sockets; best on tmpfs.")] = None,
    config: Annotated[Path | None, Parameter(help="TOML file; flags and environment win over it.")] = None,
) -> int:
    """Run the robot's agent: guard, policy, link and spool, each a process, restarted when it dies.

    `mujoco` starts a simulated robot as one more process. `reachy` speaks to the Reachy Mini daemon here,
    on a robot or simulated. The space bar stops the robot; `reachy-coach stop` does so from another shell.
    """
    from robot_agent.config import load_agent_config
    from robot_agent.main import run

    given = {
        "body": body,
        "learner": learner,
        "learner_key": learner_key,
        "robot_id": robot_id,
        "eyes": eyes,
        "speed": speed,
        "deterministic": deterministic,
        "auto_arm": auto_arm,
        "data_dir": data_dir,
        "runtime_dir": runtime_dir,
    }
    settings = load_agent_config(config, given)
    settings.learner_public_key()  # better said now than by the link, over and over
    return run(settings)
