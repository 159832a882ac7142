"""The agent as an app of the Reachy Mini dashboard: a switch there starts and ends it, a gear opens its page.

The dashboard starts this module as a program of its own. The agent's supervisor needs the main thread of a
process, so it is one more process; it ends with this one, however that happens.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

from reachy_mini import ReachyMini, ReachyMiniApp

from robot_agent.config import AgentConfig, load_agent_config
from robot_agent.deploy.layout import Layout
from robot_agent.processes import settings
from shared.child import die_with
from shared.errors import AlreadyRunning, BodyError, CoachError

log = logging.getLogger("app")

CONFIG_VARIABLE = "REACHY_COACH_CONFIG"
"""Names a TOML file for the app; without it the defaults and the environment count."""
LOOK_S = 0.1
END_S = 15.0


class ReachyCoach(ReachyMiniApp):  # type: ignore[misc]  # it brings no types
    """Starts the agent on the robot whose dashboard it was chosen in, and ends it again."""

    # The dashboard reads this line as text, from the copy at reachy_coach/main.py in the installed package.
    custom_app_url: str | None = "http://0.0.0.0:8042"
    dont_start_webserver = True
    request_media_backend = "no_media"

    def run(self, reachy_mini: ReachyMini, stop_event: threading.Event) -> None:
        """Run the agent until the dashboard ends it; only the agent's guard moves the robot.

        Raises:
            AlreadyRunning: the installed service has the robot.
            BodyError: the agent ended by itself.
            ConfigError: its configuration is wrong.
        """
        config = app_config(reachy_mini.client.port)
        _refuse_beside_service(Layout())
        command = [sys.executable, "-m", "robot_agent.main", settings(config)]
        agent = subprocess.Popen(command, preexec_fn=partial(die_with, os.getpid()))  # noqa: PLW1509
        try:
            while not stop_event.wait(LOOK_S):
                if agent.poll() is not None:
                    raise BodyError(f"the agent ended with {agent.returncode}; its last words are above")
        finally:
            _end(agent)


def app_config(port: int) -> AgentConfig:
    """The agent's configuration as an app: the body is the robot of the daemon at `port`.

    Raises:
        ConfigError: the file that `REACHY_COACH_CONFIG` names, or the environment, is wrong.
    """
    file = os.environ.get(CONFIG_VARIABLE)
    config = load_agent_config(Path(file) if file else None, {"body": "reachy"})
    return replace(config, daemon_port=port)


def _refuse_beside_service(layout: Layout) -> None:
    from robot_agent.files import RuntimeFiles
    from robot_agent.stop_socket import ask

    socket = RuntimeFiles(layout.on_disk(layout.runtime)).stop_socket
    try:
        there = socket.exists() and bool(ask(socket, "status"))
    except (BodyError, OSError):
        there = False
    if there:
        raise AlreadyRunning("the installed service moves this robot: sudo systemctl stop reachy-coach")


def _end(agent: subprocess.Popen[bytes]) -> None:
    """Let the guard brake first."""
    if agent.poll() is None:
        agent.terminate()
    try:
        agent.wait(END_S)
    except subprocess.TimeoutExpired:
        agent.kill()
        agent.wait()


def main() -> int:
    """What the dashboard starts."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    try:
        app = ReachyCoach()
        app.wrapped_run()
    except KeyboardInterrupt:  # the dashboard's way to end an app
        return 0
    except CoachError as error:
        log.error("Error: %s", error)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
