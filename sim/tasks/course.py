"""Follows an episode that takes several steps, or care: one goal after the other, never too fast.

What was done already may go on or be done again (a gaze that rests, a nod that swings out); any other gesture
or, while an object is to be looked at, a dwell on another one ends the episode.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.spaces import TICK_S
from sim.tasks.base import Goal
from sim.tasks.gestures import GESTURES, NONE

F64 = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

SPEED_TICKS = 10
"""A gaze's speed is taken over this many ticks (0.2 s): what a person sees, free of a tick's noise."""


@dataclass(frozen=True)
class Seen:
    """One decision's motion of k ticks."""

    gestures: Int
    """(k,) id of the gesture that each tick completes, or 0."""
    dwelt: Bool
    """(k, objects) whether the gaze has rested on the object long enough."""
    gaze: F64
    """(k, 3) unit vectors of the camera's axis."""
    lens: F64
    """(k, 3) m: where the camera is, in the base frame."""
    channels: F64
    """(k, 7) of the gestures' channels."""
    limited: int = 0
    """Ticks on which the limiter had to change what was asked for."""


@dataclass(frozen=True)
class Found:
    """What one decision's motion did."""

    tick: int
    """Of the decision, at which the episode ended; -1 while it goes on."""
    success: bool
    event: str
    """What ended the episode, in words; "" while it goes on."""
    steps: int = 0
    """Goals reached in this decision, the last one of the episode not counted."""
    anew: bool = False
    """After this decision something else is asked; what the gaze rested on so far counts no more."""
    kept_s: float = 0.0
    """How long the gaze stayed with what moves [s]."""
    blame: float = 1.0
    """Share of a failure's weight that this one deserves."""
    measure: float = math.nan
    """What the task measures, at the end of the episode; NaN: nothing."""


GOES_ON = Found(-1, False, "")


class Follower(Protocol):
    """Follows one episode, decision by decision."""

    @property
    def target(self) -> int | None:
        """Index of the object to look at now; None where there is none."""
        ...

    def follow(self, seen: Seen) -> Found:
        """Go on by one decision."""
        ...


class Speedometer:
    """How far a gaze has turned over the newest `SPEED_TICKS`, across decisions."""

    def __init__(self) -> None:
        self._before = np.empty((0, 3))

    def turned_cos(self, gaze: F64) -> F64:
        """(k,) cosine of the angle that the gaze (k, 3) has turned by; 1 before there are enough ticks."""
        whole = np.concatenate([self._before, gaze])
        self._before = whole[-SPEED_TICKS:]
        out = np.ones(len(gaze))
        moved = np.einsum("ti,ti->t", whole[SPEED_TICKS:], whole[:-SPEED_TICKS])
        out[len(gaze) - len(moved) :] = moved
        return out


class Course:
    """One episode's goals.

    Args:
        goals: in the order in which they are to be reached.
        names: of the scene's objects.
        max_gaze_rad_s: a gaze that turns faster fails; None: any speed will do.
    """

    def __init__(
        self, goals: Sequence[Goal], names: Sequence[str], max_gaze_rad_s: float | None = None
    ) -> None:
        self._goals = tuple(goals)
        self._names = tuple(names)
        self._cos_limit = (
            -np.inf if max_gaze_rad_s is None else float(np.cos(max_gaze_rad_s * SPEED_TICKS * TICK_S))
        )
        self._at = 0
        self._speed = Speedometer()

    @property
    def target(self) -> int | None:
        """Index of the object to look at now; None where a gesture is due or all is done."""
        return self._goals[self._at].target if self._at < len(self._goals) else None

    def follow(self, seen: Seen) -> Found:
        """Go on by one decision."""
        gestures, dwelt = seen.gestures, seen.dwelt
        fast = self._speed.turned_cos(seen.gaze) < self._cos_limit
        steps = 0
        for tick in np.flatnonzero((gestures > NONE) | dwelt.any(axis=1) | fast).tolist():
            if self._at == len(self._goals):
                break
            goal, reached = self._goals[self._at], self._goals[: self._at]
            gesture = int(gestures[tick])
            on = np.flatnonzero(dwelt[tick]).tolist() if goal.target is not None else []
            if fast[tick]:
                return Found(tick, False, "moved too fast", steps)
            if (gesture > NONE and gesture == goal.gesture) or goal.target in on:
                self._at += 1
                if self._at == len(self._goals):
                    return Found(tick, True, self._tell(gesture, on), steps)
                steps += 1
                continue
            wrong = [k for k in on if k not in {g.target for g in reached}]
            if gesture in {g.gesture for g in reached}:
                gesture = NONE
            if gesture > NONE or wrong:
                return Found(tick, False, self._tell(gesture, wrong), steps)
        return Found(-1, False, "", steps)

    def _tell(self, gesture: int, on: Sequence[int]) -> str:
        return GESTURES[gesture] if gesture > NONE else f"looked at the {self._names[on[0]]}"
