"""The figures of lessons: error over attempts, similarity over demonstrations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from learner.lessons.tempo import Run, summary
from learner.lessons.track import Run as TrackRun
from learner.lessons.track import summary as track_summary
from learner.plotting import pyplot

COLOURS = {
    "words": "#2563eb",
    "network": "#7c3aed",
    "reward": "#059669",
    "taps": "#d97706",
    "random": "#9ca3af",
    "ignore": "#4b5563",
}
LABELS = {
    "words": "words: direction and reward",
    "network": "the same, carried by a network",
    "reward": "the words' reward only (R_h)",
    "taps": "taps only (R_h)",
    "random": "another tempo each time",
    "ignore": "words ignored",
}


def draw_tempo(runs: Sequence[Run], path: Path) -> None:
    """Mean error of each attempt with its 95 % interval; the file's ending says as what.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    plt = pyplot()
    figure, axis = plt.subplots(figsize=(6.4, 3.8))
    found = summary(runs)
    for arm, row in found.items():
        x = range(1, len(row["error"]) + 1)
        axis.plot(x, row["error"], color=COLOURS[arm], label=LABELS[arm], linewidth=1.8)
        axis.fill_between(x, row["error_low"], row["error_high"], color=COLOURS[arm], alpha=0.15, linewidth=0)
    first = next(iter(found.values()))
    axis.axhline(0.5 * first["error"][0], color="#111827", linewidth=0.8, linestyle=":")
    axis.annotate("half", (1.05, 0.5 * first["error"][0]), fontsize=8, va="bottom")
    axis.set_xlabel("attempt")
    axis.set_ylabel("relative error of the tempo")
    axis.set_ylim(bottom=0.0)
    axis.grid(alpha=0.2)
    axis.legend(frameon=False, fontsize=8)
    axis.set_title(
        f"Simulated people who say “too fast” (synthetic), {first['lessons']} lessons: mean, 95 %", fontsize=9
    )
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)


def draw_track(runs: Sequence[TrackRun], path: Path) -> None:
    """Similarity by number of demonstrations, train and held-out, with Student's 95 % interval over seeds.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    plt = pyplot()
    found = track_summary(runs)
    figure, axis = plt.subplots(figsize=(6.4, 3.6))
    for k, (split, colour) in enumerate((("train", "#2563eb"), ("held_out", "#d97706"))):
        rows = [row[split]["similarity"] for row in found.values()]
        at = [i + 0.16 * (2 * k - 1) for i in range(len(rows))]
        # One run has no interval: none is drawn.
        below = [row["mean"] - row["low"] if row["low"] is not None else np.nan for row in rows]
        above = [row["high"] - row["mean"] if row["high"] is not None else np.nan for row in rows]
        axis.bar(at, [row["mean"] for row in rows], 0.3, color=colour, label=split.replace("_", "-"))
        axis.errorbar(
            at, [row["mean"] for row in rows], yerr=[below, above], fmt="none", ecolor="#111827", capsize=3
        )
    axis.axhline(0.9, color="#111827", linewidth=0.8, linestyle=":")
    axis.set_xticks(range(len(found)), [f"{who} shown" if who.isdigit() else who for who in found])
    axis.set_ylabel("similarity to never looking away")
    axis.set_ylim(0.0, 1.0)
    axis.grid(alpha=0.2, axis="y")
    axis.legend(frameon=False, fontsize=8, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0))
    figure.tight_layout()
    figure.savefig(path, dpi=150)
    plt.close(figure)
