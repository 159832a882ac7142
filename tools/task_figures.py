"""Figures of every task: how often a scripted expert, chance and the nearest description succeed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import ConfigError

if TYPE_CHECKING:
    from shared.control.pilot import Policy
    from sim.playing import ChooseMany

FILE = "tasks.json"
"""Below the docs folder."""
WHO = ("expert", "random", "cosine only")
_SPLITS = ("train", "held_out")


def measure_into(
    folder: Path, names: Sequence[str] | None, *, episodes: int, seed: int, tell: Callable[[str], object]
) -> dict[str, Any]:
    """Measure, and write `tasks.json` after each task, so that what was done is not lost; returns all of it.

    Args:
        folder: of the docs.
        names: of the tasks; None: all. The others keep what was measured before.
        episodes: fresh resets of each task, split and policy.
        seed: of the resets.
        tell: is told a line about each task.
    """
    from shared.files import write_atomic
    from sim.tasks import ALL_TASKS

    path = folder / FILE
    known = read_figures(folder) or {}
    figures = {name: known[name] for name in ALL_TASKS if name in known}
    for name in ALL_TASKS if names is None else names:
        found = figures_of(name, episodes=episodes, seed=seed)
        figures = {
            task: found if task == name else figures[task] for task in ALL_TASKS if task in {*figures, name}
        }
        write_atomic(path, (json.dumps(figures, indent=1) + "\n").encode())
        told = ", ".join(f"{who} {found['train'][who]['successes']}" for who in WHO)
        tell(f"{name}: of {episodes} episodes {told}\n")
    return figures


def figures_of(name: str, *, episodes: int, seed: int) -> dict[str, Any]:
    """Split -> who -> `Score` of one task.

    Raises:
        UnknownTask: there is no such task.
    """
    from sim.playing import score

    return {
        split: {
            who: {
                key: round(value, 4) if isinstance(value, float) else value
                for key, value in asdict(
                    score(name, choose, episodes=episodes, seed=seed, split=split)  # type: ignore[arg-type]
                ).items()
            }
            for who, choose in _contenders(seed).items()
        }
        for split in _SPLITS
    }


def read_figures(folder: Path) -> dict[str, Any] | None:
    """What was measured; None where nothing was.

    Raises:
        ConfigError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        figures: dict[str, Any] = json.loads(path.read_bytes())
        for splits in figures.values():
            for split in _SPLITS:
                for who in WHO:
                    row = splits[split][who]
                    if not 0 <= row["successes"] <= row["episodes"] or row["limited"] < 0.0:
                        raise ValueError("figures that cannot be")
                    _ = row["measure"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(
            f"{path} is damaged ({type(error).__name__}: {error}); remove it, and: reachy-coach tasks measure"
        ) from None
    return figures


def _contenders(seed: int) -> dict[str, ChooseMany]:
    import numpy as np

    from learner.evaluation import CosinePolicy, RandomPolicy
    from sim.experts import expert

    def scripted(specs: Any, obs: Any) -> tuple[Any, Any]:
        chosen = [expert(spec, row) for spec, row in zip(specs, obs, strict=True)]
        return np.array([tool for tool, _ in chosen]), np.array([params for _, params in chosen])

    return dict(zip(WHO, (scripted, _played(RandomPolicy(seed)), _played(CosinePolicy())), strict=True))


def _played(policy: Policy) -> ChooseMany:
    import numpy as np

    from shared.control.pilot import decide

    rng = np.random.default_rng(0)

    def choose(_: Any, obs: Any) -> tuple[Any, Any]:
        decision = decide(policy(obs), None, rng, True)
        return decision.tool, decision.params

    return choose
