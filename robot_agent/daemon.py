"""What the Reachy Mini daemon says of itself over HTTP, without becoming a client that moves the robot."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

from shared.errors import BodyError
from shared.spaces import NUM_JOINTS

TIMEOUT_S = 2.0
MAX_ANSWER = 1 << 20


@dataclass(frozen=True)
class DaemonReport:
    """How daemon and motors are."""

    state: str
    """`running` when all is well."""
    version: str
    simulated: bool
    motors: str
    """`enabled`, `disabled` or `gravity_compensation`."""
    joints: tuple[float, ...]
    """(9,) rad, as measured; fewer if the daemon does not know them."""
    app: str
    """The dashboard app or remote session that has the robot; empty if none."""
    error: str

    @property
    def joints_readable(self) -> bool:
        """Whether every joint has a measured angle."""
        return len(self.joints) == NUM_JOINTS and all(math.isfinite(angle) for angle in self.joints)


def ask_daemon(port: int) -> DaemonReport:
    """Ask the daemon of this machine.

    Raises:
        BodyError: nobody answers there, or not as a Reachy Mini daemon does.
    """
    status = _get(port, "/api/daemon/status")
    if "state" not in status:
        raise BodyError(f"what answers on port {port} is no Reachy Mini daemon; give its port as daemon_port")
    backend = status.get("backend_status") or {}
    pose: dict[str, Any] = {}
    if status["state"] == "running":
        pose = _get(port, "/api/state/full?with_head_joints=true&with_control_mode=true")
    joints = [*(pose.get("head_joints") or []), *(pose.get("antennas_position") or [])]
    lock = _get(port, "/api/daemon/robot-app-lock-status") if pose else {}
    return DaemonReport(
        state=str(status["state"]),
        version=str(status.get("version") or "unknown"),
        simulated=bool(status.get("simulation_enabled") or status.get("mockup_sim_enabled")),
        motors=str(pose.get("control_mode") or backend.get("motor_control_mode") or "unknown"),
        joints=tuple(float(angle) for angle in joints if isinstance(angle, int | float)),
        app=str(lock.get("holder_name") or "") if lock.get("state") != "free" else "",
        error=str(status.get("error") or backend.get("error") or ""),
    )


def _get(port: int, path: str) -> dict[str, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read(MAX_ANSWER)
        answer = json.loads(body) if response.status == 200 else {}
    except (OSError, HTTPException, ValueError) as error:
        raise BodyError(f"no Reachy Mini daemon answers on port {port} of this machine ({error})") from None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else {}
