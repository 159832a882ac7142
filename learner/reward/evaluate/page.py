"""The report as one page: no script, nothing from elsewhere, readable on a phone, light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from learner.reward.evaluate import plots
from learner.reward.evaluate.cells import NAMES, cell, figure, number, table, tag, unit
from learner.reward.evaluate.model_section import section
from learner.reward.evaluate.pools import Rated

STYLE = Path(__file__).with_name("page.css")


def render(found: Mapping[str, Any]) -> str:
    """The document of `evaluation.evaluate` as HTML."""
    models = found["models"]
    parts = [
        _head(found),
        _targets(found["targets"], found["default"]),
        _compared(found),
        *(section(i, spec, part) for i, (spec, part) in enumerate(models.items())),
        _how(found),
    ]
    return document("Words to rewards: evaluation", parts)


def document(title: str, parts: Sequence[str]) -> str:
    """A page of these parts in the reports' style."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n"
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _head(found: Mapping[str, Any]) -> str:
    made, machine = found["made"], found["made"]["machine"]
    rows = found["targets"]
    counts = {
        status: sum(row["status"] == status for row in rows) for status in ("met", "missed", "not measured")
    }
    limit = (
        f'<p class="note">A look, not figures to quote: at most {made["limit"]} examples a source.</p>'
        if made["limit"]
        else ""
    )
    where = ", ".join(str(machine[key]) for key in ("cpu", "system") if key in machine)
    return (
        "<h1>Words to rewards: evaluation</h1>"
        f'<p class="soft">{escape(made["at"])} · reachy-coach {escape(made["reachy_coach"])} · '
        f"{made['test_examples']} test examples · {escape(where)}</p>{limit}"
        f"<p>Taken as the default: <b>{escape(found['default'])}</b>. Of {len(rows)} targets "
        f'<span class="met">{counts["met"]} are met</span>, '
        f'<span class="missed">{counts["missed"]} are missed</span>'
        + (f", {counts['not measured']} could not be measured" if counts["not measured"] else "")
        + '.</p><p class="note"><b>What the colours say.</b> '
        f"{tag('human-rated')} people rated these texts: tweets, product reviews, films, editorials. None "
        f"of them is about a robot. {tag('synthetic')} our own robot feedback: words from a grammar, ratings "
        "from simulated people. Until people have rated robots, both are proxies.</p>"
    )


def _targets(rows: Sequence[Mapping[str, Any]], default: str) -> str:
    lines = [
        [
            f"{escape(row['what'])} <b>{_unbroken(row['target'])}</b> {tag(row['rated'])}",
            (cell(row) if "value" in row else "–") + _status(row, default),
        ]
        for row in rows
    ]
    return (
        "<h2>Targets</h2>"
        + table(["target", "found"], lines, first="words")
        + '<p class="soft">“Not beyond doubt”: the 95 % interval reaches across the bound. Times and memory '
        "are one run and have no interval.</p>"
    )


def _unbroken(text: str) -> str:
    return escape(text).replace(" ", "&nbsp;")


def _status(row: Mapping[str, Any], default: str) -> str:
    if row["status"] == "not measured":
        return '<span class="verdict">not measured</span>'
    missed = f"✗ missed by {number(row['missed_by'])}{unit(row)}"
    told = "✓ met" if row["status"] == "met" else missed
    notes = [] if row["certain"] or row["rated"] == "measured" else ["not beyond doubt"]
    notes += [escape(row["model"])] if row["model"] != default else []
    below = f"<small>{', '.join(notes)}</small>" if notes else ""
    return f'<span class="verdict {row["status"]}">{told}</span>{below}'


def _compared(found: Mapping[str, Any]) -> str:
    columns = [
        ("human", "pearson"),
        ("human", "mse"),
        ("human", "sign_accuracy"),
        ("tweets+amazon", "pearson"),
        ("robot", "pearson"),
        ("robot", "mse"),
        ("robot", "sign_accuracy"),
    ]
    shown = {"human": "4 domains", "tweets+amazon": "tweets + reviews", "robot": "robot, unseen styles"}
    rated: dict[str, Rated] = {"human": "human-rated", "tweets+amazon": "human-rated", "robot": "synthetic"}
    heads = ["", *(f"{NAMES[key]}<br>{shown[pool]}<br>{tag(rated[pool])}" for pool, key in columns)]
    ours = [(spec, part["pools"], True) for spec, part in found["models"].items()]
    others = [(name, part, False) for name, part in found["baselines"].items() if name not in found["models"]]
    lines, classes = [], []
    for name, pools, is_ours in ours + others:
        cells = [cell(pools.get(pool, {}).get("figures", {}).get(key)) for pool, key in columns]
        lines.append([escape(name), *cells])
        classes.append("ours" if is_ours else "")
    figures = []
    for pool, what in (("human", "the four domains pooled"), ("robot", "robot feedback in unseen styles")):
        rows = [
            (name, rated[pool], pools[pool]["figures"]["pearson"])
            for name, pools, _ in ours + others
            if pool in pools
        ]
        if rows:
            drawn = plots.bars(f"compared-{pool}", rows, "r")
            figures.append(figure(drawn, f"r on {what} {tag(rated[pool])}"))
    return (
        "<h2>Beside baselines</h2>"
        + table(heads, lines, classes)
        + f'<div class="plots">{"".join(figures)}</div>'
        + "<p>“Buttons only” sees a held-out rater's score rounded to 1–5, “one human” is the same score "
        "as it is; their label is the mean of the <i>other</i> raters. On synthetic data that rater is "
        "simulated too. “Constant”, “length only” and “frozen encoder + ridge” are fitted on the training "
        "split of the same kind of data, which favours them.</p>"
    )


def _how(found: Mapping[str, Any]) -> str:
    rules, data = found["rules"], found["made"]["data"]
    lines = [
        [
            escape(name),
            str(one["examples"]),
            str(one["test"]),
            str(one["synthetic"]),
            f"<code>{one['sha256'][:12]}</code>",
        ]
        for name, one in data.items()
    ]
    return (
        "<h2>How it was measured</h2><ul>"
        "<li>All figures are on the test split. Of robot feedback its styles and template families occur in "
        "no other split; sentences of one review or editorial share a split.</li>"
        f"<li>Intervals: {rules['bootstrap_level']:.0%} bootstrap over {rules['resamples']} resamples of "
        "whole families (a review, an editorial, a template), not of single sentences.</li>"
        f"<li>Sign and F1 leave out labels nearer to 0 than {rules['sign_from']}; a prediction of exactly 0 "
        "counts as wrong. F1 is the mean of that of “good” and of “bad”.</li>"
        f"<li>Coverage is the share of labels inside the model's {rules['interval']:.0%} interval.</li>"
        "<li>Remarks on which a model abstains count with the reward it gives for them, unless the row says "
        f"“answered only”. Groups of fewer than {rules['fewest']} are only counted.</li>"
        "<li>Arms: one rater of each text is held out and rounded to 1–5; the label is the mean of the "
        "others.</li></ul>" + table(["data set", "examples", "test", "synthetic", "sha256"], lines)
    )
