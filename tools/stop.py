"""`reachy-coach stop`: stop this machine's robot; release and resume it; watch it."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from shared.errors import ConfigError


def stop(
    *,
    robot_id: Annotated[str, Parameter(help="Which robot, where several run.")] = "robot",
    release: Annotated[bool, Parameter(help="Clear the latch; the robot stays still.", negative="")] = False,
    resume: Annotated[bool, Parameter(help="After a release: let it move again.", negative="")] = False,
    status: Annotated[
        bool, Parameter(help="Only say how it stands, and who stopped it.", negative="")
    ] = False,
    supervise: Annotated[
        bool,
        Parameter(help="Watch the robot until Ctrl-C; it stops if this command is lost.", negative=""),
    ] = False,
    runtime_dir: Annotated[Path | None, Parameter(help="As given to the agent.")] = None,
    as_json: Annotated[bool, Parameter(name="--json", help="Print the answer as JSON.", negative="")] = False,
) -> int:
    """Stop the robot at once: it brakes and holds, and stays so through restarts, until released and resumed.

    Exit code 0 only when the robot's guard has confirmed.
    """
    if release + resume + status + supervise > 1:
        raise ConfigError(
            "give one of --release, --resume, --status and --supervise: each is an act of its own"
        )
    from robot_agent.files import RuntimeFiles, default_runtime_dir
    from robot_agent.stop_socket import ask

    socket = RuntimeFiles(runtime_dir or default_runtime_dir(robot_id)).stop_socket
    if supervise:
        answer = _watch(socket)
    else:
        word = "release" if release else "resume" if resume else "status" if status else "stop"
        answer = ask(socket, word)
    ok = bool(answer.get("ok"))
    if as_json:
        print(json.dumps(answer))
    elif not ok:
        print(answer.get("error", "no answer"), file=sys.stderr)
    else:
        print(told(answer))
    return 0 if ok else 2


def told(answer: Mapping[str, Any]) -> str:
    """An answer in words."""
    from robot_agent.confirmation import stopped_by

    parts = [str(answer.get("state", "no guard"))]
    if "latched_ms" in answer:
        parts.append(f"latched within {answer['latched_ms']:.1f} ms")
    if "stopped_by" in answer:
        parts.append(f"stopped by {stopped_by(answer['stopped_by'])}")
    if "fault" in answer:
        parts.append(answer["fault"])
    if answer.get("limp"):
        parts.append("motors off")
    return ", ".join(parts)


def _watch(socket: Path) -> dict[str, Any]:
    """Watch until Ctrl-C or SIGTERM."""
    from robot_agent.stop_socket import supervise

    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    print("watching the robot; Ctrl-C ends the watch, and losing this command stops it", file=sys.stderr)
    return supervise(socket, ending)
