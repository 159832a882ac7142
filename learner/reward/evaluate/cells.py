"""Figures as HTML: tables that scroll on a phone, values with their intervals, tags of who rated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

NAMES: Mapping[str, str] = {
    "pearson": "r",
    "spearman": "Spearman",
    "mse": "MSE",
    "r2": "R²",
    "sign_accuracy": "sign",
    "f1": "F1",
    "coverage": "coverage",
    "width": "width",
}
"""Of `metrics.figures`, as column heads."""


def table(
    heads: Sequence[str], lines: Iterable[Sequence[str]], classes: Sequence[str] = (), first: str = ""
) -> str:
    """Rows of ready HTML; `classes`: of the rows, `first`: of the first column's cells."""
    marked = f' class="{first}"' if first else ""
    rows = []
    for i, line in enumerate(lines):
        kind = classes[i] if i < len(classes) else ""
        cells = f"<td{marked}>{line[0]}</td>" + "".join(f"<td>{one}</td>" for one in line[1:])
        rows.append(f"<tr{f' class={chr(34)}{kind}{chr(34)}' if kind else ''}>{cells}</tr>")
    head = "".join(f"<th>{one}</th>" for one in heads)
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def figure(svg: str, caption: str) -> str:
    """A picture with what it shows."""
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


def tag(rated: str) -> str:
    """Who stands behind a figure, as a small mark."""
    return f'<span class="tag {rated}">{rated}</span>'


def cell(found: Mapping[str, Any] | None) -> str:
    """A figure with its interval below."""
    if not found:
        return "–"
    spread = ""
    if found.get("low") is not None:
        spread = f"<small>{number(found['low'])} … {number(found['high'])}</small>"
    return f"{number(found['value'])}{unit(found)}{spread}"


def inline(found: Mapping[str, Any] | None, as_share: bool = False) -> str:
    """A figure in a sentence."""
    if not found:
        return "–"
    told = share if as_share else number
    spread = "" if found.get("low") is None else f" [{told(found['low'])}, {told(found['high'])}]"
    return f"{told(found['value'])}{spread}"


def share(value: float) -> str:
    """0..1 in per cent."""
    return f"{value:.1%}"


def number(value: float) -> str:
    """Three digits after the point, or none."""
    return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 10 else f"{value:.0f}"  # never -0.000


def unit(row: Mapping[str, Any]) -> str:
    """With a space before it; "" for none."""
    return f" {row['unit']}" if row.get("unit") else ""
