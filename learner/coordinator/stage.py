"""One robot and some objects in MuJoCo, behind the guard's shield, for commands that are no task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from learner.coordinator.acting import Call
from shared.control import shield, vision
from shared.control.limits import LimiterState
from shared.control.motions import TICKS, joints_of, plan
from shared.control.programs import play
from shared.control.rotations import matrix_to_quat, matrix_to_rpy, quat_to_matrix, rpy_to_matrix
from shared.errors import ConfigError
from shared.messages import SceneObject
from shared.programs import Program
from sim import phrases
from sim.model import shared_model
from sim.physics import Fleet
from sim.tasks.base import SCENE, draw_positions, draw_start
from sim.things import BY_NAME

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
MAX_OBJECTS = 5
"""More do not fit on the table far enough apart."""


class Stage:
    """A robot at rest before a table with objects.

    Args:
        names: of the objects.
        seed: of their places, the start pose and the camera's noise.

    Raises:
        ConfigError: an object that simulation does not have, or too many.
    """

    def __init__(self, names: Sequence[str], seed: int = 0) -> None:
        unknown = [name for name in names if name not in BY_NAME]
        if unknown or len(names) > MAX_OBJECTS or len(set(names)) < len(names):
            raise ConfigError(
                f"{', '.join(names)}: expected at most {MAX_OBJECTS} different ones of {', '.join(BY_NAME)}"
            )
        self._rng = np.random.default_rng(seed)
        places = draw_positions(self._rng, list(names), SCENE)
        rpy, body = draw_start(self._rng, places or [(0.6, 0.0, 0.0)], SCENE)
        self.objects = tuple(
            SceneObject(n, p, BY_NAME[n].size_m, 0.0, phrases.class_code(phrases.embedding(n)))
            for n, p in zip(names, places, strict=True)
        )
        pose = np.array([*rpy, 0.0, 0.0, 0.0, body, 0.0, 0.0])
        start = joints_of(pose[None])
        self._fleet = Fleet(shared_model(), 1, threads=1)
        R = rpy_to_matrix(pose[None, :3])
        self._fleet.place(0, start[0], pose[3:6], R[0])
        self._limiter = LimiterState.at(start)
        self._scene = vision.scenes([self.objects])
        self._head = np.concatenate([pose[3:6], matrix_to_quat(R)[0]])
        self.joints = start
        """(k, 9) rad: all that was measured, the start first."""

    @property
    def points(self) -> F64:
        """(k, 3) m: where the objects are."""
        return np.array([thing.position for thing in self.objects]).reshape(-1, 3)

    @property
    def head_yaw(self) -> float:
        """[rad] in the base frame, measured now."""
        return float(matrix_to_rpy(quat_to_matrix(self._head[None, 3:]))[0, 2])

    def detections(self) -> F32:
        """(64,) what the camera reports now."""
        head = self._head[None]
        seen = vision.detect(self._scene, head[:, :3], quat_to_matrix(head[:, 3:]), self._rng)
        return np.asarray(seen[0], np.float32)

    def use(self, made: Call) -> tuple[F64, F64]:
        """Play one of the robot's own tools: measured joints (k, 9) and head (k, 7)."""
        ticks = int(TICKS[made.tool])
        rows = plan(np.array([made.tool]), made.params[None].astype(np.float64), self._limiter.pos)
        return self._move(rows[:, :ticks])

    def play(self, program: Program, library: Mapping[str, Program]) -> tuple[F64, F64]:
        """Play a made tool with its defaults: measured joints (k, 9) and head (k, 7)."""
        return self._move(play(program, {}, self._limiter.pos, library)[0])

    def _move(self, setpoints: F64) -> tuple[F64, F64]:
        self._limiter, emitted, _ = shield.limit_many(self._limiter, setpoints)
        ((_, motion),) = self._fleet.start(np.zeros(1, np.int64), emitted, np.array([emitted.shape[1]]))
        joints, head = motion.joint_pos[0], motion.head[0]
        self._head = head[-1]
        self.joints = np.concatenate([self.joints, joints])
        return joints, head

    def close(self) -> None:
        """End what the physics uses."""
        self._fleet.close()
