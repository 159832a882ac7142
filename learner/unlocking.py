"""Which tasks a robot may be given: harder ones once it has shown, on the robot itself, that it can do easier
ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from learner.store import queries
from learner.store.engine import AsyncStore

WINDOW = 5
NEEDED = 3
"""Successes within WINDOW episodes in a row that pass a task; passed once is passed."""
LAST = 500
"""Episodes of a task that are looked at."""


@dataclass(frozen=True)
class Access:
    """How a robot stands with one task."""

    task: str
    open: bool
    after: str
    """The task that it has to pass first; empty when it is open."""


def passed(outcomes: Sequence[str]) -> bool:
    """Whether these outcomes, in order, hold a window that passes the task."""
    won = [outcome == "success" for outcome in outcomes]
    return any(sum(won[start : start + WINDOW]) >= NEEDED for start in range(len(won)))


class Unlocking:
    """Remembers which robot has passed what.

    Args:
        store: holds the episodes.
        tasks: names of all tasks.
        order: tasks from easy to hard; each opens once the one before it is passed.
    """

    def __init__(self, store: AsyncStore, tasks: Sequence[str], order: Sequence[str]) -> None:
        self._store = store
        self._tasks = tuple(tasks)
        self._order = tuple(task for task in order if task in tasks)
        self._passed: set[tuple[str, str]] = set()

    async def access(self, robot_id: str) -> list[Access]:
        """Every task, in the order in which the learner has them."""
        locked_by: dict[str, str] = {}
        blocked = ""
        for task in self._order:
            if blocked:
                locked_by[task] = blocked
            elif task != self._order[-1] and not await self._has_passed(robot_id, task):
                blocked = task
        return [Access(task, task not in locked_by, locked_by.get(task, "")) for task in self._tasks]

    async def open_tasks(self, robot_id: str) -> list[str]:
        """Those that the robot may be given now; never empty while there are tasks."""
        return [access.task for access in await self.access(robot_id) if access.open]

    async def _has_passed(self, robot_id: str, task: str) -> bool:
        if (robot_id, task) in self._passed:
            return True
        outcomes = await self._store.read(queries.robot_outcomes, robot_id, task, last=LAST)
        if passed(outcomes):
            self._passed.add((robot_id, task))
            return True
        return False
