"""The observation and the action, slot by slot: one table that robot, simulation and learner share.

Observations travel in physical units; the fixed normaliser below is part of the network (and of every
exported ONNX file), so that no statistics have to be carried along or can drift.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

JOINTS = (
    "body_yaw",
    "stewart_1",
    "stewart_2",
    "stewart_3",
    "stewart_4",
    "stewart_5",
    "stewart_6",
    "right_antenna",
    "left_antenna",
)
"""Joint order used everywhere: setpoints, states, traces, limits."""

NUM_JOINTS = 9
NUM_TOOLS = 20
NUM_PARAMS = 4
NUM_DETECTIONS = 8
TEXT_DIM = 384
OBS_DIM = 512

TICK_S = 0.02
"""One guard tick [s]: 50 Hz."""
DISCOUNT_TICKS = 10
"""gamma is per this many ticks (0.2 s): a decision of n ticks is discounted by gamma ** (n / 10)."""


@dataclass(frozen=True)
class Slots:
    """A named run of observation slots."""

    name: str
    size: int
    """Number of float32 slots."""
    unit: str
    offset: float
    scale: float
    """The network sees clip((x - offset) / scale, -CLIP, CLIP)."""


CLIP = 10.0

DETECTION_FIELDS = ("u", "v", "size", "confidence", "match", "age_s", "class_a", "class_b")
"""u, v in [-1, 1] over the image (right, down); size as a fraction of the image width; confidence [0, 1];
match: 3 x (cosine of the object's name and the instruction - its mean over the scene's other objects), best
first; age [s]; class code: two fixed random-projection coordinates of the name's embedding. An empty slot is
all zeros."""
DETECTION_SCALE = (0.15, 0.15, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
"""Scale of each detection field: a gaze that is 0.05 off in u misses, so u and v are magnified."""

LAYOUT: tuple[Slots, ...] = (
    # robot: 44
    Slots("joint_pos", 9, "rad", 0.0, 0.5),
    Slots("joint_vel", 9, "rad/s", 0.0, 1.0),
    Slots("head_pos", 3, "m", 0.0, 0.02),
    Slots("head_rpy", 3, "rad", 0.0, 0.4),
    Slots("applied_target", 9, "rad", 0.0, 0.5),
    Slots("imu_accel", 3, "m/s^2", 0.0, 9.81),
    Slots("imu_gyro", 3, "rad/s", 0.0, 1.0),
    Slots("mode", 1, "1 = active", 0.0, 1.0),
    Slots("frame_age", 1, "s", 0.0, 0.2),
    Slots("brightness", 1, "[0, 1]", 0.5, 0.25),
    Slots("episode_progress", 1, "decisions so far / allowed", 0.0, 1.0),
    Slots("last_end_ok", 1, "1 = the last decision ran to its end", 0.0, 1.0),
    # tool match: 20
    Slots("tool_match", NUM_TOOLS, "standardised cosine", 0.0, 1.0),
    # vision: 64 = 8 detections x 8 fields
    Slots("detections", NUM_DETECTIONS * len(DETECTION_FIELDS), "see DETECTION_FIELDS", 0.0, 1.0),
    # task: 384
    Slots("instruction", TEXT_DIM, "unit-norm embedding", 0.0, 0.2),
)


def slot_range(name: str) -> slice:
    """Where the named run lies in the observation.

    Raises:
        KeyError: no run of that name.
    """
    start = 0
    for run in LAYOUT:
        if run.name == name:
            return slice(start, start + run.size)
        start += run.size
    raise KeyError(name)


def normaliser() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Offset and scale per slot, each (512,) float32."""
    offset = np.concatenate([np.full(run.size, run.offset, np.float32) for run in LAYOUT])
    scale = np.concatenate([np.full(run.size, run.scale, np.float32) for run in LAYOUT])
    scale[slot_range("detections")] *= np.tile(np.asarray(DETECTION_SCALE, np.float32), NUM_DETECTIONS)
    return offset, scale


def layout_hash() -> str:
    """Sixteen hex digits that name this observation and action layout; travels in every bundle and hello."""
    from shared.tools import TOOLS

    doc = {
        "joints": JOINTS,
        "layout": [[r.name, r.size, r.unit, r.offset, r.scale] for r in LAYOUT],
        "detection": [DETECTION_FIELDS, DETECTION_SCALE],
        "tools": [[t.name, t.ticks, [[p.name, p.unit, p.low, p.high] for p in t.params]] for t in TOOLS],
        "clip": CLIP,
    }
    return hashlib.sha256(json.dumps(doc, sort_keys=True).encode()).hexdigest()[:16]
