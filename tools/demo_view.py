"""What the demo shows in the terminal: a link, a code to scan, and a few live lines."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table

PLAIN_EVERY = 20
"""Without a terminal, one line for so many updates."""


class View:
    """The terminal side of a demo."""

    def __init__(self, console: Console, url: str, data_dir: Path, tasks: tuple[str, ...]) -> None:
        self._console, self._url, self._data_dir, self._tasks = console, url, data_dir, tasks
        self._live: Live | None = None
        self._updates = 0

    def welcome(self) -> None:
        """The link and its code."""
        self._console.print(
            Panel(f"Open [bold]{self._url}[/] on your phone, in the same network.", expand=False)
        )
        if self._console.is_terminal:
            self._console.print(code(self._url), highlight=False)
        self._console.print(f"logs: {self._data_dir / 'logs'}", style="dim")

    @contextlib.contextmanager
    def live(self) -> Iterator[None]:
        """While inside, `update` redraws in place."""
        if not self._console.is_terminal:
            yield
            return
        with Live(console=self._console, refresh_per_second=4) as self._live:
            yield
        self._live = None

    def update(self, summary: dict[str, Any]) -> None:
        """Show how things stand."""
        if self._live is not None:
            self._live.update(board(summary, self._tasks))
        elif self._updates % PLAIN_EVERY == 0:
            self._console.print(line(summary, self._tasks), soft_wrap=True)
        self._updates += 1

    def closing(self, result: dict[str, Any]) -> None:
        """What the table does not say."""
        robot = result["robot"]
        lost = robot["transitions_missing"] + robot["transitions_lost_in_ring"]
        self._console.print(
            f"policy v{result['policy_version']} after {result['wall_s']:.0f} s; on the robot "
            f"{robot['policies_active']} policies became active, {robot['transitions_stored']} transitions "
            f"were stored, {lost} lost, "
            f"{robot['limit_violations_applied']} limit violations"
        )
        if not result["reached_goal"]:
            self._console.print("validation did not reach the goal in the time given", style="bold yellow")


def code(url: str) -> str:
    """The link as a QR code in block characters."""
    import qrcode

    picture = qrcode.QRCode(border=1)
    picture.add_data(url)
    out = io.StringIO()
    picture.print_ascii(out=out, invert=True)
    return out.getvalue()


def metric(summary: dict[str, Any], name: str) -> float | None:
    """The newest value of a figure that the trainer reported."""
    row = summary["metrics"].get(name)
    return None if row is None else float(row["value"])


def number(value: float | None, form: str = ".2f") -> str:
    """A number, or a dash while there is none."""
    return "–" if value is None else format(value, form)


def robot_words(robot: dict[str, Any] | None) -> str:
    """Policy and state of the robot; for a stopped one, what to do."""
    if robot is None:
        return "–"
    if robot["state"].lower() == "stopped":
        command = f"reachy-coach stop --robot-id {robot['robot_id']}"
        return f"[bold red]stopped[/]; to go on: {command} --release, then {command} --resume"
    return f"v{robot['policy_version']}, {robot['state'].lower()}"


def facts(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Label and value of everything beside the tasks."""
    robots, link, feedback = summary["robots"], summary["link"], summary["feedback"]
    robot = robots[0] if robots else None
    received = sum(feedback.values()) if isinstance(feedback, dict) else feedback
    return [
        ("reward a decision", number(metric(summary, "reward/decision"))),
        ("published policy", number(summary["policy"]["published"], "d")),
        ("policy on the robot", robot_words(robot)),
        ("feedback received", f"{received}, taste model v{summary['taste']['version'] or 0}"),
        (
            "link",
            f"lag {number(link['lag_p50_ms'], '.0f')} ms (p95 {number(link['lag_p95_ms'], '.0f')}), "
            f"{link['transitions']} transitions, {0 if robot is None else robot['lost']} lost",
        ),
    ]


def board(summary: dict[str, Any], tasks: tuple[str, ...]) -> Table:
    """The live picture."""
    table = Table.grid(padding=(0, 2))
    for task in tasks:
        row = summary["tasks"].get(task, {})
        validated = metric(summary, f"validation/{task}")
        table.add_row(
            f"[bold]{task}[/]",
            ProgressBar(total=1.0, completed=validated or 0.0, width=24),
            f"success {number(validated)} in validation",
            f"{number(metric(summary, f'charts/episodes_{task}'), '.0f')} episodes",
            f"robot {number(row.get('success_rate'))} of {row.get('episodes', 0)}",
        )
    for label, value in facts(summary):
        table.add_row(label, value)
    return table


def line(summary: dict[str, Any], tasks: tuple[str, ...]) -> str:
    """The same in one line, for logs."""
    success = " ".join(f"{task} {number(metric(summary, f'validation/{task}'))}" for task in tasks)
    return f"validation {success} | " + " | ".join(f"{label} {value}" for label, value in facts(summary))
