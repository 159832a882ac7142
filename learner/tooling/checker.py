"""Does a motion look like what was asked for? Judged on what the simulated body measured, by own arithmetic.

A check is data (`{"circle": {"turns": [0.8, 1.3]}}`), as the corpus keeps it. Degrees, millimetres, s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from learner.tooling.measured import (
    DT_S,
    LEAST,
    Seen,
    active_s,
    dominant,
    extremes,
    nose,
    on_ring,
    reach,
    turns,
)
from shared.errors import ConfigError

Check = Mapping[str, Any]

ANGLES = ("roll", "pitch", "yaw", "body")
QUIET_DEG = 5.0
"""An angle that no check names may end this far from where it began."""


def meets(check: Check, seen: Seen, before: Seen | None = None) -> str:
    """Why a motion is not what a check asks for; "" if it is.

    Args:
        check: kinds of check with their arguments; all must hold.
        seen: the motion.
        before: the motion that a change was asked of, for the kinds that compare.

    Raises:
        ConfigError: no such kind of check.
    """
    for kind, wanted in check.items():
        if kind == "from":
            continue
        if kind in _COMPARISONS:
            if before is None:
                return f"{kind}: there is nothing to compare with"
            problem = _COMPARISONS[kind](seen, before, wanted)
        elif kind in _KINDS:
            problem = _KINDS[kind](seen, wanted)
        else:
            raise ConfigError(f"no check {kind!r}; there are {', '.join((*_KINDS, *_COMPARISONS))}")
        if problem:
            return f"{kind}: {problem}"
    return ""


def _swings(seen: Seen, wanted: Any) -> str:
    """{"axis": one or several, "count": [low, high], "amplitude": [low, high]}: any of the axes."""
    axes = [wanted["axis"]] if isinstance(wanted["axis"], str) else list(wanted["axis"])
    return _any(lambda axis: _swings_one(seen, axis, wanted), axes)


def _swings_one(seen: Seen, axis: str, wanted: Any) -> str:
    signal = getattr(seen, axis)
    size = reach(signal)
    if size < LEAST[axis]:
        return f"{axis} hardly moves ({size:.1f})"
    count, (low, high) = max(extremes(signal)), wanted["count"]
    if not low <= count <= high:
        return f"{axis} swings {count} times, not {low} to {high}"
    if "amplitude" in wanted and not wanted["amplitude"][0] <= size / 2.0 <= wanted["amplitude"][1]:
        return f"{axis} swings by {size / 2.0:.1f}, not {wanted['amplitude']}"
    if axis in ANGLES:
        other = max((a for a in ANGLES if a != axis), key=lambda a: reach(getattr(seen, a)))
        if reach(getattr(seen, other)) > 0.5 * size:
            return f"{other} moves along ({reach(getattr(seen, other)):.1f} beside {size:.1f})"
    return ""


def _ends(seen: Seen, wanted: Any) -> str:
    """{axis: [low, high], ...} at the end; angles not named must end where they began. "quiet": [] lifts
    that for the axes in the list."""
    for axis, signal in vars(seen).items():
        end = float(signal[-5:].mean())
        if axis in wanted:
            low, high = wanted[axis]
            if not low <= end <= high:
                return f"{axis} ends at {end:.1f}, not in {low:g} .. {high:g}"
        elif axis in ANGLES and axis not in wanted.get("free", ()) and abs(end - signal[0]) > QUIET_DEG:
            return f"{axis} ends {end - signal[0]:.1f} from where it began"
    return ""


def _holds(seen: Seen, wanted: Any) -> str:
    """{"s": seconds, axis: [low, high], ...}: all at once for so long without a break; "abs": axes whose
    sign does not matter."""
    fits = np.ones(len(seen), np.bool_)
    for axis, bounds in wanted.items():
        if axis in ("s", "abs"):
            continue
        signal = getattr(seen, axis)
        signal = np.abs(signal) if axis in wanted.get("abs", ()) else signal
        fits &= (signal >= bounds[0]) & (signal <= bounds[1])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], fits.astype(int), [0]])))
    longest = max((int(b - a) for a, b in zip(edges[::2], edges[1::2], strict=True)), default=0) * DT_S
    return "" if longest >= wanted["s"] else f"held for {longest:.2f} s, not {wanted['s']:g} s"


def _moves(seen: Seen, wanted: Any) -> str:
    """{axis: least range, ...}; several axes in one key, parted by "|": any of them."""
    for axes, least in wanted.items():
        found = max(reach(getattr(seen, axis)) for axis in axes.split("|"))
        if found < least:
            return f"{axes} moves by {found:.1f}, not {least:g}"
    return ""


def _still(seen: Seen, wanted: Any) -> str:
    """{axis: largest range, ...}."""
    for axis, most in wanted.items():
        if reach(getattr(seen, axis)) > most:
            return f"{axis} moves by {reach(getattr(seen, axis)):.1f}, more than {most:g}"
    return ""


def _quick(seen: Seen, wanted: Any) -> str:
    """{"axis": any of, "s": seconds}: from 10 to 90 % of its first large excursion within so long."""

    def one(axis: str) -> str:
        away = np.abs(getattr(seen, axis) - getattr(seen, axis)[0])
        if away.max() < LEAST[axis]:
            return f"{axis} hardly moves"
        begin, end = (int(np.argmax(away > share * away.max())) for share in (0.1, 0.9))
        took = (end - begin) * DT_S
        return "" if took <= wanted["s"] else f"{axis} takes {took:.2f} s, more than {wanted['s']:g} s"

    return _any(one, wanted["axis"])


def _slow(seen: Seen, wanted: Any) -> str:
    """{axis: largest speed per s, ...}."""
    for axis, most in wanted.items():
        speed = float(np.abs(np.diff(getattr(seen, axis))).max() / DT_S)
        if speed > most:
            return f"{axis} moves at {speed:.0f} a second, more than {most:g}"
    return ""


def _circle(seen: Seen, wanted: Any) -> str:
    """{"turns": [low, high]}: how often, either way round."""
    points, far, radius = on_ring(seen)
    if radius < 3.0 or len(points) < 10:
        return f"the nose sweeps only {radius:.1f} deg"
    sides = points.max(axis=0) - points.min(axis=0)
    if not 0.7 <= sides[0] / max(sides[1], 1e-9) <= 1.43:
        return f"{sides[0]:.1f} deg wide and {sides[1]:.1f} deg high is not round"
    near = float((np.abs(far / radius - 1.0) < 0.2).mean())
    if near < 0.85:
        return f"only {near:.0%} of the time near the circle"
    count, (low, high) = abs(turns(points)), wanted["turns"]
    return "" if low <= count <= high else f"{count:.2f} turns, not {low:g} to {high:g}"


def _square(seen: Seen, wanted: Any) -> str:
    """{}: one round along four straight sides."""
    points, _, radius = on_ring(seen)
    if radius < 3.0 or len(points) < 10:
        return f"the nose sweeps only {radius:.1f} deg"
    half = (points.max(axis=0) - points.min(axis=0)) / 2.0
    near = float((np.abs(np.abs(points / half).max(axis=1) - 1.0) < 0.2).mean())
    corner = float(np.abs(points / half).min(axis=1).max())
    if near < 0.8 or corner < 0.85:
        return f"{near:.0%} of the time on the sides, corners reach {corner:.0%}"
    return "" if abs(turns(points)) >= 0.75 else f"{abs(turns(points)):.2f} turns"


def _eight(seen: Seen, wanted: Any) -> str:
    """{}: round one lobe one way and round the other lobe the other way."""
    points = nose(seen)
    sides = points.max(axis=0) - points.min(axis=0)
    if min(sides) < 3.0:
        return f"the nose sweeps only {min(sides):.1f} deg"
    along = int(np.argmax(sides))
    lobe = np.zeros(2)
    lobe[along] = sides[along] / 4.0
    one, other = turns(points, lobe), turns(points, -lobe)
    good = one * other < 0.0 and min(abs(one), abs(other)) >= 0.75
    return "" if good else f"{one:.2f} turns round one side and {other:.2f} round the other"


def _diagonal(seen: Seen, wanted: Any) -> str:
    """{"side": "left" | "right" | ""}: ends tilted over two axes at once, in like measure."""
    roll, pitch, yaw = (float(signal[-5:].mean()) for signal in (seen.roll, seen.pitch, seen.yaw))
    for aside, left in ((roll, roll < 0.0), (yaw, yaw > 0.0)):
        if min(abs(aside), abs(pitch)) >= 4.0 and 0.4 <= abs(aside / pitch) <= 2.5:
            side = wanted.get("side", "")
            return (
                "" if side in ("", "left" if left else "right") else f"it leans to the other side than {side}"
            )
    return f"ends at roll {roll:.1f}, pitch {pitch:.1f}, yaw {yaw:.1f}"


def _then(seen: Seen, wanted: Any) -> str:
    """[first, second]: there is a moment before which the one is met, and after which the other."""
    first = second = ""
    for moment in np.linspace(0.15, 0.85, 36):
        cut = int(moment * len(seen))
        first = meets(wanted[0], seen.part(0, cut))
        second = meets(wanted[1], seen.part(cut, len(seen)))
        if not first and not second:
            return ""
    return f"no moment parts the two ({first or second})"


def _both(seen: Seen, wanted: Any) -> str:
    """[one, other]: both in the whole motion."""
    return next((problem for problem in (meets(check, seen) for check in wanted) if problem), "")


def _either(seen: Seen, wanted: Any) -> str:
    """[one, other, ...]: any of them."""
    return _any(lambda check: meets(check, seen), wanted)


def _any(ask: Callable[[Any], str], options: Any) -> str:
    problems = [ask(option) for option in options]
    return "" if not all(problems) else "; ".join(problems)


def _tempo(seen: Seen, before: Seen, wanted: Any) -> str:
    """[low, high]: how much longer the motion takes than the one before, at about the same size."""
    axis = dominant(before)
    size = reach(getattr(seen, axis)) / max(reach(getattr(before, axis)), 1e-9)
    if not 0.7 <= size <= 1.43:
        return f"{axis} now moves {size:.2f} times as far"
    ratio = active_s(seen) / max(active_s(before), DT_S)
    return "" if wanted[0] <= ratio <= wanted[1] else f"takes {ratio:.2f} times as long, not {wanted}"


def _size(seen: Seen, before: Seen, wanted: Any) -> str:
    """[low, high]: how much farther the axis that moved most moves now."""
    axis = dominant(before)
    ratio = reach(getattr(seen, axis)) / max(reach(getattr(before, axis)), 1e-9)
    return "" if wanted[0] <= ratio <= wanted[1] else f"{axis} moves {ratio:.2f} times as far, not {wanted}"


def _more(seen: Seen, before: Seen, wanted: Any) -> str:
    """[low, high]: how many swings more."""
    axis = dominant(before)
    more = max(extremes(getattr(seen, axis))) - max(extremes(getattr(before, axis)))
    return "" if wanted[0] <= more <= wanted[1] else f"{axis} swings {more} times more, not {wanted}"


def _mirrored(seen: Seen, before: Seen, wanted: Any) -> str:
    """{}: roll, yaw and body go the other way."""
    axis = max(("roll", "yaw", "body"), key=lambda a: reach(getattr(before, a)))
    share = np.linspace(0.0, 1.0, 100)
    one, other = (
        np.interp(share, np.linspace(0.0, 1.0, len(s)), getattr(s, axis) - getattr(s, axis)[0])
        for s in (seen, before)
    )
    match = float(one @ other / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-9))
    return "" if match <= -0.8 else f"{axis} goes the same way ({match:.2f})"


def _reversed(seen: Seen, before: Seen, wanted: Any) -> str:
    """{}: round the other way."""
    one, other = turns(on_ring(seen)[0]), turns(on_ring(before)[0])
    good = one * other < 0.0 and min(abs(one), abs(other)) > 0.6
    return "" if good else f"{one:.2f} turns, before {other:.2f}"


_KINDS: dict[str, Callable[[Seen, Any], str]] = {
    "swings": _swings,
    "ends": _ends,
    "holds": _holds,
    "moves": _moves,
    "still": _still,
    "quick": _quick,
    "slow": _slow,
    "circle": _circle,
    "square": _square,
    "eight": _eight,
    "diagonal": _diagonal,
    "then": _then,
    "both": _both,
    "either": _either,
}
_COMPARISONS: dict[str, Callable[[Seen, Seen, Any], str]] = {
    "tempo": _tempo,
    "size": _size,
    "more": _more,
    "mirrored": _mirrored,
    "reversed": _reversed,
}
