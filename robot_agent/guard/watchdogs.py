"""What the guard watches besides the policy: whether the body follows, who else moves it, its own pace.

Everything is counted on the body's clock, so that a simulated robot that is slower than the guard, or silent
for a moment, is not taken for a broken one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.control.body import BodyState
from shared.spaces import JOINTS, NUM_JOINTS, TICK_S

F64 = NDArray[np.float64]

BAND_TICKS = 12
"""A joint may be anywhere that a setpoint of the last 0.24 s was: delay and lag of a healthy body."""
TRACKING_RAD = np.array([0.15] + [0.25] * 6 + [1.2] * 2)
"""(9,) rad beyond that band at which a joint counts as not following. docs/guard.md has what was measured;
an antenna may be bent by a hand."""
TRACKING_TICKS = 25
"""For as long at a stretch before it is a fault."""
REST_RAD = 0.2
"""Body and head may move this far while they are told to stand still; more is a hand or another program."""
FOREIGN_RAD = 0.01
FOREIGN_TICKS = 10
PRESS_RAD = 0.35
"""An antenna bent this far from where it rested counts as pressed..."""
PRESS_TICKS = 3
"""... after as many ticks..."""
STILL_TICKS = 50
"""... if it was told to stand still for as long."""
LATE_TICKS = 50
"""As many ticks in a row that begin late are a fault: the motion is not what was asked for any more."""

_HEAD = slice(0, 7)
_ANTENNAS = slice(7, 9)
_WHO = "a hand, or another program"


class Following:
    """Whether the body goes where it is sent, and is sent by nobody else.

    Args:
        setpoint: (9,) rad that the body holds.
        antenna_stop: a press on a resting antenna asks for a stop.
    """

    def __init__(self, setpoint: F64, antenna_stop: bool = False) -> None:
        self._antenna_stop = antenna_stop
        self._time_s: float | None = None
        self.begin(setpoint)

    def begin(self, setpoint: F64) -> None:
        """Start over from a setpoint, (9,) rad: the motors were off, or the body is another one."""
        self._setpoint = setpoint
        self._rest = setpoint
        self._low = np.tile(setpoint, (BAND_TICKS, 1))
        self._high = self._low.copy()
        self._row = 0
        self._away = np.zeros(NUM_JOINTS, np.int64)
        self._still = np.zeros(NUM_JOINTS, np.int64)
        self._foreign = self._pressed = self._pushed = 0

    def wrote(self, setpoint: F64) -> None:
        """A setpoint, (9,) rad, goes to the body."""
        self._low[self._row] = np.minimum(self._low[self._row], setpoint)
        self._high[self._row] = np.maximum(self._high[self._row], setpoint)
        same = setpoint == self._setpoint
        same[_HEAD] = same[_HEAD].all()  # these joints push each other about
        self._still = np.where(same, self._still + 1, 0)
        self._setpoint = setpoint

    def judge(self, body: BodyState) -> str:
        """What is wrong, in words; empty if nothing is."""
        before, self._time_s = self._time_s, body.time_s
        ticks = 1 if before is None else round((body.time_s - before) / TICK_S)
        if ticks < 0 or ticks > 10 * BAND_TICKS:  # another body, or one that was away: it begins anew
            self.begin(self._setpoint)
            return ""
        if ticks == 0:
            return ""
        for _ in range(min(ticks, BAND_TICKS)):
            self._row = (self._row + 1) % BAND_TICKS
            self._low[self._row] = self._high[self._row] = self._setpoint
        low, high = self._low.min(axis=0), self._high.max(axis=0)
        ticks = min(ticks, BAND_TICKS)
        # A loaded joint comes to rest beside its setpoint.
        self._rest = np.where(self._still < STILL_TICKS, body.joint_pos, self._rest)
        moved = np.abs(body.joint_pos - self._rest)
        self._pressed = self._pressed + ticks if (moved[_ANTENNAS] > PRESS_RAD).any() else 0
        self._pushed = self._pushed + ticks if (moved[_HEAD] > REST_RAD).any() else 0
        if self._pushed >= TRACKING_TICKS:
            return _pushed(int(np.argmax(moved[_HEAD])))
        beyond = _beyond(body.joint_pos, low, high)
        self._away = np.where(beyond > TRACKING_RAD, self._away + ticks, 0)
        if (self._away >= TRACKING_TICKS).any():
            joint = int(np.argmax(self._away))
            if self._still[joint] >= STILL_TICKS:
                return _pushed(joint)
            degrees = np.rad2deg(beyond[joint])
            return f"tracking: {JOINTS[joint]} is {degrees:.0f} degrees from where it was sent"
        foreign = (_beyond(body.target, low, high) > FOREIGN_RAD).any()
        self._foreign = self._foreign + ticks if foreign else 0
        if self._foreign >= FOREIGN_TICKS:
            return "another program moves this robot; end it"
        return ""

    @property
    def antenna_pressed(self) -> bool:
        """Somebody presses an antenna that was told to stand still."""
        return self._antenna_stop and self._pressed >= PRESS_TICKS


class Pace:
    """Whether the guard keeps its own ticks."""

    def __init__(self) -> None:
        self._seen = self._in_a_row = 0

    def judge(self, late: int) -> str:
        """What is wrong, in words; empty if nothing is.

        Args:
            late: ticks that began late, since the start.
        """
        self._in_a_row = self._in_a_row + 1 if late > self._seen else 0
        self._seen = late
        if self._in_a_row >= LATE_TICKS:
            self._in_a_row = 0
            return f"ticks: the last {LATE_TICKS} in a row began late; this machine is too busy for the guard"
        return ""


def _pushed(joint: int) -> str:
    return f"{JOINTS[joint]} moves though it is told to stand still: {_WHO}"


def _beyond(value: F64, low: F64, high: F64) -> F64:
    """(9,) how far outside [low, high]."""
    return np.maximum(np.maximum(value - high, low - value), 0.0)
