"""How soon a robot's tempo becomes the one that somebody wants who only says "too fast" and the like.

A lesson is ten attempts at a gesture, each followed by a remark of a simulated person with a wish of its own.
All pupils have the same lessons: wishes, first tempi, people and scenes. Synthetic:
none of it is about people.

    words      a belief about the wish, from direction and reward of each remark, moves the parameter
    network    the same belief labels the attempts, and a policy network is cloned on them
    reward     R_h over the parameter from the reward that the words are worth: no direction
    taps       R_h over the parameter from 👍 and 👎
    random     another parameter each time
    ignore     the same parameter each time
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learner.lessons.hearing import Listener
from learner.lessons.network_pupil import NetworkPupil, Schooled, school
from learner.lessons.pace import taught
from learner.lessons.pupils import Deaf, Guesser, Listening, Lived, Pupil, Tasting
from learner.lessons.rater import Manner, TempoRater
from learner.lessons.stage import Attempts, Stage
from learner.reward.model import Context, Remark, RewardModel
from shared.errors import ConfigError
from shared.spaces import TICK_S
from shared.tools import TOOL_INDEX, TOOLS
from sim.experts import HASTE

F64 = NDArray[np.float64]

ARMS = ("words", "network", "reward", "taps", "random", "ignore")
WISHES_HZ = (1.4, 1.9)
"""Wishes are drawn from here: what a nod and a shake can have."""
STARTS = (-0.8, 0.0, 0.8)
"""Raw parameters that lessons may begin with: slow, middling, fast."""
LEAST_OFF = 0.1
"""A lesson begins at least this far off its wish, as a share; nearer ones have little to learn."""
CHECKS, CHECK_SEED = 3, 7_000_000
"""Attempts after the lesson, and where their scenes come from."""
RESAMPLES = 2000
_CONTEXT = Context(
    "nod", "nod", (10.5, 1.9), range_deg=14.0, speed_deg_s=80.0, duration_s=1.2, outcome="success"
)
"""What remarks of the listener's own wordings are about."""


@dataclass(frozen=True)
class Plan:
    """What is compared, and for how long."""

    arms: tuple[str, ...] = ARMS
    seeds: tuple[int, ...] = (0, 1, 2)
    lessons: int = 20
    """A seed."""
    attempts: int = 10
    manner: Manner = field(default_factory=Manner)


@dataclass(frozen=True)
class Lesson:
    """One person's wish and how the robot begins."""

    wish_hz: float
    start: float
    """One of STARTS."""
    seed: int
    """Of the person."""


@dataclass(frozen=True)
class Run:
    """One arm with one seed."""

    arm: str
    seed: int
    error: list[list[float]]
    """(lessons, attempts) relative error of the tempo; 1 where the gesture was not made."""
    afterwards: list[float]
    """(lessons) the same after the lesson, asked in wordings that it did not have, mean of `CHECKS`."""
    said: list[tuple[float, float, str]]
    """What was said in the first lesson: wish, shown tempo, words."""
    seconds: float


def lessons(plan: Plan, seed: int) -> list[Lesson]:
    """The lessons of a seed."""
    rng = np.random.default_rng([seed, 11])
    found: list[Lesson] = []
    while len(found) < plan.lessons:
        wish, start = float(rng.uniform(*WISHES_HZ)), float(rng.choice(STARTS))
        if abs(_about_hz(start) - wish) / wish >= LEAST_OFF:
            found.append(Lesson(wish, start, int(rng.integers(2**31))))
    return found


def run_one(arm: str, seed: int, plan: Plan, listener: Listener) -> Run:
    """All lessons of a seed, side by side.

    Raises:
        ConfigError: no such arm.
    """
    if arm not in ARMS:
        raise ConfigError(f"arm {arm!r}: give one of {', '.join(ARMS)}")
    began = time.perf_counter()
    given = lessons(plan, seed)
    raters = [TempoRater(one.wish_hz, np.random.default_rng(one.seed), plan.manner) for one in given]
    wishes = np.array([one.wish_hz for one in given])
    error = np.ones((len(given), plan.attempts))
    said: list[tuple[float, float, str]] = []
    with closing(Stage(len(given), seed)) as stage:
        pupils = _pupils(arm, given, stage.gestures, listener, seed)
        for k in range(plan.attempts):
            done = _attempt(pupils, stage)
            error[:, k] = np.abs(done.shown_hz - wishes) / wishes
            words = [rater.say(shown) for rater, shown in zip(raters, done.shown_hz, strict=True)]
            taps = [rater.tap(shown) for rater, shown in zip(raters, done.shown_hz, strict=True)]
            said.append((given[0].wish_hz, float(done.shown_hz[0]), words[0]))
            heard = listener.hear(
                [Remark(text, None, seen) for text, seen in zip(words, done.contexts, strict=True)]
            )
            for i, pupil in enumerate(pupils):
                tool, shown = int(done.tool[i]), float(done.shown_hz[i])
                pupil.learn(Lived(done.obs[i], tool, done.params[i], shown, heard[i], taps[i]))
    with closing(Stage(len(given), seed + CHECK_SEED, "held_out")) as stage:
        shown_hz = np.stack([_attempt(pupils, stage).shown_hz for _ in range(CHECKS)])
        afterwards = (np.abs(shown_hz - wishes) / wishes).mean(axis=0)
    return Run(arm, seed, error.tolist(), afterwards.tolist(), said, time.perf_counter() - began)


def _attempt(pupils: Sequence[Pupil], stage: Stage) -> Attempts:
    chosen = [pupil.attempt(obs) for pupil, obs in zip(pupils, stage.obs, strict=True)]
    return stage.play(np.array([tool for tool, _ in chosen]), np.stack([params for _, params in chosen]))


def run_all(plan: Plan, model: RewardModel, told: Callable[[Run], None] = lambda run: None) -> list[Run]:
    """Every arm with every seed."""
    listener = listener_of(model)
    runs = []
    for seed in plan.seeds:
        for arm in plan.arms:
            run = run_one(arm, seed, plan, listener)
            told(run)
            runs.append(run)
    return runs


def listener_of(model: RewardModel) -> Listener:
    """The listener that lessons have: the taught pace reader beside the reward model."""
    from learner.text import TextEncoder

    return Listener(taught(TextEncoder()), model, _CONTEXT)


def errors(runs: Sequence[Run], arm: str) -> F64:
    """(lessons of all seeds, attempts) of one arm."""
    return np.concatenate([np.array(run.error) for run in runs if run.arm == arm])


def summary(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """arm -> error of every attempt, and how soon it was halved."""
    out: dict[str, dict[str, Any]] = {}
    for arm in dict.fromkeys(run.arm for run in runs):
        found = errors(runs, arm)
        low, high = interval(found)
        made = found < 1.0
        halved = found <= 0.5 * found[:, :1]
        first = np.where(halved.any(axis=1), halved.argmax(axis=1) + 1, np.inf)
        half_low, half_high = interval(halved[:, -1:])
        out[arm] = {
            "lessons": len(found),
            "afterwards": float(np.mean([e for run in runs if run.arm == arm for e in run.afterwards])),
            "error": found.mean(axis=0).tolist(),
            "made": float(made.mean()),
            "error_where_made": [
                float(column[there].mean()) if there.any() else None
                for column, there in zip(found.T, made.T, strict=True)
            ],
            "error_low": low.tolist(),
            "error_high": high.tolist(),
            "halved_at_last": float(halved[:, -1].mean()),
            "halved_at_last_low": float(half_low[0]),
            "halved_at_last_high": float(half_high[0]),
            "attempts_until_halved_median": float(np.median(first))
            if np.isfinite(np.median(first))
            else None,
            "ever_halved": float(halved.any(axis=1).mean()),
            "mean_halved_at": halved_at(found.mean(axis=0)),
        }
    return out


def halved_at(mean: F64) -> int | None:
    """The first attempt, counted from 1, from which on the mean error stays at half of the first one's or
    less; None: there is none."""
    over = np.flatnonzero(mean > 0.5 * mean[0])
    at = int(over[-1]) + 2
    return at if at <= len(mean) else None


def interval(values: NDArray[Any]) -> tuple[F64, F64]:
    """The mean's 95 % bootstrap interval of every column of (lessons, k), the same for the same values."""
    rng = np.random.default_rng(0)
    rows = rng.integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(np.asarray(values, np.float64)[rows].mean(axis=1), [2.5, 97.5], axis=0)
    return np.asarray(low), np.asarray(high)


def document(plan: Plan, runs: Sequence[Run], model_version: str) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "synthetic": True,
        "unit": "relative error of the tempo",
        "model": model_version,
        "plan": asdict(plan),
        "summary": summary(runs),
        "runs": [asdict(run) for run in runs],
    }


def _about_hz(start: float) -> float:
    tool = TOOLS[TOOL_INDEX["nod"]]
    return HASTE * tool.params[1].physical(start) / (tool.ticks * TICK_S)


def _pupils(
    arm: str, given: Sequence[Lesson], gestures: Sequence[str], listener: Listener, seed: int
) -> list[Pupil]:
    if arm == "network":
        schools: dict[float, Schooled] = {s: school(s, seed) for s in {one.start for one in given}}
        return [
            NetworkPupil(gesture, schools[one.start], listener, np.random.default_rng([one.seed, 1]))
            for one, gesture in zip(given, gestures, strict=True)
        ]
    return [_pupil(arm, one, gesture, listener) for one, gesture in zip(given, gestures, strict=True)]


def _pupil(arm: str, lesson: Lesson, gesture: str, listener: Listener) -> Pupil:
    rng = np.random.default_rng([lesson.seed, 1])
    if arm == "words":
        return Listening(gesture, lesson.start, listener)
    if arm in ("taps", "reward"):
        return Tasting(gesture, lesson.start, rng, taps=arm == "taps")
    return Guesser(gesture, lesson.start, rng) if arm == "random" else Deaf(gesture, lesson.start)
