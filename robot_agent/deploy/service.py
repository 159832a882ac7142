"""What the systemd unit starts: `python -m robot_agent.deploy.service CONFIG`.

Unlike `reachy-coach agent` it comes up without a learner's key: the stop works on a robot that is not paired.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from robot_agent.config import load_agent_config
from robot_agent.main import run
from robot_agent.notify import Notifier
from shared.errors import CoachError

log = logging.getLogger("agent")


def main(arguments: list[str]) -> int:
    """Run the agent with the settings of a file until it is asked to end."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    try:
        if len(arguments) != 1:
            raise CoachError(f"expected one argument, the configuration file; got {len(arguments)}")
        return run(load_agent_config(Path(arguments[0]), {}))
    except CoachError as error:
        log.error("%s", error)
        Notifier.from_env().status(str(error))
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
