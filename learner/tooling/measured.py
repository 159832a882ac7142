"""A measured motion and what can be read off it: how far, how often, how long, round what.

Head poses come as the simulation's sensors gave them; programs, grammar and kinematics are unknown here.
Degrees, millimetres, s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

DT_S = 0.02
LEAST = {
    "roll": 3.0,
    "pitch": 3.0,
    "yaw": 3.0,
    "body": 2.5,
    "x": 2.0,
    "y": 2.0,
    "z": 1.5,
    "right": 4.0,
    "left": 4.0,
}
"""Smallest range of an axis that counts as a motion [deg or mm]."""


@dataclass(frozen=True)
class Seen:
    """A measured motion, each (T,); head angles and positions as seen from the body."""

    roll: F64
    pitch: F64
    yaw: F64
    x: F64
    y: F64
    z: F64
    body: F64
    right: F64
    left: F64

    @classmethod
    def of(cls, joints: F64, head: F64) -> Seen:
        """From measured joints (T, 9) rad and head (T, 7): position [m], quaternion w x y z."""
        w, i, j, k = head[:, 3:].T
        roll = np.arctan2(2.0 * (w * i + j * k), 1.0 - 2.0 * (i * i + j * j))
        pitch = np.arcsin(np.clip(2.0 * (w * j - k * i), -1.0, 1.0))
        yaw = np.arctan2(2.0 * (w * k + i * j), 1.0 - 2.0 * (j * j + k * k))
        turn = joints[:, 0]
        ahead = np.cos(turn) * head[:, 0] + np.sin(turn) * head[:, 1]
        aside = np.cos(turn) * head[:, 1] - np.sin(turn) * head[:, 0]
        twist = np.unwrap(yaw - turn)
        angles = [
            np.rad2deg(a) for a in (roll, pitch, twist - 2.0 * np.pi * np.round(twist[0] / (2.0 * np.pi)))
        ]
        places = [1e3 * a for a in (ahead, aside, head[:, 2])]
        return cls(*angles, *places, *(np.rad2deg(joints[:, c]) for c in (0, 7, 8)))

    def part(self, begin: int, end: int) -> Seen:
        """Ticks begin .. end - 1."""
        return Seen(*(signal[begin:end] for signal in vars(self).values()))

    def __len__(self) -> int:
        return len(self.roll)


def reach(signal: F64) -> float:
    """Distance between a signal's lowest and highest value."""
    return float(signal.max() - signal.min()) if len(signal) else 0.0


def extremes(signal: F64, share: float = 0.35) -> tuple[int, int]:
    """Number of maxima and of minima between the ends; a turn counts once it exceeds `share` of the range."""
    least = share * reach(signal)
    if least <= 0.0:
        return 0, 0
    tops = bottoms = 0
    low = high = float(signal[0])
    rising: bool | None = None
    for value in signal.tolist():
        low, high = min(low, value), max(high, value)
        if rising is not False and high - value > least:
            tops += rising is True or high - signal[0] > least
            rising, low = False, value
        elif rising is not True and value - low > least:
            bottoms += rising is False or signal[0] - low > least
            rising, high = True, value
    return tops, bottoms


def active_s(seen: Seen) -> float:
    """Seconds from the first departure (5 % of the largest range) to the last arrival."""
    signal = getattr(seen, dominant(seen))
    size = 0.05 * reach(signal)
    off = np.flatnonzero(np.abs(signal - signal[0]) > size)
    to_go = np.flatnonzero(np.abs(signal - signal[-1]) > size)
    if len(off) == 0:
        return 0.0
    last = to_go[-1] if len(to_go) else off[-1]
    return float(last - off[0] + 1) * DT_S


def dominant(seen: Seen) -> str:
    """The axis that moves most, each over its least motion."""
    return max(LEAST, key=lambda axis: reach(getattr(seen, axis)) / LEAST[axis])


def nose(seen: Seen) -> F64:
    """(T, 2): where the nose points, from the middle of what it sweeps; left and up [deg]."""
    points = np.stack([seen.yaw + seen.body, -seen.pitch], axis=1)
    return np.asarray(points - (points.max(axis=0) + points.min(axis=0)) / 2.0)


def turns(points: F64, centre: F64 | None = None) -> float:
    """How often points (T, 2) go round the centre; positive against the clock as drawn."""
    away = points - (np.zeros(2) if centre is None else centre)
    return float(np.diff(np.unwrap(np.arctan2(away[:, 1], away[:, 0]))).sum() / (2.0 * np.pi))


def on_ring(seen: Seen) -> tuple[F64, F64, float]:
    """Nose points that are not on the way to or from the ring, their distances, and the ring's radius."""
    points = nose(seen)
    radius = float(np.mean((points.max(axis=0) - points.min(axis=0)) / 2.0))
    far = np.hypot(*points.T)
    out = np.flatnonzero(far > 0.6 * radius)
    if len(out) == 0:
        return points[:0], far[:0], radius
    some = slice(out[0], out[-1] + 1)
    return points[some], far[some], radius
