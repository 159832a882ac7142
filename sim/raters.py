"""Simulated people who give feedback. Synthetic, and always labelled so: no figure made with them is about
people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.tools import TOOL_INDEX

SYNTHETIC = "synthetic"
"""Mark of every rating that comes from here: client ids begin with it."""


@dataclass(frozen=True)
class GentleRater:
    """Likes small gestures and dislikes large ones; has no opinion on anything else."""

    tool: str = "nod"
    threshold: float = 0.0
    """Raw amplitude above which a gesture is too much."""
    contrary: float = 0.1
    """Share of ratings that come out the wrong way round."""

    def rate(
        self, tool: NDArray[np.int64], params: NDArray[np.floating], rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Ratings (n,): +1, -1, or NaN where there is no opinion.

        Args:
            tool: (n,) tool indices.
            params: (n, 4) raw parameters.
            rng: decides who comes out the wrong way round.
        """
        liked = np.where(params[:, 0] < self.threshold, 1.0, -1.0)
        slips = np.where(rng.random(len(tool)) < self.contrary, -1.0, 1.0)
        return np.where(tool == TOOL_INDEX[self.tool], liked * slips, np.nan).astype(np.float32)
