"""The report's pictures, as SVG that stands in the page: text stays text, and ink takes the page's colour.

`key` tells the pictures of one model from those of another: ids must be unique in a page.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from learner.reward.evaluate.arms import ARMS
from learner.reward.evaluate.pools import Rated
from learner.reward.model import INTERVAL
from shared.errors import MissingExtra

COLOURS: Mapping[Rated, str] = {"human-rated": "#2f7ed8", "synthetic": "#d9822b"}
"""Blue: people rated. Orange: synthetic. The same everywhere in the report."""
GREY = "#8a8f98"
_INK = "#010203"
"""Stands for the page's own colour until the picture is finished."""
_WIDTH, _HEIGHT = 4.3, 3.3
_BEYOND = 1.03
"""Where a bar's value stands: right of all bars."""
_TICKS = [-1.0, -0.5, 0.0, 0.5, 1.0]


def calibration(key: str, pools: Mapping[str, Any]) -> str:
    """What people said against what was predicted, in bins of equally many."""
    with drawing(f"{key}-calibration") as (figure, drawn):
        axis = figure.subplots()
        axis.plot([-1, 1], [-1, 1], color=GREY, linewidth=1, linestyle="--", label="perfect")
        for name in ("human", "robot"):
            if name in pools:
                bins = pools[name]["calibration"]["bins"]
                x, y = [b["predicted"] for b in bins], [b["label"] for b in bins]
                spread = [[b["label"] - b["low"] for b in bins], [b["high"] - b["label"] for b in bins]]
                colour = COLOURS[pools[name]["rated"]]
                axis.errorbar(
                    x,
                    y,
                    spread,
                    color=colour,
                    marker="o",
                    markersize=4,
                    linewidth=1.4,
                    label=_told(pools[name]),
                )
        dress(axis, "predicted reward", "mean label", (-1.05, 1.05), (-1.05, 1.05))
        axis.set_xticks(_TICKS)
        axis.set_yticks(_TICKS)
        axis.legend(frameon=False, fontsize=8, loc="upper left")
    return drawn[0]


def bars(title: str, rows: Sequence[tuple[str, Rated | None, Mapping[str, Any]]], unit: str) -> str:
    """One bar a row with its interval: (name, who rated, figure)."""
    with drawing(title, height=0.8 + 0.3 * len(rows)) as (figure, drawn):
        axis = figure.subplots()
        _bars(axis, rows)
        axis.set_xlabel(unit)
        axis.set_xlim(min(0.0, min(_low(f) for _, _, f in rows) - 0.03), 1.0)
        axis.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0])
    return drawn[0]


def coverage(key: str, pools: Mapping[str, Any]) -> str:
    """Coverage by source, and of narrow to wide intervals, against what is promised."""
    with drawing(f"{key}-coverage") as (figure, drawn):
        axis = figure.subplots()
        axis.axhspan(INTERVAL - 0.03, INTERVAL + 0.03, color=GREY, alpha=0.2, linewidth=0)
        axis.axhline(INTERVAL, color=GREY, linewidth=1, linestyle="--", label="promised, within 3 points")
        for name in ("human", "robot"):
            if name in pools:
                rows = [row for row in pools[name]["coverage_by_width"] if row["coverage"]]
                y = [row["coverage"]["value"] for row in rows]
                spread = [
                    [v - _low(row["coverage"]) for v, row in zip(y, rows, strict=True)],
                    [_high(row["coverage"]) - v for v, row in zip(y, rows, strict=True)],
                ]
                axis.errorbar(
                    [row["width"] for row in rows],
                    y,
                    spread,
                    color=COLOURS[pools[name]["rated"]],
                    marker="o",
                    markersize=4,
                    linewidth=1.4,
                    label=_told(pools[name]),
                )
        dress(axis, "width of the interval (fifths)", "share of labels inside", None, (None, 1.01))
        axis.legend(frameon=False, fontsize=8, loc="lower right")
    return drawn[0]


def confusion(key: str, kinds: Mapping[str, Any]) -> str:
    """Kinds given against kinds found; shade by the share of the row."""
    with drawing(f"{key}-kinds") as (figure, drawn):
        axis = figure.subplots()
        names, table = kinds["names"], kinds["confusion"]
        shares = [[count / max(sum(row), 1) for count in row] for row in table]
        colour = COLOURS["synthetic"]
        for i, row in enumerate(shares):
            for k, share in enumerate(row):
                axis.add_patch(_cell(k, i, colour, share))
                axis.text(k, i, str(table[i][k]), ha="center", va="center", color=_INK, fontsize=9)
        axis.set_xticks(range(len(names)), names, fontsize=8)
        axis.set_yticks(range(len(names)), names, fontsize=8)
        dress(axis, "found", "given", (-0.5, len(names) - 0.5), (len(names) - 0.5, -0.5))
        axis.grid(visible=False)
        axis.tick_params(length=0)
    return drawn[0]


def arms(key: str, found: Mapping[str, Any]) -> str:
    """r of the three arms, people's ratings beside synthetic ones."""
    rows = [
        (ARMS[arm], found[pool]["rated"], found[pool][arm]["pearson"])
        for pool in ("human", "robot")
        if pool in found
        for arm in ARMS
    ]
    return bars(f"{key}-arms", rows, "r with the mean of the other raters")


def context(key: str, found: Mapping[str, Any]) -> str:
    """r with the context, without it, and with another's; over all, and over pairs of the same words."""
    parts = [("all", found)] + ([("same words", found["pairs"])] if found.get("pairs") else [])
    rows: list[tuple[str, Rated | None, Mapping[str, Any]]] = [
        (f"{name}, {how}", None if how != "given" else "synthetic", part[how]["pearson"])
        for name, part in parts
        for how in ("given", "withheld", "swapped")
    ]
    return bars(f"{key}-context", rows, "r; context given, withheld, or another's")


@contextmanager
def drawing(name: str, height: float = _HEIGHT) -> Iterator[tuple[Any, list[str]]]:
    """A figure of matplotlib; its SVG is in the list after the block."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("learner", "matplotlib") from None
    looks: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.size": 9,
        "font.family": "sans-serif",
        "axes.spines.top": False,
        "axes.spines.right": False,
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK
        ),
    }
    drawn: list[str] = []
    with mpl.rc_context(looks):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        yield figure, drawn
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    drawn.append(_inline(buffer.getvalue(), name))


def _inline(svg: str, name: str) -> str:
    """For use inside a page: no prologue, no metadata, ids of its own, the page's ink and fonts."""
    found = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    prefix = re.sub(r"\W", "-", name)
    used = set(re.findall(r'xlink:href="#([^"]+)"', found)) | set(re.findall(r"url\(#([^)]+)\)", found))
    found = re.sub(
        r' id="([^"]+)"', lambda match: f' id="{prefix}-{match[1]}"' if match[1] in used else "", found
    )
    found = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{prefix}-\1"', found)
    found = found.replace("url(#", f"url(#{prefix}-").replace(_INK, "currentColor")
    found = re.sub(r'font(-family)?: ([^;"]*?)(?:\'[^"]*?sans-serif)', r"font\1: \2inherit", found)
    return re.sub(r'^<svg [^>]*?viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" role="img">', found, count=1)


def _bars(axis: Any, rows: Sequence[tuple[str, Rated | None, Mapping[str, Any]]]) -> None:
    for i, (_, rated, figure) in enumerate(rows):
        value = figure["value"]
        axis.barh(i, value, color=COLOURS[rated] if rated else GREY, height=0.68, alpha=0.75, linewidth=0)
        axis.plot([_low(figure), _high(figure)], [i, i], color=_INK, linewidth=1.2)
        axis.text(_BEYOND, i, _two(value), va="center", ha="left", fontsize=8, color=_INK)
    axis.set_yticks(range(len(rows)), [name for name, _, _ in rows], fontsize=8)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", alpha=0.25)


def _cell(x: int, y: int, colour: str, share: float) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(
        (x - 0.48, y - 0.48), 0.96, 0.96, facecolor=colour, alpha=0.08 + 0.7 * share, linewidth=0
    )


def dress(axis: Any, x: str, y: str, x_range: Any, y_range: Any) -> None:
    """Labels, ranges (None: by themselves) and a faint grid."""
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    if x_range:
        axis.set_xlim(*x_range)
    if y_range:
        axis.set_ylim(*y_range)
    axis.grid(alpha=0.25)


def _told(pool: Mapping[str, Any]) -> str:
    return f"{pool['rated']}, {pool['n']} texts"


def _low(figure: Mapping[str, Any]) -> float:
    return float(figure["value"] if figure.get("low") is None else figure["low"])


def _high(figure: Mapping[str, Any]) -> float:
    return float(figure["value"] if figure.get("high") is None else figure["high"])


def _two(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # never -0.00
