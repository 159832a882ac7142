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
from robot_agent.guard.machine import STOP_SOURCES
from shared.errors import CoachError, ConfigError
from shared.files import locked

STOPS = tuple(f"stop_{source}" for source in STOP_SOURCES)
"""One line for each who may stop the robot."""
LINES = (*STOPS, "release", "resume", "limp", "state_bell", "record_bell", "action_bell")
"""The eventfds that the supervisor makes."""
PROMPT = 10
"""SCHED_FIFO priority of the processes that a person's stop wakes; the guard's is higher."""
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
    prompt: bool = False
    """It is woken by a person's stop, does little and must do it at once, whatever else the machine does."""
    needed: Callable[[AgentConfig], bool] = lambda _: True
    """Whether this configuration has work for it."""


def _guard(config: AgentConfig, lines: dict[str, int]) -> int:
    from robot_agent.bodies import open_body
    from robot_agent.guard import guard, realtime
    from robot_agent.guard.stops import StopLines

    bells = guard.Lines(StopLines.of(lines), lines["state_bell"], lines["record_bell"], lines["action_bell"])
    complaint = "another guard moves this robot; end that process"
    with locked(config.runtime.guard_lock, complaint, OTHER_GUARD_S):
        settings = guard.Settings(config.speed, config.arms_itself, config.antenna_stop)
        body = open_body(config)  # its threads are ordinary ones
        realtime.prepare(paced=config.speed <= 1.0)
        return guard.run(body, config.runtime, config.state, bells, settings)


def _policy(config: AgentConfig, lines: dict[str, int]) -> int:
    from robot_agent import policy

    bells = policy.Lines(lines["state_bell"], lines["action_bell"])
    return policy.run(config, bells)


def _eyes(config: AgentConfig, _: dict[str, int]) -> int:
    from robot_agent import eyes

    return eyes.serve(config)


def _link(config: AgentConfig, lines: dict[str, int]) -> int:
    from robot_agent import link

    return link.run(config, link.Lines(lines["record_bell"], lines["stop_link"]))


def _stops(config: AgentConfig, lines: dict[str, int]) -> int:
    from robot_agent import stop_socket

    return stop_socket.run(config.runtime, lines)


def _buttons(config: AgentConfig, lines: dict[str, int]) -> int:
    from robot_agent.sources import buttons

    return buttons.run(config, lines)


def _page(config: AgentConfig, lines: dict[str, int]) -> int:
    from robot_agent.sources import page

    return page.run(config, lines)


TABLE: tuple[Process, ...] = (
    Process(
        "stops",
        ("stop_socket", "stop_key", "stop_supervisor", "release", "resume", "limp"),
        _stops,
        nice=-10,
        prompt=True,
    ),
    Process(
        "buttons",
        ("stop_button", "stop_usb", "limp"),
        _buttons,
        nice=-10,
        prompt=True,
        needed=lambda config: config.has_buttons,
    ),
    Process(
        "page",
        ("stop_page", "stop_supervisor"),
        _page,
        nice=-10,
        prompt=True,
        needed=lambda config: config.page_port != 0,
    ),
    Process("guard", LINES, _guard, nice=-10),
    Process("policy", ("state_bell", "action_bell"), _policy),
    Process("eyes", (), _eyes, nice=5, needed=lambda config: config.eyes == "camera"),
    Process("link", ("record_bell", "stop_link"), _link, nice=5),
)
"""Those that are needed are started in this order and restarted for ever. For the body `mujoco` the
supervisor also starts `sim.robot`."""


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


def become_prompt() -> None:
    """Go before everything ordinary, and after the guard; where this is not allowed, do without."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PROMPT))


def main(arguments: list[str]) -> int:
    """Run one process of the table."""
    name, document = arguments
    found = [process for process in TABLE if process.name == name]
    if not found:
        raise ConfigError(f"no process {name!r}; there are {', '.join(p.name for p in TABLE)}")
    loaded = json.loads(document)
    with contextlib.suppress(OSError):  # raising the priority needs a right that not everybody has
        os.nice(found[0].nice)
    if found[0].prompt:
        become_prompt()
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
