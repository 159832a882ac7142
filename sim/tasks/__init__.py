"""The tasks: one file each; `ALL_TASKS` names them all, `TASKS` those that are trained by default."""

from __future__ import annotations

import difflib

from shared.errors import UnknownTask
from sim.tasks import carry, find, look, nod, shake, slowly, steps
from sim.tasks.base import Split, Task

__all__ = ["ALL_TASKS", "TASKS", "Split", "Task", "task_named"]

TASKS: dict[str, Task] = {task.name: task for task in (look.TASK, nod.TASK, shake.TASK)}
"""What training and the demo learn by default; the order is that of stored indices."""
ALL_TASKS: dict[str, Task] = TASKS | {
    task.name: task for task in (find.TASK, slowly.TASK, steps.TASK, carry.TASK)
}


def task_named(name: str) -> Task:
    """The task of that name.

    Raises:
        UnknownTask: there is none; names the nearest and all.
    """
    if name in ALL_TASKS:
        return ALL_TASKS[name]
    near = difflib.get_close_matches(name, ALL_TASKS, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UnknownTask(f"no task {name!r}; {hint}there are: {', '.join(ALL_TASKS)}")
