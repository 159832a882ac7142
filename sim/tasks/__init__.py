"""The tasks: one file each; `ALL_TASKS` names them all, `TASKS` those that are trained by default."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from shared.errors import ConfigError, UnknownTask
from sim.tasks import (
    ask,
    bow,
    carry,
    describe,
    dim,
    find,
    interrupt,
    look,
    nod,
    perform,
    safe,
    shake,
    slowly,
    steps,
    tempo,
    track,
)
from sim.tasks.base import Split, Task

__all__ = ["ALL_TASKS", "TASKS", "Split", "Task", "task_named", "tasks_for_robots"]

TASKS: dict[str, Task] = {task.name: task for task in (look.TASK, nod.TASK, shake.TASK)}
"""What training and the demo learn by default; the order is that of stored indices."""
ALL_TASKS: dict[str, Task] = TASKS | {
    task.name: task
    for task in (
        find.TASK,
        slowly.TASK,
        steps.TASK,
        carry.TASK,
        ask.TASK,
        interrupt.TASK,
        track.TASK,
        dim.TASK,
        tempo.TASK,
        safe.TASK,
        describe.TASK,
        bow.TASK,
        perform.TASK,
    )
}
"""New ones go to the end: a stored index keeps its meaning."""


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


def tasks_for_robots(names: Iterable[str]) -> dict[str, Task]:
    """These tasks, by name.

    Raises:
        UnknownTask: there is none of a name.
        ConfigError: one is there in simulation only.
    """
    found = {name: task_named(name) for name in names}
    for name, task in found.items():
        if task.simulation_only:
            raise ConfigError(f"robots cannot be given the task {name!r}: {task.simulation_only}")
    return found
