"""A whole agent on the simulated body, with its learner in this process."""

import subprocess
import sys

from robot_agent.config import AgentConfig
from robot_agent.processes import settings
from robot_agent.rehearsal import REHEARSAL_KEY
from shared.signing import trust


class RunningAgent:
    """Starts an agent that trusts the rehearsal's key; `choices` are further settings of it."""

    def __init__(self, folder, learner, **choices):
        self.config = AgentConfig(
            robot_id="r1",
            body="mujoco",
            learner=f"127.0.0.1:{learner.port}",
            learner_key=str(folder / "learner.pub"),
            data_dir=folder / "data",
            runtime_dir=folder / "run",
            deterministic=True,
            page_port=0,
            **choices,
        )
        trust(self.config.state.signers, "rehearsal", REHEARSAL_KEY.public)
        self._log = folder / "agent.log"
        command = [sys.executable, "-m", "robot_agent.main", settings(self.config)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)

    def said(self):
        """Its log so far."""
        return self._log.read_text()

    def end(self):
        self._process.terminate()
        self._process.wait(timeout=20)
