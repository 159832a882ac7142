"""The detector's report as one page: figures, curves, and frames with what was found in them."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.reward.evaluate.cells import cell, figure, number, share, table
from learner.reward.evaluate.page import document
from learner.reward.evaluate.plots import drawing, dress
from learner.vision.evaluate import Look
from sim.shots import NAMES

TOLD = {
    "test": "rooms with patterns, colours and lights that training never had",
    "plain": "the tasks' scenes in the simulator's own room",
}
PICTURES = 8
"""Of each set: half of them the worst, half as they come."""
_SCALE = 2
_RIGHT, _MISSED, _FALSE, _UNCLEAR = "#35d07f", "#ff5a4d", "#ffb020", "#9aa3ad"


def render(found: Mapping[str, Any], looks: Mapping[str, Sequence[Look]]) -> str:
    """The document of `evaluate` and its frames as HTML."""
    parts = [_head(found), _targets(found["targets"])]
    parts += [_set(name, found["sets"][name], looks[name]) for name in found["sets"]]
    parts += [_cost(found["cost"]), _rules(found)]
    return document("The robot's eyes: evaluation", parts)


def _head(found: Mapping[str, Any]) -> str:
    made = found["made"]
    return (
        "<h1>The robot's eyes: evaluation</h1>"
        f'<p class="soft">{escape(made["at"])} · detector <code>{made["sha256"][:12]}</code> · '
        f"{', '.join(f'{n} frames of {escape(name)}' for name, n in made['frames'].items())}</p>"
        '<p class="note">Every frame is rendered. No figure here says how the detector does on a real '
        "camera.</p>"
    )


def _targets(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        kind, told = ("met", "✓ met") if row["met"] else ("missed", "✗ missed")
        lines.append(
            [
                f"{escape(row['what'])} <b>{escape(row['target'])}</b>",
                f'{number(row["value"])}<span class="verdict {kind}">{told}</span>',
            ]
        )
    return "<h2>Targets</h2>" + table(["target", "found"], lines, first="words")


def _set(name: str, found: Mapping[str, Any], looks: Sequence[Look]) -> str:
    heads = ["", "things", "recall", "centre error, median", "95 %", "size error", "false alarms", "mAP", ""]
    heads[-2:] = ["mAP by box (.5)", "mAP by centre"]
    lines = [
        [
            key,
            str(part["n"]),
            cell(part["recall"]),
            _percent(part["centre_error_percent"]["p50"]),
            _percent(part["centre_error_percent"]["p95"]),
            _percent(part["size_error_percent"]["p50"]),
            f"{part['false_alarms_per_frame']:.3f} a frame",
            _plain(part["map_50"]),
            _plain(part["map_centre"]),
        ]
        for key in ("all", "bright", "dim")
        for part in (found[key],)
    ]
    by_name = [
        [
            escape(thing),
            str(part["n"]),
            cell(part["recall"]),
            _percent(part["centre_error_percent"]["p50"]),
            str(part["false_alarms"]),
            _plain(part["ap_50"]),
            _plain(part["ap_centre"]),
        ]
        for thing, part in found["by_name"].items()
    ]
    size = [
        [f"{row['from']:.3f} – {row['to']:.3f}", str(row["n"]), cell(row["recall"])]
        for row in found["by_size"]
    ]
    plots = figure(_errors(name, looks), "share of found things whose centre is off by less")
    plots += figure(_recalls(name, found["by_name"]), "recall by name")
    parts = [
        f"<h2>{escape(name)}: {TOLD.get(name, '')}</h2>",
        table(heads, lines),
        '<p class="soft">Errors are per cent of the image width, of the size for “size error”.</p>',
        f'<div class="plots">{plots}</div>',
        "<h3>By name</h3>",
        table(["", "things", "recall", "centre error", "false alarms", "AP by box", "AP by centre"], by_name),
        "<h3>By size, as a fraction of the image width</h3>",
        table(["size", "things", "recall"], size),
        _unknown(found["unknown_things"]),
        "<h3>Frames</h3><p class='soft'>Green: found. Red: missed. Amber: false alarm. Grey: hidden or cut, "
        "neither right nor wrong. The first half are the worst, the others come as they come.</p>",
        f'<div class="plots">{"".join(_pictures(looks))}</div>',
    ]
    return "".join(parts)


def _unknown(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    lines = [
        [
            escape(thing),
            ", ".join(f"{escape(told)} {n}" for told, n in sorted(row.items(), key=lambda x: -x[1])),
        ]
        for thing, row in found["told"].items()
    ]
    return (
        "<h3>Things that it was never shown</h3>"
        f"<p>It gave {share(found['taken_for_something'])} of {found['n']} the name of something else.</p>"
        + table(["thing", "taken for"], lines)
    )


def _cost(found: Mapping[str, Any]) -> str:
    low, high = found["cm4_estimate_ms"]
    lines = [
        [what, f"{found[key]['p50']:.1f}", f"{found[key]['p95']:.1f}"]
        for what, key in (
            ("a frame of its own size, by the clock", "frame_ms"),
            ("processor time of it", "frame_cpu_ms"),
            ("a camera frame of 1280x720, by the clock", "camera_frame_ms"),
            ("processor time of it", "camera_frame_cpu_ms"),
        )
    ]
    return (
        "<h2>Cost on one core</h2>"
        + table(["ms", "median", "95 %"], lines)
        + f"<p>{found['memory_mb']:.0f} MB of memory, {found['file_mb']:.1f} MB on disk, "
        f"{found['macs'] / 1e6:.0f} million multiplications. On one core of the robot's CM4 that is "
        f"<b>an estimate</b> of {low:.0f}-{high:.0f} ms: a quarter to a half of what its vector unit can do "
        "at best. Nobody has measured it there.</p>"
    )


def _rules(found: Mapping[str, Any]) -> str:
    rules = found["rules"]
    return (
        "<h2>How it was measured</h2><ul>"
        f"<li>A thing is found if a detection of its name, at least {rules['threshold']} confident, lies "
        f"within {rules['near_in_sizes']} of its size of its centre (and no less than "
        f"{rules['near_least_of_width']} of the image width).</li>"
        "<li>Things whose centre is outside the image or of which half is hidden count neither way.</li>"
        "<li>mAP: mean over names of the area under precision over recall; by box: overlap of 0.5; by "
        "centre: the rule above.</li><li>Intervals: Wilson, 95 %.</li></ul>"
    )


def _errors(name: str, looks: Sequence[Look]) -> str:
    with drawing(f"{name}-errors") as (canvas, drawn):
        axis = canvas.subplots()
        for kind, colour in ((False, "#2f7ed8"), (True, "#d9822b")):
            off = np.sort(_offs([one for one in looks if one.dim is kind]))
            if len(off):
                axis.plot(
                    off,
                    np.arange(1, len(off) + 1) / len(off),
                    color=colour,
                    label="dim" if kind else "bright",
                )
        axis.axvline(1.0, color="#8a8f98", linewidth=1, linestyle="--", label="asked of the median")
        dress(axis, "centre error (% of image width)", "share", (0.0, 3.0), (0.0, 1.01))
        axis.legend(frameon=False, fontsize=8, loc="lower right")
    return drawn[0]


def _recalls(name: str, by_name: Mapping[str, Any]) -> str:
    with drawing(f"{name}-recall", height=0.8 + 0.24 * len(by_name)) as (canvas, drawn):
        axis = canvas.subplots()
        for i, part in enumerate(by_name.values()):
            recall = part["recall"]
            axis.barh(i, recall["value"], color="#2f7ed8", height=0.68, alpha=0.75, linewidth=0)
            axis.plot([recall["low"], recall["high"]], [i, i], color="#8a8f98", linewidth=1.2)
        axis.set_yticks(range(len(by_name)), list(by_name), fontsize=8)
        dress(axis, "recall", "", (0.0, 1.0), (len(by_name) - 0.4, -0.6))
    return drawn[0]


def _offs(looks: Sequence[Look]) -> list[float]:
    from learner.vision.matching import distance

    return [
        100.0 * float(distance(one.match.seen[i], one.match.truth[one.match.of[i]][None])[0])
        for one in looks
        for i in np.flatnonzero(one.match.of >= 0)
    ]


def _pictures(looks: Sequence[Look]) -> list[str]:
    def wrong(one: Look) -> int:
        return int((one.match.of == -1).sum() + (one.match.truth["clear"] & ~one.match.found).sum())

    worst = sorted(range(len(looks)), key=lambda i: -wrong(looks[i]))[: PICTURES // 2]
    rest = [i for i in range(len(looks)) if i not in worst][: PICTURES - len(worst)]
    out = []
    for i in worst + rest:
        png = base64.b64encode(picture(looks[i])).decode()
        caption = f"frame {i}, {'dim' if looks[i].dim else 'bright'} ({looks[i].brightness:.2f})"
        out.append(
            f'<figure><img src="data:image/png;base64,{png}" alt="frame {i} with detections" '
            f'style="width:100%"><figcaption>{caption}</figcaption></figure>'
        )
    return out


def picture(one: Look) -> bytes:
    """A frame with what was found, missed and made up, as PNG."""
    from PIL import Image, ImageDraw

    rows, columns = one.frame.shape[:2]
    image = Image.fromarray(one.frame).resize((columns * _SCALE, rows * _SCALE), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(image)
    for i, thing in enumerate(one.match.truth):
        if not one.match.found[i]:
            _frame(draw, thing, _MISSED if thing["clear"] else _UNCLEAR, image.size)
    for i, seen in enumerate(one.match.seen):
        colour = {-1: _FALSE, -2: _UNCLEAR}.get(int(one.match.of[i]), _RIGHT)
        _frame(draw, seen, colour, image.size)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _frame(draw: Any, thing: NDArray[np.void], colour: str, size: tuple[int, int]) -> None:
    left, top, right, bottom = 0.5 * (thing["box"] + 1.0) * (*size, *size)
    draw.rectangle((left, top, max(right, left), max(bottom, top)), outline=colour, width=2)
    draw.text((left + 2, max(top - 12, 0)), NAMES[thing["name"]], fill=colour)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} %"


def _plain(value: float | None) -> str:
    return "–" if value is None else number(value)
