"""What a decision came to, in a few numbers a person could have an opinion about: its motion and its gaze.

The gaze is taken from the camera's detections before the decision and the measured motion after it: no scene
has to be known, so robot and simulation mean the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learner.reward.feedback.context import Decisions, poses_after, poses_before
from learner.reward.feedback.motion import MOTION_FIELDS, motion_features
from shared.control.vision import HALF_TAN_U, HALF_TAN_V, camera_position, gaze_angle
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, slot_range

F32 = NDArray[np.float32]

GAZE_FIELDS = ("on_best_match", "on_another", "nearer_rad")
"""How well the middle of the view is on the object that matches the instruction best, on any other one
(both 0..1, about 0.4 at five degrees, 0 from ten on), and by how much the gaze came nearer to the former,
at most MOST_RAD either way."""
MOST_RAD = 0.5
OUTCOME_FIELDS = (*MOTION_FIELDS, *GAZE_FIELDS)
WIDTH_RAD = 0.09
"""Of the bell that says how well a gaze is on something."""
DISTANCE_M = 0.65
"""Taken for every object's: a detection tells no depth. At half or twice of it a turn of 30 degrees misjudges
the angle by 2 degrees, because the camera moves with the head."""
_SLOTS = slot_range("detections")
_U, _V, _SIZE = (DETECTION_FIELDS.index(name) for name in ("u", "v", "size"))


def outcome_features(decisions: Decisions) -> F32:
    """(n, 9) float32 in the order of OUTCOME_FIELDS."""
    motion = motion_features(decisions.joints, decisions.n_ticks)
    return np.concatenate([motion, gaze_features(decisions)], axis=1)


def gaze_features(decisions: Decisions) -> F32:
    """(n, 3) float32 in the order of GAZE_FIELDS; 0 where nothing was detected."""
    slots = decisions.obs[:, _SLOTS].reshape(-1, NUM_DETECTIONS, len(DETECTION_FIELDS)).astype(np.float64)
    there = slots[..., _SIZE] > 0.0
    ray = np.stack(
        [np.ones(there.shape), -slots[..., _U] * HALF_TAN_U, -slots[..., _V] * HALF_TAN_V], axis=-1
    )
    ray *= DISTANCE_M / np.linalg.norm(ray, axis=-1, keepdims=True)
    position, R = poses_before(decisions.obs)
    things = camera_position(position, R)[:, None, :] + np.einsum("nij,nkj->nki", R, ray)
    was = gaze_angle(position, R, things)
    now = gaze_angle(*poses_after(decisions), things)
    on = np.where(there, np.exp(-((now / WIDTH_RAD) ** 2)), 0.0)
    nearer = np.where(there[:, 0], np.clip(was[:, 0] - now[:, 0], -MOST_RAD, MOST_RAD), 0.0)
    return np.stack([on[:, 0], on[:, 1:].max(axis=1), nearer], axis=1).astype(np.float32)
