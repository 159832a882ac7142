"""From the network's maps to detections: peaks of the heat map, each with its centre, size and box.

Two peaks that lie almost on each other are one thing: the more confident name stays.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.sight.detections import DETECTION, MAX_SEEN

F32 = NDArray[np.float32]

STRIDE = 4
"""Pixels of the frame in one cell of the maps."""
GEOMETRY = ("offset x", "offset y", "left", "top", "right", "bottom", "size")
"""Channels of the geometry map: where in its cell the centre lies [cells]; logarithms of the distances from
there to the sides of the box and of the size [cells]."""
SMALLEST_CELLS = 0.05
SAME_THING = 0.4
"""Peaks nearer than this, in sizes of the larger one, are the same thing."""


def decode(heat: F32, geometry: F32, threshold: float, most: int = MAX_SEEN) -> NDArray[np.void]:
    """Detections in one frame, most confident first.

    Args:
        heat: (names, rows, columns) in [0, 1].
        geometry: (7, rows, columns), see `GEOMETRY`.
        threshold: least confidence.
        most: no more than these.

    Returns:
        (k,) of `DETECTION`.
    """
    rows, columns = heat.shape[1:]
    found = np.argwhere(heat > threshold)
    if len(found) == 0:
        return np.zeros(0, DETECTION)
    wide = np.pad(heat, ((0, 0), (1, 1), (1, 1)))
    name, y, x = found.T
    value = heat[name, y, x]
    peak = np.ones(len(found), np.bool_)
    for dy in range(3):
        for dx in range(3):
            peak &= value >= wide[name, y + dy, x + dx]
    name, y, x, value = name[peak], y[peak], x[peak], value[peak]
    order = np.argsort(-value, kind="stable")[: 8 * most]
    name, y, x, value = name[order], y[order], x[order], value[order]
    at = geometry[:, y, x].astype(np.float64)
    extent = np.exp(np.clip(at[2:], -5.0, 6.0))
    column, row = x + np.clip(at[0], -1.0, 2.0), y + np.clip(at[1], -1.0, 2.0)
    out = np.zeros(len(value), DETECTION)
    out["name"], out["confidence"] = name, np.clip(value, 0.0, 1.0)
    out["u"] = np.clip(2.0 * column / columns - 1.0, -1.3, 1.3)
    out["v"] = np.clip(2.0 * row / rows - 1.0, -1.3, 1.3)
    out["size"] = np.minimum(extent[4] / columns, 2.0)
    sides = np.stack([column - extent[0], row - extent[1], column + extent[2], row + extent[3]], axis=1)
    out["box"] = np.clip(2.0 * sides / (columns, rows, columns, rows) - 1.0, -1.0, 1.0)
    return out[_apart(out, rows / columns)][:most]


def _apart(found: NDArray[np.void], aspect: float) -> list[int]:
    """Indices of those that are not a weaker peak of another one's thing; distances in image widths."""
    u, v, size = 0.5 * found["u"], 0.5 * aspect * found["v"], found["size"]
    kept: list[int] = []
    for i in range(len(found)):
        near = [k for k in kept if np.hypot(u[i] - u[k], v[i] - v[k]) < SAME_THING * max(size[i], size[k])]
        if not near:
            kept.append(i)
    return kept
