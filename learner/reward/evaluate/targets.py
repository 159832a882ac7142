"""What the product promises of its reward model, in one table, and whether it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from learner.reward.model import INTERVAL

_COVERAGE_POINTS = 0.03


@dataclass(frozen=True)
class Target:
    """One promise."""

    name: str
    what: str
    where: tuple[str, ...]
    """Keys of the figure in a model's part of the report."""
    rated: Literal["human-rated", "synthetic", "measured"]
    """What stands behind the figure; measured: on this machine."""
    low: float | None = None
    high: float | None = None
    strict: bool = False
    """The bound itself does not do."""
    of: Literal["default", "any"] = "default"
    """any: the best of the models measured may keep it."""
    unit: str = ""


TARGETS: tuple[Target, ...] = (
    Target(
        "best-r",
        "r of at least one backend, four domains pooled",
        ("pools", "human", "figures", "pearson"),
        "human-rated",
        low=0.85,
        strict=True,
        of="any",
    ),
    Target(
        "default-r",
        "r, four domains pooled",
        ("pools", "human", "figures", "pearson"),
        "human-rated",
        low=0.82,
    ),
    Target(
        "default-mse",
        "MSE, four domains pooled",
        ("pools", "human", "figures", "mse"),
        "human-rated",
        high=0.055,
    ),
    Target(
        "short-r",
        "r, tweets and product reviews",
        ("pools", "tweets+amazon", "figures", "pearson"),
        "human-rated",
        low=0.90,
    ),
    Target(
        "robot-r",
        "r, robot feedback, unseen styles",
        ("pools", "robot", "figures", "pearson"),
        "synthetic",
        low=0.90,
    ),
    Target(
        "robot-mse",
        "MSE, robot feedback, unseen styles",
        ("pools", "robot", "figures", "mse"),
        "synthetic",
        high=0.1,
        strict=True,
    ),
    Target(
        "robot-sign",
        "sign accuracy, robot feedback, unseen styles",
        ("pools", "robot", "figures", "sign_accuracy"),
        "synthetic",
        low=0.90,
    ),
    Target(
        "coverage-human",
        f"coverage of {INTERVAL:.0%} intervals, four domains pooled",
        ("pools", "human", "figures", "coverage"),
        "human-rated",
        low=INTERVAL - _COVERAGE_POINTS,
        high=INTERVAL + _COVERAGE_POINTS,
    ),
    Target(
        "coverage-robot",
        f"coverage of {INTERVAL:.0%} intervals, robot feedback, unseen styles",
        ("pools", "robot", "figures", "coverage"),
        "synthetic",
        low=INTERVAL - _COVERAGE_POINTS,
        high=INTERVAL + _COVERAGE_POINTS,
    ),
    Target(
        "latency", "p95 of one prediction", ("cost", "single_ms", "p95"), "measured", high=10.0, unit="ms"
    ),
    Target(
        "throughput",
        "predictions a second in batches, all cores",
        ("cost", "batch_per_s_on_all_cores"),
        "measured",
        low=300.0,
        unit="/s",
    ),
    Target(
        "memory", "memory that the model adds", ("cost", "rss_growth_mb"), "measured", high=200.0, unit="MB"
    ),
)

Status = Literal["met", "missed", "not measured"]


def verdicts(models: Mapping[str, Mapping[str, Any]], default: str) -> list[dict[str, Any]]:
    """One row a target. `models`: the report's part of each model, by spec."""
    rows = []
    for target in TARGETS:
        asked = models if target.of == "any" else {k: v for k, v in models.items() if k == default}
        found = {spec: got for spec, part in asked.items() if (got := _find(part, target.where)) is not None}
        row: dict[str, Any] = {
            "name": target.name,
            "what": target.what,
            "rated": target.rated,
            "target": bounds(target),
            "unit": target.unit,
            "status": "not measured",
        }
        if found:
            spec = min(found, key=lambda one: (miss(target, found[one]["value"]), -found[one]["value"]))
            value = found[spec]["value"]
            status: Status = "met" if within(target, value) else "missed"
            ends = [end for end in (found[spec].get("low"), found[spec].get("high")) if end is not None]
            row |= {
                "model": spec,
                **found[spec],
                "status": status,
                "missed_by": miss(target, value) if status == "missed" else 0.0,
                "certain": bool(ends) and {_side(target, end) for end in ends} == {_side(target, value)},
            }
        rows.append(row)
    return rows


def within(target: Target, value: float) -> bool:
    """Whether a value keeps the target."""
    if target.low is not None and (value < target.low or (target.strict and value == target.low)):
        return False
    return target.high is None or value < target.high or (not target.strict and value == target.high)


def miss(target: Target, value: float) -> float:
    """How far a value is on the wrong side; 0 within."""
    below = 0.0 if target.low is None else target.low - value
    above = 0.0 if target.high is None else value - target.high
    return max(below, above, 0.0)


def _side(target: Target, value: float) -> int:
    """-1 too low, 0 within, 1 too high."""
    if within(target, value):
        return 0
    return -1 if target.low is not None and value <= target.low else 1


def bounds(target: Target) -> str:
    """The target in symbols."""
    more, less = (">", "<") if target.strict else ("≥", "≤")
    unit = f" {target.unit}" if target.unit else ""
    if target.low is not None and target.high is not None:
        return f"{target.low:.2f} to {target.high:.2f}"
    return f"{more} {target.low:g}{unit}" if target.low is not None else f"{less} {target.high:g}{unit}"


def _find(part: Mapping[str, Any], where: tuple[str, ...]) -> dict[str, Any] | None:
    found: Any = part
    for key in where:
        if not isinstance(found, Mapping) or key not in found:
            return None
        found = found[key]
    if isinstance(found, Mapping):
        return dict(found)
    return {"value": float(found)}
