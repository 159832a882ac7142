"""The docs page of the tasks, made from the tasks themselves."""

from __future__ import annotations

from pathlib import Path

from sim.tasks import ALL_TASKS, TASKS, Task
from sim.things import names

PAGE = "tasks.md"
IMAGES = Path("img", "tasks")
SEED = 7
"""Of the pictured episodes."""

_TOP = """# The tasks

<!-- Made by `reachy-coach tasks docs docs`; change sim/tasks, not this page. -->

What the robot is asked to do, in simulation and on its table. Success and reward are functions of the
recorded motion alone: the learner judges a robot's episodes with the code that judges simulated ones. A
wrong gesture, or resting the gaze on a wrong object, ends an episode as a failure; otherwise chance would
succeed by trying everything. Every decision costs a little reward, so that sooner is better. The share of
ticks on which the limiter had to change what was asked for is reported beside it, as the episode's cost.

Every task has wordings, and object names, that training never sees (held out).

`reachy-coach tasks list` prints this table, `tasks show NAME` one task with all its wordings, and `tasks play
NAME` plays it: in a window, or as a picture with `--out carry.gif`. Training and the demo learn {default}.
"""


def page() -> str:
    """The whole page."""
    head = "| task | difficulty | most decisions | wordings: train, held-out | objects: train, held-out |\n"
    lines = [head + "|---|---|---|---|---|"]
    lines += [
        f"| [{task.name}](#{task.name}) | {task.difficulty} | {task.max_decisions} "
        f"| {len(task.phrases.train)}, {len(task.phrases.held_out)} | {_objects(task)} |"
        for task in ALL_TASKS.values()
    ]
    default = ", ".join(f"`{name}`" for name in TASKS)
    return "\n".join([_TOP.format(default=default), *lines, "", *map(section, ALL_TASKS.values())])


def section(task: Task) -> str:
    """One task's part of the page."""
    reward = ", ".join(f"{name} {value:+g}" for name, value in vars(task.reward).items() if value)
    return (
        f"## {task.name}\n\n{task.about}\n\n"
        f"![{task.name}: start, middle and end of an episode]({(IMAGES / task.name).as_posix()}.webp)\n\n"
        f"Said, for example: {_quoted(task.phrases.train[:3])}. "
        f"Held out: {_quoted(task.phrases.held_out[:2])}.\n\n"
        f"Reward weights: {reward}.\n"
    )


def names_objects(task: Task) -> bool:
    """Whether instructions of this task name objects."""
    return any("{object}" in phrase for phrase in task.phrases.train)


def _objects(task: Task) -> str:
    return f"{len(names('train'))}, {len(names('held_out'))}" if names_objects(task) else "none named"


def _quoted(phrases: tuple[str, ...]) -> str:
    return ", ".join(f'"{phrase}"' for phrase in phrases)


def write(folder: Path, *, pictures: bool) -> list[Path]:
    """Write the page, and its pictures where wanted, below a docs folder; returns what was written."""
    from shared.files import write_atomic

    written = [folder / PAGE]
    write_atomic(folder / PAGE, page().encode())
    if pictures:
        from sim.experts import expert
        from sim.playing import play
        from tools.task_pictures import write as draw

        (folder / IMAGES).mkdir(parents=True, exist_ok=True)
        for name in ALL_TASKS:
            path = folder / IMAGES / f"{name}.webp"
            draw(path, play(name, expert, seed=SEED), width=360, height=270)
            written.append(path)
    return written
