"""How like a demonstration a motion of the gaze is: 1 - dynamic time warping, normalised."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.spaces import TICK_S

F64 = NDArray[np.float64]

SAMPLE_TICKS = 10
"""Paths are compared every 0.2 s."""
BAND_S = 1.0
"""The two may be out of step by this much at most."""
LEAST_RANGE_RAD = np.deg2rad(5.0)
"""A demonstration that moves less than this is taken to move so much: else noise would decide."""


def similarity(gaze: F64, demonstration: F64) -> float:
    """1 where the gaze went as demonstrated, at the same pace or up to `BAND_S` before or after; 0 where it
    was, on average, as far off as the demonstration is wide.

    1 - D / range. D is the symmetric dynamic time warping distance within a band, divided by the sum of the
    two lengths (Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word recognition",
    IEEE Trans. ASSP 26(1), 1978, eq. 18 and 20 with P = 0), over angles; `range` is the largest angle between
    any two directions of the demonstration.

    Args:
        gaze: (k, 3) unit vectors, one a tick.
        demonstration: (l, 3) likewise.

    Returns:
        In [0, 1].

    Raises:
        ValueError: an empty path, or lengths that differ by more than the band.
    """
    a, b = gaze[::SAMPLE_TICKS], demonstration[::SAMPLE_TICKS]
    band = round(BAND_S / (SAMPLE_TICKS * TICK_S))
    if min(len(a), len(b)) == 0 or abs(len(a) - len(b)) > band:
        raise ValueError(
            f"paths of {len(gaze)} and {len(demonstration)} ticks cannot be compared: they must be there, "
            f"and their lengths may differ by at most {band * SAMPLE_TICKS}"
        )
    off = np.arccos(np.clip(a @ b.T, -1.0, 1.0))
    off[np.abs(np.subtract.outer(np.arange(len(a)), np.arange(len(b)))) > band] = np.inf
    least = np.full((len(a) + 1, len(b) + 1), np.inf)
    least[0, 0] = 0.0
    for i, j in np.argwhere(np.isfinite(off)).tolist():
        here = off[i, j]
        twice = 2.0 * here  # a step along both counts for both
        least[i + 1, j + 1] = min(least[i, j + 1] + here, least[i + 1, j] + here, least[i, j] + twice)
    width = max(float(np.arccos(np.clip(b @ b.T, -1.0, 1.0)).max()), float(LEAST_RANGE_RAD))
    return max(0.0, 1.0 - float(least[-1, -1]) / (len(a) + len(b)) / width)
