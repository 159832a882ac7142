"""The docs page of the tasks, made from the tasks themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.tasks import ALL_TASKS, TASKS, Split, Task
from sim.tasks.benchmark import ENTRIES
from sim.things import names
from tools.task_figures import WHO, read_figures

PAGE = "tasks.md"
IMAGES = Path("img", "tasks")
SEED = 7
SEEDS = {"interrupt": 3, "track": 24}
"""Of the pictured episodes; some show better than others what goes on."""

_TOP = """# The tasks

<!-- Made by `reachy-coach tasks docs docs`; change sim/tasks, not this page. -->

What the robot is asked to do, in simulation and on its table. Success and reward are functions of the
recorded motion alone (in `safe` also of what the limiter did): the learner judges a robot's episodes with the
code that judges simulated ones. A wrong gesture, or resting the gaze on a wrong object, ends an episode as a
failure; otherwise chance would succeed by trying everything. Every decision costs a little reward, so that
sooner is better. The share of ticks on which the limiter had to change what was asked for is reported beside
it, as the episode's cost. Some tasks measure something more at the end of an episode.

Every task has wordings, and object names, that training never sees (held out).

`reachy-coach tasks list` prints this table, `tasks show NAME` one task with all its wordings, and `tasks play
NAME` plays it: in a window, or as a picture with `--out carry.gif`. Training and the demo learn {default};
`reachy-coach train --tasks look,find,slowly` learns others, and `eval --tasks` measures them. An interruption
travels with its task, so that a robot observes the new wish from its decision on, too; tasks that say so are
there in simulation only, and the learner does not give them to robots.
"""


_FIFTEEN = """## The fifteen tasks of the benchmark

Ten are for training, five are held out whole and only ever measured: {held_out}. {beside} are there beside
the fifteen. Where a tool is made or judged, not a motion, [the tool maker](tool-maker.md) has the task.

| | the benchmark asks for | here | policies train on it | how |
|---|---|---|---|---|
"""

_FIGURES = """## Measured

Success on {episodes} fresh resets of each task: of a scripted expert that knows which object is meant, of a
policy that chooses any tool and any parameters, and of one that takes the tool whose description is nearest
to the instruction ("cosine only", at the middle of its range; `look` goes to the best match). Measured by
`reachy-coach tasks measure docs`.

| task | expert: train, held-out | random | cosine only | measured at the end: expert, cosine only |
|---|---|---|---|---|
"""


def page(figures: dict[str, Any] | None) -> str:
    """The whole page.

    Args:
        figures: from `task_figures`; None where nothing was measured.
    """
    head = "| task | difficulty | most decisions | wordings: train, held-out | objects: train, held-out |\n"
    lines = [head + "|---|---|---|---|---|"]
    lines += [
        f"| [{task.name}](#{task.name}) | {task.difficulty} | {task.max_decisions} "
        f"| {len(task.phrases.train)}, {len(task.phrases.held_out)} | {_objects(task)} |"
        for task in ALL_TASKS.values()
    ]
    default = ", ".join(f"`{name}`" for name in TASKS)
    parts = [_TOP.format(default=default), *lines, "", fifteen()]
    if figures:
        parts.append(measured(figures))
    return "\n".join([*parts, *map(section, ALL_TASKS.values())])


def fifteen() -> str:
    """The benchmark's tasks and ours."""
    beside = [f"`{name}`" for name in ALL_TASKS if name not in {entry.task for entry in ENTRIES}]
    rows = [
        f"| {number} | {entry.wording} | {f'[{entry.task}](#{entry.task})' if entry.task else 'a command'} "
        f"| {'no: held out whole' if entry.held_out else 'yes' if entry.task else 'no policy is trained'} "
        f"| {entry.how} |\n"
        for number, entry in enumerate(ENTRIES, 1)
    ]
    held_out = ", ".join(f"`{e.task}`" if e.task else e.wording for e in ENTRIES if e.held_out)
    return _FIFTEEN.format(held_out=held_out, beside=", ".join(beside)) + "".join(rows)


def measured(figures: dict[str, Any]) -> str:
    """The table of what was measured."""
    rows = []
    for name, splits in figures.items():
        cells = [", ".join(_share(splits[split][who]) for split in ("train", "held_out")) for who in WHO]
        rows.append(f"| [{name}](#{name}) | {' | '.join(cells)} | {_measures(name, splits)} |\n")
    episodes = sorted(
        {row["episodes"] for s in figures.values() for who in s.values() for row in who.values()}
    )
    return _FIGURES.format(episodes=" or ".join(map(str, episodes))) + "".join(rows)


def _share(row: dict[str, Any]) -> str:
    return f"{row['successes'] / row['episodes']:.3f}"


def _measures(name: str, splits: dict[str, Any]) -> str:
    """Medians on the training split, and what they are of."""
    found = [splits["train"][who]["measure"] for who in ("expert", "cosine only")]
    if found[0] is None:
        return ""
    told = ", ".join("none" if value is None else f"{value:.3f}" for value in found)
    return f"{told} ({ALL_TASKS[name].measures})"


def section(task: Task) -> str:
    """One task's part of the page."""
    reward = ", ".join(f"{name} {value:+g}" for name, value in vars(task.reward).items() if value)
    return (
        f"## {task.name}\n\n{task.about}\n\n"
        f"![{task.name}: start, middle and end of an episode]({(IMAGES / task.name).as_posix()}.webp)\n\n"
        f"Said, for example: {_quoted(task.phrases.train[:3])}. "
        f"Held out: {_quoted(task.phrases.held_out[:2])}.\n\n"
        + (f"Then, for example: {_quoted(task.then.train[:3])}. " if task.then else "")
        + (f"Held out: {_quoted(task.then.held_out[:2])}.\n\n" if task.then else "")
        + f"Reward weights: {reward}.\n"
        + (f"\nMeasured at the end: {task.measures}.\n" if task.measures else "")
        + (f"\nIn simulation only: {task.simulation_only}.\n" if task.simulation_only else "")
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
    write_atomic(folder / PAGE, page(read_figures(folder)).encode())
    if pictures:
        from sim.experts import expert
        from sim.playing import play
        from tools.task_pictures import write as draw

        (folder / IMAGES).mkdir(parents=True, exist_ok=True)
        for name in ALL_TASKS:
            path = folder / IMAGES / f"{name}.webp"
            split: Split = "held_out" if name == "dim" else "train"
            draw(path, play(name, expert, seed=SEEDS.get(name, SEED), split=split), width=360, height=270)
            written.append(path)
    return written
