"""Where tempo lessons take place: simulated robots that make one gesture an attempt, and its tempo read from
the motion exactly as the task `tempo` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learner.reward.feedback.context import Decisions, contexts
from learner.reward.model import Context
from shared.control.rotations import quat_to_matrix
from shared.spaces import NUM_PARAMS, TICK_S
from shared.tools import TOOL_INDEX, TOOLS
from sim.experts import CLEAR, HASTE
from sim.tasks import Split
from sim.tasks.gestures import CHANNELS, GESTURES, NONE, GestureTracker, channels
from sim.tasks.gestures import CONFIG as GESTURE
from sim.tasks.tempo import tempo_hz
from sim.vector import VectorEnv

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Int = NDArray[np.int64]

TASKS = ("nod", "shake")
"""Lessons are about these in turn; what is asked for is the gesture, and the tempo is only spoken of
afterwards."""
CYCLES = 1
"""Which parameter of a gesture decides its tempo."""
_WINDOW = round(GESTURE.window_s / TICK_S)
_CHANNEL = {"nod": CHANNELS.index("pitch"), "shake": CHANNELS.index("head_yaw")}


@dataclass(frozen=True)
class Attempts:
    """One attempt of each of n robots."""

    obs: F32
    """(n, 512) before it."""
    tool: Int
    """(n,)"""
    params: F32
    """(n, 4) raw."""
    shown_hz: F64
    """(n,) tempo of the gesture that was asked for; 0 where it was not made."""
    contexts: list[Context]
    """What was seen of each."""


class Stage:
    """n robots, each asked for a gesture again and again, every time anew in another scene.

    Args:
        n: how many.
        seed: of scenes.
        split: of the wordings that ask.
    """

    def __init__(self, n: int, seed: int, split: Split = "train") -> None:
        self._env = VectorEnv(TASKS, n, seed=seed, split=split, threads=1, autoreset=False)
        self.obs: F32 = self._env.reset()

    @property
    def gestures(self) -> list[str]:
        """(n) what each is asked for."""
        return [spec.task for spec in self._env.specs]

    def play(self, tool: Int, params: F32) -> Attempts:
        """One decision of each robot; then new scenes."""
        obs, specs = self.obs, list(self._env.specs)
        step = self._env.step(tool, params)
        decisions = Decisions(obs, tool, params, step.n_ticks, step.joints, step.head)
        shown = shown_hz(step.joints, step.head, step.n_ticks, self.gestures)
        seen = contexts(decisions, specs, ["success" if done else "failure" for done in step.success])
        self.obs = self._env.reset()
        return Attempts(obs, tool, params, shown, seen)

    def close(self) -> None:
        """End the physics."""
        self._env.close()


def shown_hz(joints: F64, head: F64, ticks: Int, wanted: Sequence[str]) -> F64:
    """(n,) tempo of the first gesture in each motion, cycles a second; 0 where it is not the one wanted.

    Args:
        joints: (n, k, 9) rad.
        head: (n, k, 7) position [m] and quaternion.
        ticks: (n,) how many of the k count.
        wanted: (n) names of gestures.
    """
    n, k = joints.shape[:2]
    R = quat_to_matrix(head[..., 3:].reshape(-1, 4)).reshape(n, k, 3, 3)
    values = channels(joints, head, R)
    tracker, rows = GestureTracker(n), np.arange(n)
    tracker.reset(rows)
    done = tracker.follow(rows, values, ticks)
    found = np.zeros(n)
    for i, name in enumerate(wanted):
        at = np.flatnonzero(done[i] > NONE)
        if len(at) and GESTURES[int(done[i, at[0]])] == name:
            channel = _CHANNEL[name]
            path = values[i, : int(at[0]) + 1, channel][-_WINDOW:]
            found[i] = tempo_hz(path, GESTURE.swing[channel])
    return found


def gesture_params(raw_cycles: float) -> F32:
    """(4,) raw parameters of a gesture that is large enough to be recognised."""
    params = np.zeros(NUM_PARAMS, np.float32)
    params[0], params[CYCLES] = CLEAR, raw_cycles
    return params


def raw_for(gesture: str, hz: float) -> float:
    """The raw parameter, within [-1, 1], whose gesture has about this tempo."""
    tool = TOOLS[TOOL_INDEX[gesture]]
    return tool.params[CYCLES].raw(hz / HASTE * tool.ticks * TICK_S)
