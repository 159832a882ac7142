"""One model's part of the report: pictures, arms, context, kinds, every breakdown, cost."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from learner.reward.evaluate import plots
from learner.reward.evaluate.arms import ARMS
from learner.reward.evaluate.cells import NAMES, cell, figure, inline, table, tag


def section(number: int, spec: str, part: Mapping[str, Any]) -> str:
    """As HTML; folded away unless it is number 0, the default."""
    key = f"m{number}"
    pictures = [
        figure(
            plots.calibration(key, part["pools"]),
            "Calibration: tenths of the predictions against what people said.",
        ),
        figure(plots.coverage(key, part["pools"]), "Coverage: fifths of the intervals, from narrow to wide."),
    ]
    if part["arms"]:
        pictures.append(
            figure(plots.arms(key, part["arms"]), f"Three arms. {tag('human-rated')} {tag('synthetic')}")
        )
    if part["context"]:
        pictures.append(figure(plots.context(key, part["context"]), f"Does context help? {tag('synthetic')}"))
    if part["kinds"]:
        pictures.append(figure(plots.confusion(key, part["kinds"]), f"Kinds of remarks. {tag('synthetic')}"))
    body = (
        f'<p class="soft">Version {escape(part["version"])}</p>'
        f'<div class="plots">{"".join(pictures)}</div>'
        + _arms(part["arms"])
        + _context(part["context"])
        + _kinds(part["kinds"])
        + _pools(part["pools"])
        + _cost(part["cost"])
    )
    name = escape(spec)
    state = " open" if number == 0 else ""
    return f"<h2>{name}</h2><details{state}><summary>All figures</summary>{body}</details>"


def _arms(found: Mapping[str, Any]) -> str:
    keys = ["pearson", "mse", "sign_accuracy"]
    lines, classes = [], []
    for pool, part in found.items():
        lines.append([f"<b>{escape(pool)}</b> {tag(part['rated'])}", *[""] * len(keys), str(part["n"])])
        lines += [[escape(what), *(cell(part[arm].get(k)) for k in keys), ""] for arm, what in ARMS.items()]
        classes += ["ours"] + [""] * len(ARMS)
    heads = ["", *(NAMES[k] for k in keys), "n"]
    return "<h3>Words, ratings, both</h3>" + table(heads, lines, classes) if lines else ""


def _context(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    gain, pairs = found["gain_in_r"], found["pairs"]
    told = (
        f"<h3>Context {tag('synthetic')}</h3><p>Over {found['n']} remarks, seeing the context changes r by "
        f"{inline(gain)}."
    )
    if pairs:
        told += (
            f" Of {pairs['n']} pairs of the same words about two scenes ({pairs['wordings']} wordings), the "
            f"better one is predicted higher in {inline(pairs['in_order']['given'], as_share=True)} with the "
            "context; without it, the words being the same, in half."
        )
    keys = ["pearson", "mse", "sign_accuracy"]
    lines = [
        [name, *(cell(part[how].get(k)) for k in keys)]
        for part, of in ((found, "all"), (pairs, "same words"))
        if part
        for how in ("given", "withheld", "swapped")
        for name in (f"{of}: {how}",)
    ]
    return told + "</p>" + table(["", *(NAMES[k] for k in keys)], lines)


def _kinds(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    return (
        f"<h3>Kinds {tag('synthetic')}</h3><p>Accuracy {inline(found['accuracy'])}, macro F1 "
        f"{found['macro_f1']:.3f} over {found['n']} remarks. On remarks that do not evaluate it abstains in "
        f"{inline(found['abstained_on_others'], as_share=True)}.</p>"
    )


def _pools(pools: Mapping[str, Any]) -> str:
    heads = ["", "n", *NAMES.values()]
    told = []
    for pool in pools.values():
        lines, classes = [_row("all", pool)], ["ours"]
        if pool["answered"]["figures"]:
            lines.append(_row("answered only", pool["answered"]))
            classes.append("")
        for dimension, parts in pool["by"].items():
            lines.append([f"<b>by {escape(dimension)}</b>"] + [""] * (len(heads) - 1))
            lines += [_row(name, part) for name, part in parts.items()]
            classes += [""] * (1 + len(parts))
        told.append(
            f"<h3>{escape(pool['about'][:1].upper() + pool['about'][1:])} {tag(pool['rated'])}</h3>"
            f"<p>Abstained on {inline(pool['abstained'], as_share=True)}; calibration error "
            f"{pool['calibration']['error']:.3f}.</p>" + table(heads, lines, classes)
        )
    return "".join(told)


def _row(name: str, part: Mapping[str, Any]) -> list[str]:
    return [escape(name), str(part["n"]), *(cell(part["figures"].get(key)) for key in NAMES)]


def _cost(cost: Mapping[str, Any]) -> str:
    lines = [
        [what, *(f"{cost[key][p]:.2f}" for p in ("p50", "p95", "p99"))]
        for what, key in (
            ("single, by the clock [ms]", "single_ms"),
            ("single, processor time [ms]", "single_cpu_ms"),
        )
    ]
    return (
        "<h3>Time and memory, one thread</h3>"
        + table(["", "p50", "p95", "p99"], lines)
        + f"<p>In batches {cost['batch_per_s']:.0f} predictions a second by the clock, "
        f"{cost['batch_per_cpu_s']:.0f} a second of processor time; "
        f"{cost['batch_per_s_on_all_cores']:.0f} on all {cost['cores']} cores. "
        f"Loading took {cost['load_s']:.2f} s. The model adds {cost['rss_growth_mb']:.0f} MB; the "
        f"whole process has {cost['rss_mb']:.0f} MB. The machine's load was {cost['load_average']:.1f}.</p>"
    )
