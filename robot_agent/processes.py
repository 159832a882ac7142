"""The table of the agent's processes. Each begins as `python -m robot_agent.processes NAME SETTINGS`."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from robot_agent.config import AgentConfig
from robot_agent.guard.stops import StopLines
from shared.errors import CoachError, ConfigError
from shared.files import locked

LINES = ("stop", "release", "resume", "state_bell", "record_bell", "action_bell")
"""The eventfds that the supervisor makes."""
OTHER_GUARD_S = 2.0
"""A guard whose supervisor was killed may take this long to brake; only then may the next one write."""


@dataclass(frozen=True)
class Process:
    """One row of the table."""

    name: str
    lines: tuple[str, ...]
    """Eventfds it inherits; who does not hold a line cannot use it."""
    start: Callable[[AgentConfig, dict[str, int]], int]
    nice: int = 0


def _guard(config: AgentConfig, lines: dict[str, int]) -> int:
    from robot_agent.bodies import open_body
    from robot_agent.guard import guard

    bells = guard.Lines(_stop_lines(lines), lines["state_bell"], lines["record_bell"], lines["action_bell"])
    complaint = "another guard moves this robot; end that process"
    with locked(config.runtime.guard_lock, complaint, OTHER_GUARD_S):
        return guard.run(open_body(config), config.runtime, config.state, bells, config.speed)


def _policy(config: AgentConfig, lines: dict[str, int]) -> int:
    from robot_agent import policy
    from robot_agent.bundles import BundleFolder

    bells = policy.Lines(lines["state_bell"], lines["action_bell"])
    return policy.run(config.runtime, BundleFolder(config.state.bundles), bells, config.deterministic)


def _link(config: AgentConfig, lines: dict[str, int]) -> int:
    from robot_agent import link

    return link.run(config, link.Lines(lines["record_bell"], lines["stop"]))


def _stops(config: AgentConfig, lines: dict[str, int]) -> int:
    from robot_agent import stop_socket

    return stop_socket.run(config.runtime, _stop_lines(lines))


def _stop_lines(lines: dict[str, int]) -> StopLines:
    return StopLines(lines["stop"], lines["release"], lines["resume"])


TABLE: tuple[Process, ...] = (
    Process("stops", ("stop", "release", "resume"), _stops),
    Process("guard", LINES, _guard, nice=-10),
    Process("policy", ("state_bell", "action_bell"), _policy),
    Process("link", ("record_bell", "stop"), _link, nice=5),
)
"""Started in this order, restarted for ever. For the body `mujoco` the supervisor also starts `sim.robot`."""


def command(
    process: Process, config: AgentConfig, lines: dict[str, int]
) -> tuple[list[str], tuple[int, ...]]:
    """Command line and inherited file descriptors of a process."""
    held = {name: lines[name] for name in process.lines}
    document = json.dumps({"config": _plain(config), "lines": held})
    return [sys.executable, "-m", "robot_agent.processes", process.name, document], tuple(held.values())


def config_from(plain: dict[str, Any]) -> AgentConfig:
    """The inverse of what `command` writes."""
    paths = {"data_dir", "runtime_dir"}
    values: dict[str, Any] = {k: Path(v) if k in paths and v else v for k, v in plain.items()}
    return AgentConfig(**values)


def settings(config: AgentConfig) -> str:
    """A configuration as JSON, for the command line of `python -m robot_agent.main`."""
    return json.dumps(_plain(config))


def _plain(config: AgentConfig) -> dict[str, Any]:
    return {k: str(v) if isinstance(v, Path) else v for k, v in asdict(config).items()}


def main(arguments: list[str]) -> int:
    """Run one process of the table."""
    name, document = arguments
    found = [process for process in TABLE if process.name == name]
    if not found:
        raise ConfigError(f"no process {name!r}; there are {', '.join(p.name for p in TABLE)}")
    loaded = json.loads(document)
    with contextlib.suppress(OSError):  # raising the priority needs a right that not everybody has
        os.nice(found[0].nice)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        return found[0].start(config_from(loaded["config"]), loaded["lines"])
    except CoachError as error:
        logging.getLogger(name).error("%s", error)
        return error.exit_code
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
