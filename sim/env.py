"""One simulated episode at a time behind Gymnasium's interface.

`import sim.env` registers every task, as `ReachyCoach/Look-v0` or `ReachyCoach/Carry-v0`;
`gymnasium.make("sim.env:ReachyCoach/Look-v0")` imports it, too.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from shared.control.observe import BIG
from shared.errors import ConfigError
from shared.interruption import as_of
from shared.spaces import NUM_PARAMS, NUM_TOOLS, OBS_DIM, TICK_S
from sim.tasks import ALL_TASKS, Split
from sim.vector import VectorEnv

F32 = NDArray[np.float32]
RENDER_MODES = ("rgb_array", "human")


class ReachyMiniEnv(gymnasium.Env[F32, dict[str, Any]]):
    """Reachy Mini on its table, asked in words to do something; one step is one decision (0.2 to 1.2 s).

    Action: `tool`, one of twenty motions, and `params`, its four raw parameters (`shared/tools.py`).
    Observation: the 512 numbers of `shared/spaces.py` in physical units. Terminated: the motion succeeded or
    failed. Truncated: out of decisions. `info` tells `instruction` (of the next decision: it may change), and
    after a step `success`, `event`, `n_ticks` and `cost`, the share of its ticks on which the limiter had to
    change what was asked for; at the end of an episode also `measure`, where its task measures something.

    Args:
        task: its name; `sim.tasks.ALL_TASKS` has them all.
        render_mode: None, `rgb_array` (a picture from `render()`) or `human` (a window plays the motion).
        split: `train` or `held_out` wordings and objects.
        width: of pictures [pixels].
        height: of pictures [pixels].

    Raises:
        UnknownTask: no such task.
        ConfigError: no such render mode, or `human` on a machine without a screen.
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": 5}  # noqa: RUF012

    def __init__(
        self,
        task: str = "look",
        render_mode: str | None = None,
        *,
        split: Split = "train",
        width: int = 640,
        height: int = 480,
    ) -> None:
        if render_mode not in (None, *RENDER_MODES):
            raise ConfigError(f"no render mode {render_mode!r}; there are {', '.join(RENDER_MODES)}")
        if render_mode == "human":
            _need_screen()
        self.render_mode = render_mode
        self.observation_space = spaces.Box(-BIG, BIG, (OBS_DIM,), np.float32)
        self.action_space = spaces.Dict(
            {"tool": spaces.Discrete(NUM_TOOLS), "params": spaces.Box(-1.0, 1.0, (NUM_PARAMS,), np.float32)}
        )
        self._env = VectorEnv([task], 1, split=split, threads=1, autoreset=False)
        self._decisions = 0
        self._size = (width, height)
        self._renderer: Any = None
        self._viewer: Any = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[F32, dict[str, Any]]:
        """Begin an episode; with a seed, the same one every time."""
        super().reset(seed=seed)
        obs = self._env.reset(seed=int(self.np_random.integers(2**31)))[0]
        self._decisions = 0
        if self.render_mode == "human":
            self._play(self._env.joints[:1])
        return obs, {"instruction": self._env.specs[0].instruction}

    def step(self, action: dict[str, Any]) -> tuple[F32, float, bool, bool, dict[str, Any]]:
        """Play one decision to its end."""
        done = self._env.step(np.array([action["tool"]]), np.asarray(action["params"])[None])
        if self.render_mode == "human":
            self._play(done.joints[0, : done.n_ticks[0]])
        self._decisions += 1
        info: dict[str, Any] = {
            "instruction": as_of(self._env.specs[0], self._decisions).instruction,
            "success": bool(done.success[0]),
            "event": str(done.event[0]),
            "n_ticks": int(done.n_ticks[0]),
            "cost": float(done.cost[0]),
        }
        if np.isfinite(done.measure[0]):
            info["measure"] = float(done.measure[0])
        return done.obs[0], float(done.reward[0]), bool(done.terminated[0]), bool(done.truncated[0]), info

    def render(self) -> NDArray[np.uint8] | None:
        """(height, width, 3) uint8 in `rgb_array` mode, else None.

        Raises:
            NoPicture: this machine has no OpenGL.
        """
        if self.render_mode != "rgb_array":
            return None
        if self._renderer is None:
            from sim.camera import Renderer

            self._renderer = Renderer(width=self._size[0], height=self._size[1])
        picture: NDArray[np.uint8] = self._renderer.render(self._env.joints[0], self._env.objects())
        return picture

    def close(self) -> None:
        """Free the physics threads, the picture and the window."""
        self._env.close()
        for part in (self._renderer, self._viewer):
            if part is not None:
                part.close()
        self._renderer = self._viewer = None

    def _play(self, joints: NDArray[np.float64]) -> None:
        """Show measured joints (k, 9) in the window, at real time."""
        if self._viewer is None:
            from sim.window import Window

            self._viewer = Window()
        for row in joints:
            self._viewer.show(row, self._env.objects())
            time.sleep(TICK_S)


def has_screen() -> bool:
    """Whether a window can be opened here."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _need_screen() -> None:
    if not has_screen():
        raise ConfigError(
            "render_mode='human' opens a window and there is no screen (DISPLAY is not set); use 'rgb_array'"
        )


def register() -> None:
    """Make the tasks known to `gymnasium.make`; harmless when repeated."""
    for name in ALL_TASKS:
        identity = f"ReachyCoach/{name.capitalize()}-v0"
        if identity not in gymnasium.registry:
            gymnasium.register(identity, entry_point="sim.env:ReachyMiniEnv", kwargs={"task": name})


register()
