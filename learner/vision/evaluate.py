"""How good the detector is: on rooms such as it never saw, and in the simulator's own; as one document."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.evaluation import wilson
from learner.vision import cost, data
from learner.vision.matching import (
    NEAR,
    NEAR_LEAST,
    Match,
    average_precision,
    distance,
    f1,
    match,
    overlap,
)
from shared.sight.decode import decode
from shared.sight.network import SHIPPED, Detector
from sim.sensor import Image, brightness
from sim.shots import NAMES

F64 = NDArray[np.float64]

SETS: tuple[data.Split, ...] = ("test", "plain")
ALMOST_NONE = 0.03
"""Threshold of the detections that mAP is computed from."""
SIZES = (0.0, 0.03, 0.045, 0.07, 2.0)
"""Edges of the groups by size, as fractions of the image width."""
TARGETS = (
    ("centre_error_median", "median centre error, % of image width", "<", 1.0),
    ("recall_bright", "recall in bright light", ">=", 0.95),
    ("recall_dim", "recall in dim light", ">=", 0.85),
    ("ms", "ms a frame on one core, p50", "<=", 15.0),
)
"""Key of the figure, what it is, and what is asked of it; all on the set `test`."""


@dataclass(frozen=True)
class Look:
    """One frame, with what was found in it and what is there."""

    frame: Image
    dim: bool
    brightness: float
    all_seen: NDArray[np.void]
    """Nearly without a threshold."""
    truth: NDArray[np.void]
    match: Match
    """At the detector's threshold."""


def evaluate(
    data_dir: Path,
    folder: Path = SHIPPED,
    sizes: dict[data.Split, int] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, Any], dict[str, list[Look]]]:
    """The document, ready for JSON, and the frames it was computed from.

    Raises:
        ConfigError: no detector there, or frames are missing.
    """
    detector = Detector(folder)
    sizes = sizes or data.SIZES
    looks: dict[str, list[Look]] = {}
    for split in SETS:
        say(f"looking at {sizes[split]} frames of {split}")
        looks[split] = look_at(detector, data.load(data_dir, split, sizes[split]), split)
    say("measuring speed")
    spent = cost.measure(folder)
    sets = {split: figures(found, len(detector.names)) for split, found in looks.items()}
    manifest = detector.manifest
    document = {
        "made": {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "detector": str(folder),
            "sha256": manifest.sha256,
            "frames": {split: sizes[split] for split in SETS},
        },
        "rules": {
            "near_in_sizes": NEAR,
            "near_least_of_width": NEAR_LEAST,
            "overlap": 0.5,
            "threshold": manifest.threshold,
            "names": list(manifest.names),
        },
        "targets": targets(sets["test"], spent),
        "sets": sets,
        "cost": spent,
        "training": dict(manifest.training),
    }
    return document, looks


def look_at(detector: Detector, frames: data.Frames, split: data.Split) -> list[Look]:
    """What the detector finds in a set."""
    found = []
    threshold, names = detector.manifest.threshold, len(detector.names)
    sensors = data.cameras(split, len(frames))
    for i, frame in enumerate(data.exposed(frames, split)):
        heat, geometry = detector.maps(frame[None])
        seen = decode(heat[0], geometry[0], ALMOST_NONE, most=100)
        truth = frames.truth[i]
        at_threshold = match(seen[seen["confidence"] > threshold], truth, names)
        there = truth[truth["name"] >= 0]
        dim = sensors[i].brightness < data.DIM_BELOW
        found.append(Look(frame, dim, brightness(frame), seen, there, at_threshold))
    return found


def figures(looks: Sequence[Look], names: int) -> dict[str, Any]:
    """Of one set: in bright and dim light and in all, by name, by size, at the edge; unknown things."""
    return {
        "all": summary(looks, names),
        "bright": summary([one for one in looks if not one.dim], names),
        "dim": summary([one for one in looks if one.dim], names),
        "by_name": {NAMES[k]: _of_name(looks, k) for k in range(names)},
        "by_size": [
            {"from": low, "to": high, **_of(looks, _sized(low, high))}
            for low, high in itertools.pairwise(SIZES)
        ],
        "at_the_edge": _of(looks, lambda t: (abs(t["u"]) > 0.9) | (abs(t["v"]) > 0.9)),
        "unknown_things": unknown(looks, names),
    }


def summary(looks: Sequence[Look], names: int) -> dict[str, Any]:
    """Recall, precision, false alarms, errors and mAP over some frames."""
    false = sum(int((one.match.of == -1).sum()) for one in looks)
    frames = [(one.all_seen, one.match.truth) for one in looks]
    by_box = [average_precision(frames, k, lambda s, t: overlap(s, t) >= 0.5) for k in range(names)]
    by_centre = [average_precision(frames, k, _near) for k in range(names)]
    return _of(looks, lambda t: np.ones(len(t), np.bool_)) | {
        "frames": len(looks),
        "false_alarms_per_frame": false / max(len(looks), 1),
        "f1": f1([one.match for one in looks]),
        "map_50": _mean(by_box),
        "map_centre": _mean(by_centre),
    }


def unknown(looks: Sequence[Look], names: int) -> dict[str, Any] | None:
    """What the detector makes of things that it was never shown; None: it knows all."""
    counts: dict[str, dict[str, int]] = {}
    for one in looks:
        for thing in one.truth[(one.truth["name"] >= names) & one.truth["clear"]]:
            told = "nothing"
            for seen in one.match.seen:
                if _near(seen, thing[None])[0]:
                    told = NAMES[seen["name"]]
                    break
            row = counts.setdefault(NAMES[thing["name"]], {})
            row[told] = row.get(told, 0) + 1
    if not counts:
        return None
    silent, total = (sum(f(row) for row in counts.values()) for f in (lambda r: r.get("nothing", 0), _total))
    return {"n": total, "taken_for_something": 1.0 - silent / total, "told": counts}


def targets(test: dict[str, Any], spent: dict[str, Any]) -> list[dict[str, Any]]:
    """Each target with what was found."""
    values = {
        "centre_error_median": test["all"]["centre_error_percent"]["p50"],
        "recall_bright": test["bright"]["recall"]["value"],
        "recall_dim": test["dim"]["recall"]["value"],
        "ms": spent["frame_ms"]["p50"],
    }
    rows = []
    for key, what, sign, bound in TARGETS:
        value = values[key]
        met = {"<": value < bound, "<=": value <= bound, ">=": value >= bound}[sign]
        rows.append({"what": what, "target": f"{sign} {bound:g}", "value": value, "met": bool(met)})
    return rows


def _of(looks: Sequence[Look], which: Callable[[NDArray[np.void]], Any]) -> dict[str, Any]:
    """Recall and errors over those things for which `which` is true."""
    wanted = hits = 0
    off: list[float] = []
    sizes: list[float] = []
    for one in looks:
        mine = one.match.truth["clear"] & which(one.match.truth)
        wanted += int(mine.sum())
        hits += int((mine & one.match.found).sum())
        for i in np.flatnonzero(one.match.of >= 0):
            thing = one.match.truth[one.match.of[i]]
            if mine[one.match.of[i]]:
                off.append(100.0 * float(distance(one.match.seen[i], thing[None])[0]))
                sizes.append(float(one.match.seen[i]["size"] / thing["size"]) - 1.0)
    low, high = wilson(hits, wanted) if wanted else (0.0, 1.0)
    return {
        "n": wanted,
        "recall": {"value": hits / wanted if wanted else 0.0, "low": low, "high": high},
        "centre_error_percent": _percentiles(off),
        "size_error_percent": _percentiles(list(100.0 * np.abs(sizes))),
    }


def _of_name(looks: Sequence[Look], name: int) -> dict[str, Any]:
    frames = [(one.all_seen, one.match.truth) for one in looks]
    false = sum(int(((one.match.of == -1) & (one.match.seen["name"] == name)).sum()) for one in looks)
    return _of(looks, lambda t: t["name"] == name) | {
        "ap_50": average_precision(frames, name, lambda s, t: overlap(s, t) >= 0.5),
        "ap_centre": average_precision(frames, name, _near),
        "false_alarms": false,
    }


def _sized(low: float, high: float) -> Callable[[NDArray[np.void]], Any]:
    return lambda truth: (truth["size"] >= low) & (truth["size"] < high)


def _near(seen: NDArray[np.void], truth: NDArray[np.void]) -> NDArray[np.bool_]:
    return distance(seen, truth) <= np.maximum(NEAR * truth["size"], NEAR_LEAST)


def _percentiles(values: list[float]) -> dict[str, float | None]:
    return {f"p{p}": float(np.percentile(values, p)) if values else None for p in (50, 90, 95)}


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


def _total(row: dict[str, int]) -> int:
    return sum(row.values())
