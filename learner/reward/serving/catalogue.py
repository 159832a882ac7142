"""Which reward models can be put into use by name: those that ship, and those that were trained here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from learner.reward.model import RewardModel

SHIPPED = ("minilm", "lexicon", "buttons")
TRAINED_DIR = Path("reward", "models")
"""Below the data folder: one folder a trained model."""


class Catalogue:
    """Names only: a path that comes over the network opens nothing."""

    def __init__(self, data_dir: Path, open_model: Callable[[str, Path], RewardModel]) -> None:
        self._data_dir = data_dir
        self._open_model = open_model

    def names(self) -> list[str]:
        """Of all models, those that ship first."""
        folder = self._data_dir / TRAINED_DIR
        trained = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
        return [*SHIPPED, *(name for name in trained if name not in SHIPPED)]

    def open(self, name: str) -> RewardModel:
        """Load one; slow.

        Raises:
            ValueError: there is none of that name.
            Exception: it cannot be loaded.
        """
        if name not in self.names():
            raise ValueError(f"no reward model {name!r}; there are: {', '.join(self.names())}")
        if name in SHIPPED:
            return self._open_model(name, self._data_dir)
        return self._open_model(str(self._data_dir / TRAINED_DIR / name), self._data_dir)
