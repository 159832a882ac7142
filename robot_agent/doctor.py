"""Everything that a robot needs: the self-tests of a boot, and what lies around them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from robot_agent.checks import Check, fail, fine, looked_at, warn
from robot_agent.config import AgentConfig
from robot_agent.daemon import ask_daemon
from robot_agent.deploy.layout import SERVICE, Layout
from robot_agent.eyesight import eyesight
from robot_agent.link_checks import learner_key, learner_reachable, robot_key, signers
from robot_agent.selftest import self_test
from robot_agent.stop_socket import ask
from shared.errors import BodyError

PYTHONS = ((3, 11), (3, 13))
"""Oldest and newest that are tested."""
MODULES = {
    "mujoco": ("onnxruntime", "zmq", "cryptography", "onnx", "mujoco"),
    "reachy": ("onnxruntime", "zmq", "cryptography", "onnx", "reachy_mini"),
    "still": ("onnxruntime", "zmq", "cryptography", "onnx"),
}
"""What an agent with a body imports, beyond what is always there."""
OWN_APP = "reachy_coach"
"""The agent's name where it is an app of the dashboard."""
OLDEST_CLOCK_UNIX_S = 1_735_689_600.0
"""The first of January 2025: a clock behind it was never set."""


def examine(config: AgentConfig, layout: Layout) -> tuple[Check, ...]:
    """All checks, from the ground up."""
    ground = (
        ("python", _python),
        ("packages", partial(_packages, config)),
        ("clock", _clock),
    )
    around = (
        ("body", partial(_body, config)),
        ("eyes", partial(_eyes, config)),
        ("owner", partial(_owner, config, layout)),
        ("robot key", partial(robot_key, config)),
        ("learner key", partial(learner_key, config)),
        ("signers", partial(signers, config)),
        ("learner", partial(learner_reachable, config)),
        ("service", partial(_service, layout)),
        ("agent", partial(_agent, config)),
    )
    return looked_at(ground) + self_test(config) + looked_at(around)


def _python() -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        why = "nobody has tried this program with it"
        return warn("python", found, why, "use Python 3.11, 3.12 or 3.13")
    return fine("python", found)


def _packages(config: AgentConfig) -> Check:
    missing = [module for module in MODULES[config.body] if importlib.util.find_spec(module) is None]
    if missing:
        extra = "sim" if missing == ["mujoco"] else "robot"
        remedy = f"pip install 'reachy-coach[{extra}]'"
        return fail("packages", f"{', '.join(missing)} not installed", "the agent cannot start", remedy)
    return fine("packages", "all that the agent imports are installed")


def _clock() -> Check:
    now = time.time()
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < OLDEST_CLOCK_UNIX_S:
        why = "records carry wrong times; motion does not depend on it"
        return warn("clock", found, why, "connect to a network: timedatectl set-ntp true")
    return fine("clock", found)


def _body(config: AgentConfig) -> Check:
    if config.body != "reachy":
        return fine("body", {"mujoco": "simulated in MuJoCo", "still": "in memory"}[config.body])
    try:
        report = ask_daemon(config.daemon_port)
    except BodyError as error:
        why = "the agent waits for it and moves nothing"
        return fail("body", str(error), why, "sudo systemctl status reachy-mini-daemon")
    restart = "check cables and power, then: sudo systemctl restart reachy-mini-daemon"
    if report.state != "running" or report.error:
        found = f"the daemon is {report.state}: {report.error or 'it says no more'}"
        return fail("body", found, "the motors do not answer", restart)
    if not report.joints_readable:
        found = f"{len(report.joints)} of 9 joints can be read"
        return fail("body", found, "a motor does not answer", restart)
    if report.app not in ("", OWN_APP):
        why = "two programs move one robot, and the guard will stop it"
        return warn("body", f"{report.app} has the robot", why, "end it in the dashboard")
    kind = "simulated, " if report.simulated else ""
    return fine("body", f"daemon {report.version}, {kind}9 joints read, motors {report.motors}")


def _eyes(config: AgentConfig) -> Check:
    found = eyesight(config)
    if found.well:
        return fine("eyes", found.found)
    why = "the policy is told nothing new of what stands where"
    remedy = f"see to the light and the camera's cable; journalctl -u {SERVICE} -n 50"
    return warn("eyes", found.found, why, remedy)


def _owner(config: AgentConfig, layout: Layout) -> Check:
    """A file that was made with sudo locks the service out."""
    folder = config.state.folder
    if not folder.is_relative_to(layout.state) or not folder.exists():
        return fine("owner", "no folder of the service")
    wanted = layout.on_disk(layout.state).stat().st_uid
    foreign = [path for path in (folder, *folder.rglob("*")) if path.lstat().st_uid != wanted]
    if foreign:
        remedy = f"sudo chown -R {SERVICE}: {layout.state}"
        found = f"{foreign[0]} belongs to another user than the service's"
        return fail("owner", found, "the agent cannot use it", remedy)
    return fine("owner", f"all below {folder} belongs to the service's user")


def _service(layout: Layout) -> Check:
    if not layout.on_disk(layout.unit).exists():
        why = "the agent does not come up with the robot"
        return warn("service", "not installed", why, "sudo reachy-coach install-robot")
    if not layout.on_disk(layout.wanted).is_symlink():
        why = "the agent does not come up with the robot"
        return warn("service", "installed, but not enabled", why, f"sudo systemctl enable {SERVICE}")
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").is_dir():
        return fine("service", "enabled; systemd does not run here")
    fields = ("ActiveState", "SubState", "NRestarts", "StatusText", "NeedDaemonReload")
    words = ("systemctl", "show", SERVICE, f"--property={','.join(fields)}")
    answer = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    told = dict(line.partition("=")[::2] for line in answer.splitlines())
    found = f"{told.get('ActiveState', 'unknown')}, started again {told.get('NRestarts', '?')} times"
    if told.get("StatusText"):
        found += f", says: {told['StatusText']}"
    if told.get("NeedDaemonReload") == "yes":
        remedy = f"sudo systemctl daemon-reload && sudo systemctl restart {SERVICE}"
        return warn("service", found, "the unit on disk is newer than the one that runs", remedy)
    if told.get("ActiveState") != "active":
        remedy = f"journalctl -u {SERVICE} -n 50, then: sudo systemctl restart {SERVICE}"
        return fail("service", found, "no agent runs here", remedy)
    return fine("service", found)


def _agent(config: AgentConfig) -> Check:
    socket = config.runtime.stop_socket
    if os.access(config.runtime.folder, os.F_OK) and not os.access(config.runtime.folder, os.X_OK):
        why = "you cannot stop the robot from this shell without sudo"
        remedy = f"sudo usermod -aG {SERVICE} $USER, and log in again"
        return warn("agent", f"{config.runtime.folder} is another user's", why, remedy)
    if not socket.exists():
        return warn("agent", "does not run", "the robot does nothing", f"sudo systemctl start {SERVICE}")
    if not os.access(socket, os.W_OK):
        why = "you cannot stop the robot from this shell without sudo"
        remedy = f"sudo usermod -aG {SERVICE} $USER, and log in again"
        return warn("agent", "runs as another user", why, remedy)
    try:
        answer = ask(socket, "status")
    except BodyError as error:
        return fail("agent", str(error), "the robot does nothing", f"sudo systemctl restart {SERVICE}")
    state = str(answer.get("state", answer.get("error", "unknown")))
    if state in ("STOPPED", "FAULT"):
        source = answer.get("fault") or f"by {answer.get('stopped_by', 'somebody')}"
        why = "the robot holds still, as it was told"
        remedy = "look around, then: reachy-coach stop --release, then --resume"
        return warn("agent", f"{state}: {source}", why, remedy)
    if state == "DISARMED":
        remedy = "look around, then: reachy-coach stop --resume"
        return warn("agent", state, "the robot waits for a person's leave to move", remedy)
    return (
        fine("agent", state) if answer.get("ok") else fail("agent", state, "no motion", "wait, and ask again")
    )
