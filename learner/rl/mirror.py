"""Left and right exchanged: what an observation and an action become in a mirror.

The robot is symmetric about its x-z plane, and so are the tasks. A demonstration seen in a mirror is another
valid demonstration; a test holds these tables to the kinematics and to the motions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, NUM_PARAMS, NUM_TOOLS, OBS_DIM, slot_range
from shared.tools import TOOLS

F32 = NDArray[np.float32]
Int = NDArray[np.int64]

JOINT_ORDER: Int = np.array([0, 6, 5, 4, 3, 2, 1, 8, 7])
"""Stewart leg i changes places with leg 7 - i, and the antennas with each other..."""
JOINT_SIGN: F32 = np.full(9, -1.0, np.float32)
"""... and all turn the other way."""

_FLIPPED_PARAMS = {
    ("look", "u"),
    ("turn_head", "yaw"),
    ("roll_head", "roll"),
    ("move_head", "y"),
    ("track", "u"),
    ("track", "du"),
    ("turn_body", "yaw"),
    ("scan", "yaw"),
}
_SWAPPED_TOOL = "set_antennas"


def _observation() -> tuple[Int, F32]:
    order, sign = np.arange(OBS_DIM), np.ones(OBS_DIM, np.float32)
    for name in ("joint_pos", "joint_vel", "applied_target"):
        run = slot_range(name)
        order[run] = run.start + JOINT_ORDER
        sign[run] = JOINT_SIGN
    # Positions and forces are mirrored along y; turns and turning speeds about x and z.
    for name, axes in (("head_pos", [1]), ("imu_accel", [1]), ("head_rpy", [0, 2]), ("imu_gyro", [0, 2])):
        sign[slot_range(name).start + np.array(axes)] = -1.0
    u = slot_range("detections").start + DETECTION_FIELDS.index("u")
    sign[u + len(DETECTION_FIELDS) * np.arange(NUM_DETECTIONS)] = -1.0
    return order, sign


def _parameters() -> tuple[Int, F32]:
    order = np.tile(np.arange(NUM_PARAMS), (NUM_TOOLS, 1))
    sign = np.ones((NUM_TOOLS, NUM_PARAMS), np.float32)
    for i, tool in enumerate(TOOLS):
        for j, param in enumerate(tool.params):
            if (tool.name, param.name) in _FLIPPED_PARAMS:
                sign[i, j] = -1.0
        if tool.name == _SWAPPED_TOOL:
            order[i, :2] = (1, 0)
            sign[i, :2] = -1.0
    return order, sign


_OBS_ORDER, _OBS_SIGN = _observation()
_PARAM_ORDER, _PARAM_SIGN = _parameters()


def mirror_obs(obs: F32) -> F32:
    """(n, 512) -> (n, 512)."""
    return obs[:, _OBS_ORDER] * _OBS_SIGN


def mirror_params(tool: Int, params: F32) -> F32:
    """Raw parameters (n, 4) of these tools (n,) -> (n, 4). Symmetric motions are their own image."""
    return np.take_along_axis(params, _PARAM_ORDER[tool], axis=1) * _PARAM_SIGN[tool]
