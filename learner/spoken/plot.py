"""The figure: success on fresh resets against episodes, one line an arm, the band from the lowest to the
highest seed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.plotting import pyplot
from learner.spoken.experiment import Run

COLOURS = {"task": "#6b7280", "words": "#2563eb", "both": "#d97706"}
LABELS = {"task": "task reward only", "words": "words only", "both": "both"}

F64 = NDArray[np.float64]


def draw(runs: Sequence[Run], path: Path) -> None:
    """Write the figure; the file's ending says as what.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    plt = pyplot()
    tasks = list(runs[0].after)
    figure, axes = plt.subplots(
        1, len(tasks), figsize=(3.6 * len(tasks) + 0.6, 3.2), sharey=True, squeeze=False
    )
    for axis, task in zip(axes[0], tasks, strict=True):
        for arm in dict.fromkeys(run.arm for run in runs):
            mine = [run for run in runs if run.arm == arm]
            x, curves = common(mine, task)
            axis.plot(x, curves.mean(axis=0), color=COLOURS[arm], label=LABELS[arm], linewidth=1.8)
            axis.fill_between(
                x, curves.min(axis=0), curves.max(axis=0), color=COLOURS[arm], alpha=0.15, linewidth=0
            )
        axis.set_title(task)
        axis.set_xlabel("episodes over all tasks")
        axis.set_ylim(-0.02, 1.02)
        axis.grid(alpha=0.2)
    axes[0][0].set_ylabel("success on fresh resets")
    axes[0][-1].legend(frameon=False, loc="lower right", fontsize=8)
    seeds = len({run.seed for run in runs})
    figure.suptitle(
        f"Simulated raters who only speak (synthetic), {seeds} seeds: mean, lowest to highest", fontsize=9
    )
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def common(runs: Sequence[Run], task: str) -> tuple[F64, F64]:
    """One arm's curves at the same numbers of episodes, by straight lines between the points: x (k,) and
    success (seeds, k)."""
    last = min(run.points[-1].episodes for run in runs)
    x = np.linspace(runs[0].points[0].episodes, last, 40)
    curves: list[Any] = [
        np.interp(x, [p.episodes for p in run.points], [p.success[task] for p in run.points]) for run in runs
    ]
    return x, np.array(curves)
