"""`reachy-coach eval --agent baseline`: success of the agent that learns nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.vector import Sight


def evaluate_baseline(  # noqa: PLR0917
    tasks: Sequence[str], episodes: int, split: str, seed: int, as_json: bool, sight: Sight | None
) -> int:
    """Success on fresh simulated resets of each task, with Wilson's 95 % intervals."""
    from rich.console import Console

    from learner import evaluation
    from learner.coordinator.scoring import baseline_scores
    from sim.tasks.base import SPLITS

    report = {}
    for part in SPLITS if split == "both" else [one for one in SPLITS if one == split]:
        scores = {"baseline": baseline_scores(tasks, episodes=episodes, split=part, seed=seed, sight=sight)}
        report[part] = evaluation.to_json(scores)
        if not as_json:
            title = f"success on {episodes} resets a task, {part} phrasings"
            Console().print(evaluation.table(scores, title))
    if as_json:
        eyes = "projected" if sight is None else "camera"
        json.dump({"agent": "baseline", "eyes": eyes, "seed": seed, "success": report}, sys.stdout, indent=2)
        print()
    return 0
