"""Nod or shake the head at the tempo asked for: "nod faster", "nod slowly".

The tempo is read from the motion: the turning points that complete the gesture tell how many cycles a second
it has. How far that is from what was wanted is the error that remarks like "too fast" have to bring down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared.messages import TaskSpec
from shared.spaces import TICK_S
from sim.tasks.base import Goal, Phrases, Plan, Reward, Task, wordings
from sim.tasks.course import GOES_ON, Follower, Found, Seen
from sim.tasks.gestures import CHANNELS, GESTURES, NONE
from sim.tasks.gestures import CONFIG as GESTURE

F64 = NDArray[np.float64]

CONFIG = Reward()
SLOW_HZ, FAST_HZ = 1.4, 1.9
"""What slowly and fast mean for this robot, whose nod and shake can have 1.4 to 1.9 cycles a second."""
TOLERANCE = 0.08
"""Greatest relative error that succeeds; the middle of the range is 15 % off either."""
_WINDOW = round(GESTURE.window_s / TICK_S)

# Held-out wordings were written last: nothing was tuned while looking at these.
PLANS = (
    Plan(
        Phrases(
            train=(
                "nod slowly",
                "nod more slowly",
                "a slow nod please",
                "nod, but take your time",
                "nod gently",
            ),
            held_out=("that nod was too fast, nod slower", "nod in slow motion"),
        ),
        ("nod", "slow"),
    ),
    Plan(
        Phrases(
            train=("nod fast", "nod faster", "nod quickly", "a quick nod please", "hurry up and nod"),
            held_out=("that nod was too slow, speed it up", "nod as quick as you can"),
        ),
        ("nod", "fast"),
    ),
    Plan(
        Phrases(
            train=(
                "shake your head slowly",
                "shake your head more slowly",
                "a slow head shake please",
                "shake your head, but take your time",
                "shake your head gently",
            ),
            held_out=("that head shake was too fast, do it slower", "shake your head in slow motion"),
        ),
        ("shake", "slow"),
    ),
    Plan(
        Phrases(
            train=(
                "shake your head fast",
                "shake your head faster",
                "shake your head quickly",
                "a quick head shake please",
                "hurry up and shake your head",
            ),
            held_out=("that head shake was too slow, speed it up", "shake your head as quick as you can"),
        ),
        ("shake", "fast"),
    ),
)
_HZ = {"slow": SLOW_HZ, "fast": FAST_HZ}
_CHANNEL = {"nod": CHANNELS.index("pitch"), "shake": CHANNELS.index("head_yaw")}


@dataclass(frozen=True)
class Tempo(Task):
    """A gesture at a tempo."""

    def goals(self, spec: TaskSpec) -> tuple[Goal, ...]:
        """One gesture, and how fast."""
        gesture, pace = self.reading(spec.instruction)
        return (Goal(GESTURES.index(gesture), tempo_hz=_HZ[pace]),)

    def course(self, spec: TaskSpec) -> Follower:
        """Measures the first gesture."""
        return Beat(self.goals(spec)[0])


class Beat:
    """Follows an episode up to its first gesture, and measures that one's tempo."""

    def __init__(self, goal: Goal) -> None:
        assert goal.tempo_hz is not None
        self._gesture, self._wanted_hz = goal.gesture, goal.tempo_hz
        self._channel = _CHANNEL[GESTURES[goal.gesture]]
        self._before = np.empty(0)

    @property
    def target(self) -> None:
        """Nothing is looked at."""
        return None

    def follow(self, seen: Seen) -> Found:
        """Go on by one decision."""
        values = np.concatenate([self._before, seen.channels[:, self._channel]])
        done = np.flatnonzero(seen.gestures > NONE)
        if len(done) == 0:
            self._before = values[-_WINDOW:]
            return GOES_ON
        t = int(done[0])
        gesture = int(seen.gestures[t])
        if gesture != self._gesture:
            return Found(t, False, GESTURES[gesture])
        swing = GESTURE.swing[self._channel]
        found_hz = tempo_hz(values[: len(self._before) + t + 1][-_WINDOW:], swing)
        error = abs(found_hz - self._wanted_hz) / self._wanted_hz
        told = f"{GESTURES[gesture]} at {found_hz:.2f} of {self._wanted_hz:g} cycles/s"
        if error <= TOLERANCE:
            return Found(t, True, told, measure=error)
        return replace(Found(t, False, told, measure=error), blame=min(1.0, error / TOLERANCE / 4.0))


def tempo_hz(values: F64, swing: float) -> float:
    """Cycles a second of an oscillation, by its newest three turning points; 0 where it has fewer.

    Args:
        values: (k,) one a tick.
        swing: least difference between two turning points, as for gestures.
    """
    turns: list[int] = []
    low = high = direction = 0
    for t, value in enumerate(values.tolist()):
        low = t if value < values[low] else low
        high = t if value > values[high] else high
        falls = direction >= 0 and values[high] - value >= swing
        rises = direction <= 0 and value - values[low] >= swing
        if falls or rises:
            if direction:
                turns.append(high if falls else low)
            direction = -1 if falls else 1
            low, high = (t, high) if falls else (low, t)
    return 1.0 / ((turns[-1] - turns[-3]) * TICK_S) if len(turns) >= 3 else 0.0


TASK = Tempo(
    name="tempo",
    phrases=wordings(PLANS),
    reward=CONFIG,
    about=(
        f"A nod or a shake of the head, slowly or fast: {SLOW_HZ:g} or {FAST_HZ:g} cycles a second, measured "
        "between the motion's turning points. More than 8 % off fails, and costs the less the nearer it is; "
        "any other gesture fails, too. The relative error is measured, so that one can tell whether remarks "
        "bring it down."
    ),
    difficulty=3,
    plans=PLANS,
    measures="relative error of the tempo",
)
