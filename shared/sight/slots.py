"""Detections as the 64 numbers of the observation, in the same order and units as `vision.detect` gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.control.vision import scenes
from shared.messages import SceneObject
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS


def observation_slots(
    seen: NDArray[np.void], names: Sequence[str], objects: Sequence[SceneObject], age_s: float = 0.0
) -> NDArray[np.float32]:
    """(64,): 8 detections x `DETECTION_FIELDS`, best match first; empty slots are 0.

    Each of the task's objects takes the most confident detection of its name; what nobody asked about is
    left out, as its match with the instruction is not known.

    Args:
        seen: (k,) of `DETECTION`.
        names: the detector's.
        objects: of the task.
        age_s: of the picture.
    """
    out = np.zeros((NUM_DETECTIONS, len(DETECTION_FIELDS)), np.float32)
    scene = scenes([objects])
    ranked = sorted(objects, key=lambda o: -o.match)[:NUM_DETECTIONS]
    row = 0
    for k, thing in enumerate(ranked):
        mine = seen[[i for i, name in enumerate(seen["name"]) if names[name] == thing.name]]
        if len(mine) == 0:
            continue
        best = mine[np.argmax(mine["confidence"])]
        out[row, :4] = best["u"], best["v"], best["size"], best["confidence"]
        out[row, 4:] = scene.match[0, k], age_s, *scene.code[0, k]
        row += 1
    return out.ravel()
