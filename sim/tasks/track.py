"""Follow a moving object with the eyes, smoothly: what is learnt from a demonstration of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.messages import TaskSpec
from shared.spaces import TICK_S
from sim.tasks.base import SCENE, Phrases, Reward, SceneConfig, Split, Task
from sim.tasks.course import SPEED_TICKS, Follower, Found, Seen, Speedometer
from sim.tasks.gestures import GESTURES, NONE
from sim.tasks.paths import Path, to_and_fro
from sim.tasks.similarity import similarity

F64 = NDArray[np.float64]

CONFIG = Reward(keeping=0.1)
NEAR_DEG = 8.0
"""The gaze is with the object while it is this near."""
FOLLOW_S = 8.0
"""From when it is first so near, it is followed for this long..."""
SHARE = 0.8
"""... and near for this share of the time at least."""
MAX_DEG_S = 45.0
"""A gaze that turns faster than this over 0.2 s jumps; the object moves at 13 at most."""
TABLE_Y_M = 0.25
"""Objects stand nearer to the middle than elsewhere, so that the moving one stays on the table."""

_TICKS = round(FOLLOW_S / TICK_S)
_MAY_MISS = round((1.0 - SHARE) * _TICKS)

PHRASES = Phrases(
    train=(
        "follow the {object} with your eyes",
        "keep track of the {object}",
        "the {object} is moving, keep watching it",
        "keep the {object} in view while it moves",
        "watch the {object} as it moves",
        "follow the {object} wherever it goes",
        "do not lose sight of the {object}",
        "look at the {object} and follow it",
    ),
    # Written last: nothing was tuned while looking at these.
    held_out=(
        "stay with the {object} as it goes",
        "let your gaze follow the {object}",
        "keep your eyes on the moving {object}",
    ),
)


@dataclass(frozen=True)
class Tracking(Task):
    """The named object moves to and fro, the others stand still."""

    def reset(self, rng: np.random.Generator, split: Split = "train", scene: SceneConfig = SCENE) -> TaskSpec:
        """Draw one episode, nearer to the middle of the table."""
        return super().reset(rng, split, replace(scene, table_y_m=min(scene.table_y_m, TABLE_Y_M)))

    def path(self, spec: TaskSpec) -> Path:
        """Of the named object."""
        (goal,) = self.goals(spec)
        if goal.target is None:
            raise ValueError(f"{spec.instruction!r} names none of the scene's objects")
        return to_and_fro(spec, goal.target)

    def course(self, spec: TaskSpec) -> Follower:
        """Follows the gaze as it follows the object."""
        return Pursuit(self.path(spec))


class Pursuit:
    """Follows an episode in which the gaze is to stay with an object that moves."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tick = 0
        self._speed = Speedometer()
        self._gaze, self._wanted = np.empty((0, 3)), np.empty((0, 3))  # since it was first near
        self._away = 0

    @property
    def target(self) -> int | None:
        """Index of the object that moves."""
        return self._path.thing

    def follow(self, seen: Seen) -> Found:
        """Go on by one decision."""
        k = len(seen.gaze)
        to = self._path.at(self._tick + 1 + np.arange(k)) - seen.lens
        to /= np.linalg.norm(to, axis=1, keepdims=True)
        self._tick += k
        near = np.einsum("ki,ki->k", to, seen.gaze) >= np.cos(np.deg2rad(NEAR_DEG))
        fast = self._speed.turned_cos(seen.gaze) < np.cos(np.deg2rad(MAX_DEG_S) * SPEED_TICKS * TICK_S)
        before = len(self._gaze)
        begin = 0 if before else int(near.argmax()) if near.any() else k
        self._gaze = np.concatenate([self._gaze, seen.gaze[begin:]])
        self._wanted = np.concatenate([self._wanted, to[begin:]])
        since = before + np.arange(k) - begin + 1  # ticks followed, this one included
        away = self._away + np.cumsum(~near & (since > 0))
        self._away = int(away[-1])
        jumped = fast & (since > SPEED_TICKS)
        over = (seen.gestures > NONE) | jumped | (away > _MAY_MISS) | (since >= _TICKS)
        kept_s = float((near & (since > 0)).sum()) * TICK_S
        if not over.any():
            return Found(-1, False, "", kept_s=kept_s)
        t = int(over.argmax())
        kept_s = float((near & (since > 0))[: t + 1].sum()) * TICK_S
        event, success = self._tell(int(seen.gestures[t]), bool(jumped[t]), bool(away[t] > _MAY_MISS))
        measure = self._similarity(max(int(since[t]), 0))
        return Found(t, success, event, kept_s=kept_s, measure=measure)

    def _tell(self, gesture: int, jumped: bool, lost: bool) -> tuple[str, bool]:
        if gesture > NONE:
            return GESTURES[gesture], False
        if jumped:
            return "the gaze jumped", False
        return ("lost it", False) if lost else ("followed it to the end", True)

    def _similarity(self, ticks: int) -> float:
        """Of the gaze to that of somebody who never looks away; NaN where it was never near."""
        return similarity(self._gaze[:ticks], self._wanted[:ticks]) if ticks > 0 else float("nan")


TASK = Tracking(
    name="track",
    phrases=PHRASES,
    reward=CONFIG,
    about=(
        "The named object moves to and fro, 26 to 32 degrees wide, within 7.5 to 9 seconds. From when the "
        "gaze first is within 8 degrees of it, it has to be so near for 80 % of 8 seconds without ever "
        "turning by more than 9 degrees within 0.2 s. Losing it, a jump, or a gesture fails."
    ),
    difficulty=4,
    looks=True,
    bow_fails=False,
    max_decisions=40,
    measures="similarity to the gaze of somebody who never looks away from the object",
    simulation_only="nothing moves a robot's things to and fro, and its simulated detections stand still",
)
