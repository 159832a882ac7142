"""`reachy-coach stop`: stop this machine's robot; release and resume it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from shared.errors import ConfigError


def stop(
    *,
    robot_id: Annotated[str, Parameter(help="Which robot, where several run.")] = "robot",
    release: Annotated[bool, Parameter(help="Clear the latch; the robot stays still.", negative="")] = False,
    resume: Annotated[bool, Parameter(help="After a release: let it move again.", negative="")] = False,
    status: Annotated[bool, Parameter(help="Only say how it stands.", negative="")] = False,
    runtime_dir: Annotated[Path | None, Parameter(help="As given to the agent.")] = None,
    as_json: Annotated[bool, Parameter(name="--json", help="Print the answer as JSON.", negative="")] = False,
) -> int:
    """Stop the robot at once: it brakes and holds, and stays so through restarts, until released and resumed.

    Exit code 0 only when the robot's guard has confirmed.
    """
    if release + resume + status > 1:
        raise ConfigError("give one of --release, --resume and --status: each is an act of its own")
    from robot_agent.files import RuntimeFiles, default_runtime_dir
    from robot_agent.stop_socket import ask

    word = "release" if release else "resume" if resume else "status" if status else "stop"
    answer = ask(RuntimeFiles(runtime_dir or default_runtime_dir(robot_id)).stop_socket, word)
    ok = bool(answer.get("ok"))
    if as_json:
        print(json.dumps(answer))
    elif not ok:
        print(answer.get("error", "no answer"), file=sys.stderr)
    elif "latched_ms" in answer:
        print(f"{answer['state']}, latched within {answer['latched_ms']:.1f} ms")
    else:
        print(answer["state"])
    return 0 if ok else 2
