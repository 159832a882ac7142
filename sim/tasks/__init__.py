"""The tasks: one file each; `TASKS` names them all."""

from __future__ import annotations

import difflib

from shared.errors import UnknownTask
from sim.tasks import look, nod, shake
from sim.tasks.base import Split, Task

__all__ = ["TASKS", "Split", "Task", "task_named"]

TASKS: dict[str, Task] = {task.name: task for task in (look.TASK, nod.TASK, shake.TASK)}


def task_named(name: str) -> Task:
    """The task of that name.

    Raises:
        UnknownTask: there is none; names the nearest and all.
    """
    if name in TASKS:
        return TASKS[name]
    near = difflib.get_close_matches(name, TASKS, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UnknownTask(f"no task {name!r}; {hint}there are: {', '.join(TASKS)}")
