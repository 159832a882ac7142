"""One model against the test examples: figures, calibration, coverage, kinds, arms, context; for JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.reward.data.example import Example
from learner.reward.evaluate import ablation, arms, metrics
from learner.reward.evaluate.baselines import labels_of
from learner.reward.evaluate.metrics import Array, Predictions
from learner.reward.evaluate.pools import BREAKDOWNS, ROBOT, Pool, pools_of
from learner.reward.model import KINDS, Remark, RewardModel

CHUNK = 256
WIDTH_BINS = 5
FEWEST = 10
"""Figures of fewer examples would say nothing; only their number is given."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Answers:
    """What a model answered, (n,) each."""

    predictions: Predictions
    kinds: tuple[str, ...]
    abstained: NDArray[np.bool_]


def ask(model: RewardModel, remarks: Sequence[Remark], say: Say = lambda _: None) -> Answers:
    """Every remark, in order."""
    found = []
    for start in range(0, len(remarks), CHUNK):
        say(f"{start} of {len(remarks)} remarks")
        found += model.judge(remarks[start : start + CHUNK])
    columns = (np.array([getattr(j, name) for j in found], np.float64) for name in ("reward", "low", "high"))
    return Answers(
        Predictions(*columns), tuple(j.kind for j in found), np.array([j.abstained for j in found], bool)
    )


def measure(model: RewardModel, examples: Sequence[Example], say: Say = lambda _: None) -> dict[str, Any]:
    """Everything but the cost. `examples`: of the test split."""
    answers = ask(model, [e.remark() for e in examples], lambda at: say(f"words: {at}"))
    pools = {
        pool.name: {
            **measured(pool, examples, answers.predictions),
            **_doubt(members(pool, examples), examples, answers),
        }
        for pool in pools_of(examples)
    }
    return {
        "version": model.version,
        "pools": pools,
        "kinds": _kinds(examples, answers),
        "arms": _arms(model, examples, answers, say),
        "context": _context(model, examples, answers, say),
    }


def measured(
    pool: Pool,
    examples: Sequence[Example],
    predictions: Predictions,
    labels: Array | None = None,
    by: Sequence[str] = tuple(BREAKDOWNS),
) -> dict[str, Any]:
    """Figures of a pool, and by each of the breakdowns; `labels` in place of the examples' own."""
    truth = labels_of(examples) if labels is None else labels

    def told(index: NDArray[np.int64]) -> dict[str, Any]:
        if len(index) < FEWEST:
            return {"n": len(index), "figures": {}}
        families = [examples[i].family for i in index]
        found = metrics.figures(predictions.at(index), truth[index], families)
        return {"n": len(index), "figures": plain(found)}

    index = members(pool, examples)
    parts: dict[str, dict[str, Any]] = {}
    for name in by:
        names = np.array([BREAKDOWNS[name](examples[i]) for i in index])
        values = sorted(set(names.tolist()), key=_in_order)
        if len(values) > 1 or name == "source":
            parts[name] = {value: told(index[names == value]) for value in values}
    return {"rated": pool.rated, "about": pool.about, **told(index), "by": parts}


def members(pool: Pool, examples: Sequence[Example]) -> NDArray[np.int64]:
    """Which examples are in a pool."""
    return np.array([i for i, e in enumerate(examples) if pool.member(e)], np.int64)


def plain(found: dict[str, metrics.Figure]) -> dict[str, Any]:
    """For JSON."""
    return {name: asdict(figure) for name, figure in found.items()}


def _in_order(name: str) -> tuple[int, str]:
    head = name.removeprefix("over ").split("-")[0].split(" ")[0]
    return (int(head) if head.isdigit() else 0, name)


def _doubt(index: NDArray[np.int64], examples: Sequence[Example], answers: Answers) -> dict[str, Any]:
    """Calibration, coverage by width, and abstention."""
    mine, labels = answers.predictions.at(index), labels_of([examples[i] for i in index])
    families = [examples[i].family for i in index]
    abstained = answers.abstained[index]
    answered = index[~abstained]
    kept = [examples[i] for i in answered]
    bins = metrics.bins(mine.reward, labels)
    return {
        "calibration": {"bins": bins, "error": metrics.calibration_error(bins)},
        "coverage_by_width": _by_width(mine, labels, families),
        "abstained": _figure(metrics.share(abstained, families)),
        "answered": {
            "n": len(kept),
            "figures": plain(
                metrics.figures(answers.predictions.at(answered), labels_of(kept), [e.family for e in kept])
            ),
        },
    }


def _by_width(mine: Predictions, labels: Array, families: Sequence[str]) -> list[dict[str, Any]]:
    """Coverage of narrow and of wide intervals: it should not depend on the width."""
    assert mine.low is not None
    assert mine.high is not None
    width = mine.high - mine.low
    inside = (mine.low <= labels) & (labels <= mine.high)
    order = np.argsort(width, kind="stable")
    return [
        {
            "n": len(some),
            "width": float(width[some].mean()),
            "coverage": _figure(metrics.share(inside[some], [families[i] for i in some])),
        }
        for some in np.array_split(order, min(WIDTH_BINS, len(order)))
    ]


def _kinds(examples: Sequence[Example], answers: Answers) -> dict[str, Any] | None:
    """On the English robot corpus: elsewhere nobody said of which kind a text is."""
    index = [i for i, e in enumerate(examples) if e.source == "robot" and e.language == "en"]
    if not index:
        return None
    families = [examples[i].family for i in index]
    given, found = [examples[i].kind for i in index], [answers.kinds[i] for i in index]
    table = metrics.confusion(given, found, KINDS)
    others = np.array([kind != "evaluative" for kind in given])
    abstained = answers.abstained[index]
    silent = [family for family, other in zip(families, others, strict=True) if other]
    return {
        "rated": "synthetic",
        "n": len(index),
        "names": list(KINDS),
        "confusion": table,
        "accuracy": _figure(metrics.share(np.array(given) == np.array(found), families)),
        "macro_f1": metrics.macro_f1(table),
        "abstained_on_others": _figure(metrics.share(abstained[others], silent)),
    }


def _arms(model: RewardModel, examples: Sequence[Example], answers: Answers, say: Say) -> dict[str, Any]:
    held = arms.hold_out(examples)
    if not held.index:
        return {}
    rows = [examples[i] for i in held.index]
    # Words alone are the same remarks as in the main figures.
    predictions = {"words": answers.predictions.at(np.array(held.index))}
    for arm in ("words+rating", "rating"):
        say(f"arm {arm}")
        predictions[arm] = ask(model, arms.remarks(examples, held, arm)).predictions
    found: dict[str, Any] = {}
    for pool in pools_of(rows):
        index = members(pool, rows)
        families = [rows[i].family for i in index]
        found[pool.name] = {"rated": pool.rated, "n": len(index)} | {
            arm: plain(metrics.figures(predictions[arm].at(index), held.labels[index], families))
            for arm in arms.ARMS
        }
    return found


def _context(
    model: RewardModel, examples: Sequence[Example], answers: Answers, say: Say
) -> dict[str, Any] | None:
    index = np.array([i for i in members(ROBOT, examples) if examples[i].context is not None], np.int64)
    if len(index) < 2:
        return None
    mine = [examples[i] for i in index]
    labels, families = labels_of(mine), [e.family for e in mine]
    given = answers.predictions.at(index)
    without = ask(model, ablation.withheld(mine), lambda at: say(f"context withheld: {at}")).predictions
    wrong = ask(model, ablation.swapped(mine), lambda at: say(f"context swapped: {at}")).predictions
    weights = metrics.resamples(families)
    pairs = ablation.same_words(mine)
    return {
        "rated": "synthetic",
        "n": len(mine),
        **{
            name: plain(metrics.figures(Predictions(one.reward), labels, families))
            for name, one in (("given", given), ("withheld", without), ("swapped", wrong))
        },
        "gain_in_r": _figure(
            metrics.difference(metrics.correlation, given.reward, without.reward, labels, weights)
        ),
        "pairs": _pairs(pairs, mine, given, without),
    }


def _pairs(
    pairs: Sequence[tuple[int, int]], mine: Sequence[Example], given: Predictions, without: Predictions
) -> dict[str, Any] | None:
    """The same words about two scenes. Swapped: each gets what was predicted for its partner."""
    if not pairs:
        return None
    wordings = [mine[a].text.casefold() for a, _ in pairs]
    here, there = np.array(pairs).ravel(), np.array(pairs)[:, ::-1].ravel()
    labels, doubled = labels_of(mine), [w for w in wordings for _ in range(2)]
    arms_ = {"given": given.reward[here], "withheld": without.reward[here], "swapped": given.reward[there]}
    weights = metrics.resamples(wordings)
    return {
        "n": len(pairs),
        "wordings": len(set(wordings)),
        "in_order": {
            name: _figure(metrics.summary(weights @ ablation.in_order(one, pairs) / weights.sum(1)))
            for name, one in (("given", given.reward), ("withheld", without.reward))
        },
        **{
            name: plain(metrics.figures(Predictions(one), labels[here], doubled))
            for name, one in arms_.items()
        },
    }


def _figure(found: metrics.Figure | None) -> dict[str, Any] | None:
    return None if found is None else asdict(found)
