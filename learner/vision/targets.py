"""What the network is to answer for a frame, and how far off it is.

Zhou, Wang, Krähenbühl: Objects as Points (2019): a Gaussian around each centre in the heat map of its name,
a focal loss on it, and L1 on what else there is to know at the centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from shared.sight.decode import GEOMETRY, SMALLEST_CELLS, STRIDE
from sim.images import HEIGHT, WIDTH

F32 = NDArray[np.float32]

ROWS, COLUMNS = -(-HEIGHT // STRIDE), -(-WIDTH // STRIDE)
Size = tuple[int, int]
WHOLE: Size = (ROWS, COLUMNS)
_REACH = 4
"""Cells to each side that a Gaussian covers."""


@dataclass(frozen=True)
class Targets:
    """For a batch of n frames, or of windows of them."""

    heat: F32
    """(n, names, rows, columns): 1 at centres, falling off around them."""
    weight: F32
    """(n, names, rows, columns): 0 where it cannot be said whether a name is right."""
    geometry: F32
    """(n, 7, rows, columns), valid in the cells of `there`."""
    there: F32
    """(n, 1, rows, columns): 1 at a centre and in the cells around it."""


def targets(
    truth: NDArray[np.void], names: int, windows: NDArray[np.int64] | None = None, window: Size = WHOLE
) -> Targets:
    """For windows of n frames.

    Args:
        truth: (n, MAX_TRUTHS) of `sim.truths.TRUTH`, for the whole frames.
        names: things with an index from here on are background.
        windows: (n, 2) row and column [cells] at which each window begins; None: the whole frames.
        window: rows and columns of the windows [cells].
    """
    n = len(truth)
    heat = np.zeros((n, names, *window), np.float32)
    weight = np.ones_like(heat)
    geometry = np.zeros((n, len(GEOMETRY), *window), np.float32)
    there = np.zeros((n, 1, *window), np.float32)
    corner = np.zeros((n, 2), np.int64) if windows is None else windows
    for i, k in np.argwhere((truth["name"] >= 0) & (truth["name"] < names)):
        thing = truth[i, k]
        above, before = corner[i]
        left, top, right, bottom = 0.5 * (thing["box"] + 1.0) * (COLUMNS, ROWS, COLUMNS, ROWS) - (
            before,
            above,
            before,
            above,
        )
        x, y = 0.5 * (thing["u"] + 1.0) * COLUMNS - before, 0.5 * (thing["v"] + 1.0) * ROWS - above
        if not (thing["clear"] and 0.0 <= x <= window[1] and 0.0 <= y <= window[0]):
            box = np.s_[_from(top) : _from(np.ceil(bottom)), _from(left) : _from(np.ceil(right))]
            weight[i, thing["name"]][box] = 0.0
            continue
        column, row = min(int(x), window[1] - 1), min(int(y), window[0] - 1)
        sigma = float(np.clip(0.18 * np.sqrt((right - left) * (bottom - top)), 0.7, 2.0))
        rows = np.arange(max(row - _REACH, 0), min(row + _REACH + 1, window[0]))
        columns = np.arange(max(column - _REACH, 0), min(column + _REACH + 1, window[1]))
        spread = np.exp(
            -((rows[:, None] - row) ** 2 + (columns - column) ** 2) / (2.0 * sigma**2), dtype=np.float64
        )
        area = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        heat[i, thing["name"]][area] = np.maximum(heat[i, thing["name"]][area], spread)
        sides = np.array([x - left, y - top, right - x, bottom - y, thing["size"] * COLUMNS])
        for r in rows[abs(rows - row) <= 1]:
            for c in columns[abs(columns - column) <= 1]:
                there[i, 0, r, c] = 1.0
                geometry[i, :2, r, c] = x - c, y - r
                geometry[i, 2:, r, c] = np.log(np.maximum(sides, SMALLEST_CELLS))
    return Targets(heat, weight, geometry, there)


def _from(cells: float) -> int:
    return max(int(cells), 0)


def loss(heat: Tensor, geometry: Tensor, wanted: Targets) -> Tensor:
    """Focal loss of the heat map (logits) and L1 of the geometry, as one number."""
    target = torch.from_numpy(wanted.heat)
    logits = heat.float()
    sure = torch.sigmoid(logits)
    centre = target > 0.999
    right = -F.logsigmoid(logits) * (1.0 - sure) ** 2
    wrong = -F.logsigmoid(-logits) * sure**2 * (1.0 - target) ** 4
    each = torch.where(centre, right, wrong) * torch.from_numpy(wanted.weight)
    focal = each.sum() / centre.sum().clamp(min=1)
    there = torch.from_numpy(wanted.there)
    off = (geometry.float() - torch.from_numpy(wanted.geometry)).abs() * there
    return focal + off.sum() / there.sum().clamp(min=1.0) / 2.0
