"""A window on the robot: MuJoCo's own viewer, fed with measured joints."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np
from mujoco import viewer
from numpy.typing import NDArray

from shared.control.kinematics import forward
from shared.messages import SceneObject
from sim.model import Poser
from sim.scene import build_set


class Window:
    """Shows one robot and its table; the mouse turns the view. Needs a screen."""

    def __init__(self) -> None:
        self._set = build_set()
        self._data = mujoco.MjData(self._set.model)
        self._poser = Poser(self._set.model)
        self._viewer = viewer.launch_passive(
            self._set.model, self._data, show_left_ui=False, show_right_ui=False
        )
        with self._viewer.lock():
            view = self._viewer.cam
            view.lookat[:] = (0.3, 0.0, 0.12)
            view.distance, view.azimuth, view.elevation = 1.3, 120.0, -20.0

    def show(self, joints: NDArray[np.float64], objects: Sequence[SceneObject]) -> None:
        """Draw the robot with these joints (9,) [rad] and these things on the table."""
        position, R = forward(joints[None])
        with self._viewer.lock():
            self._set.place(self._data, objects)
            self._set.pose(self._data, self._poser.qpos(joints, position[0], R[0]))
        self._viewer.sync()

    def close(self) -> None:
        """Close the window."""
        self._viewer.close()
