"""Which detection is of which thing, and the figures that follow: recall, false alarms, errors, mAP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.images import HEIGHT, WIDTH

F64 = NDArray[np.float64]

NEAR = 0.5
"""A detection belongs to a thing if its centre is within this of the thing's, in sizes of the thing ..."""
NEAR_LEAST = 0.01
"""... but within no less than this of the image width."""
ASPECT = HEIGHT / WIDTH


@dataclass(frozen=True)
class Match:
    """The detections of one frame beside its truth."""

    seen: NDArray[np.void]
    """(k,) of `DETECTION`, the most confident first."""
    truth: NDArray[np.void]
    """(m,) of `TRUTH`: the rows that are filled."""
    of: NDArray[np.int64]
    """(k,) index into `truth` of the thing of the same name that the detection is of; -1: a false alarm;
    -2: neither right nor wrong."""

    @property
    def found(self) -> NDArray[np.bool_]:
        """(m,): a detection of the right name is there."""
        return np.isin(np.arange(len(self.truth)), self.of)


def match(seen: NDArray[np.void], truth: NDArray[np.void], names: int) -> Match:
    """Give each thing the most confident detection of its name near its centre.

    Args:
        seen: (k,) of `DETECTION`, the most confident first.
        truth: (MAX_TRUTHS,) of `TRUTH`.
        names: things with an index from here on are unknown to the detector; what it says of them is wrong.
    """
    there = truth[(truth["name"] >= 0) & (truth["name"] < names)]
    return Match(seen, there, assign(seen, there, lambda s, t: distance(s, t) <= _near(t)))


def assign(
    seen: NDArray[np.void],
    truth: NDArray[np.void],
    near: Callable[[NDArray[np.void], NDArray[np.void]], NDArray[np.bool_]],
) -> NDArray[np.int64]:
    """(k,) as `Match.of`, for detections in order of confidence; `near` judges one against (m,) things."""
    of = np.full(len(seen), -1)
    for i, one in enumerate(seen):
        fits = np.flatnonzero((truth["name"] == one["name"]) & near(one, truth))
        free = [k for k in fits if k not in of]
        if free:
            best = free[int(np.argmin(distance(one, truth[free])))]
            of[i] = best if truth[best]["clear"] else -2
        elif any(not truth[k]["clear"] for k in fits):
            of[i] = -2
    return of


def distance(one: NDArray[np.void], truth: NDArray[np.void]) -> F64:
    """From a detection's centre to those of things, as fractions of the image width."""
    du, dv = 0.5 * (one["u"] - truth["u"]), 0.5 * ASPECT * (one["v"] - truth["v"])
    return np.asarray(np.hypot(du, dv), np.float64)


def overlap(one: NDArray[np.void], truth: NDArray[np.void]) -> F64:
    """Intersection over union of a detection's box with those of things."""
    a, b = one["box"].astype(np.float64), truth["box"].astype(np.float64)
    low, high = np.maximum(a[:2], b[:, :2]), np.minimum(a[2:], b[:, 2:])
    both = np.prod(np.clip(high - low, 0.0, None), axis=1)
    union = np.prod(a[2:] - a[:2]) + np.prod(b[:, 2:] - b[:, :2], axis=1) - both
    return np.asarray(both / np.maximum(union, 1e-12))


def _near(truth: NDArray[np.void]) -> F64:
    return np.asarray(np.maximum(NEAR * truth["size"], NEAR_LEAST), np.float64)


def f1(matches: Sequence[Match]) -> float:
    """Harmonic mean of precision and recall at the detector's threshold."""
    hits = sum(int((m.of >= 0).sum()) for m in matches)
    false = sum(int((m.of == -1).sum()) for m in matches)
    wanted = sum(int(m.truth["clear"].sum()) for m in matches)
    return 2.0 * hits / max(hits + false + wanted, 1)


def average_precision(
    frames: Sequence[tuple[NDArray[np.void], NDArray[np.void]]],
    name: int,
    near: Callable[[NDArray[np.void], NDArray[np.void]], NDArray[np.bool_]],
) -> float | None:
    """Area under precision over recall of one name (all points, as Pascal VOC from 2010); None: it occurs
    nowhere.

    Args:
        frames: detections and truth of each, at a threshold near 0.
        name: its index.
        near: as in `assign`.
    """
    scores: list[float] = []
    right: list[bool] = []
    wanted = 0
    for seen, truth in frames:
        mine, there = seen[seen["name"] == name], truth[truth["name"] == name]
        wanted += int(there["clear"].sum())
        if len(there) == 0:  # the common case: nothing to give them to
            scores += mine["confidence"].tolist()
            right += [False] * len(mine)
            continue
        of = assign(mine, there, near)
        scores += mine["confidence"][of != -2].tolist()
        right += (of[of != -2] >= 0).tolist()
    if wanted == 0:
        return None
    hits = np.array(right, np.float64)[np.argsort(-np.array(scores), kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * hits).sum() / wanted)
