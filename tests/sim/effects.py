"""What each tool is to do to a body, whichever it is."""

import numpy as np

from shared.control.motions import BODY, LEFT, PITCH, RIGHT, ROLL, YAW, X, Y, Z
from shared.control.rotations import matrix_to_rpy, quat_to_matrix

AXES = {
    "wait": (), "turn_head": (YAW,), "pitch_head": (PITCH,), "roll_head": (ROLL,), "move_head": (X, Y, Z),
    "turn_body": (BODY,), "set_antennas": (RIGHT, LEFT), "take_photo": (), "say": (),
}  # fmt: skip
"""Axes that a tool's parameters are about, seen from home."""
SWINGS = {"nod": "pitch", "shake": "head_yaw", "wobble": "roll", "bob": "height", "sway": "body_yaw"}
NEAR = {ROLL: 0.035, PITCH: 0.035, YAW: 0.035, X: 2e-3, Y: 2e-3, Z: 2e-3, BODY: 0.03, RIGHT: 0.05, LEFT: 0.05}
"""[rad] and [m]: friction keeps the simulated body so far from its setpoint."""


def pose(joints, head_pos, head_quat):
    """Pose coordinates (n, 9) as measured: joints (n, 9), head position (n, 3) and quaternion (n, 4)."""
    rpy = matrix_to_rpy(quat_to_matrix(head_quat))
    return np.concatenate([rpy, head_pos, joints[:, [0, 7, 8]]], axis=1)
