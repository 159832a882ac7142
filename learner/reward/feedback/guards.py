"""Against rewards that are gamed, by a person or by the policy: a cap on influence, and alarms.

Nothing here decides who is right. A cap keeps one session from drowning the others; an alarm is an event that
a person should look at (`queries.list_events`).
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from learner.reward.feedback.calibrate import Pair
from learner.store.rows import Label

WINDOW_S = 600.0
"""Influence is counted in windows of this length..."""
SHARE = 0.6
"""... in each of which one person's labels weigh at most this share of all, ..."""
FREE = 10.0
"""... unless they weigh less than this in all (ten taps): few words are nobody's flood. ..."""
MOST = 60.0
"""... And never more than this, even of a person who is alone."""

LEAST = 8
"""Comparisons below which no alarm speaks."""
CONTRARY = 0.4
"""Share of opposite signs from which on two sources disagree; chance is 0.5."""
DISTRUST = 0.4
"""Reliability below which a person disagrees with the others (`agreement`)."""
_SURE = 0.15
"""|score| below which a sign means nothing."""
_OPINION = 0.02
"""|R_h| below which it is no opinion."""

DRIFT_UPDATES = 10
RISE, FALL = 0.08, 0.12
"""R_h a decision up by RISE while task success is down by FALL, between two stretches of DRIFT_UPDATES."""


@dataclass(frozen=True)
class Alarm:
    """Something a person should look at."""

    kind: str
    """influence | words_against_buttons | person_against_others | taste_against_labels | hacking."""
    who: str
    """The person it is about; "" = nobody in particular."""
    value: float
    threshold: float
    what: str
    """In words."""

    def detail(self) -> dict[str, Any]:
        """As the detail of an event of kind `alarm.<kind>`."""
        return {"who": self.who, "value": self.value, "threshold": self.threshold, "what": self.what}


def caps(rows: Sequence[Label]) -> tuple[list[float], list[Alarm]]:
    """A factor in (0, 1] for each label's weight, and who was held back."""
    windows: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        windows[_window(row)][row.client_id] += row.weight
    factors: dict[tuple[int, str], float] = {}
    held: dict[str, float] = {}
    for window, people in windows.items():
        total = sum(people.values())
        for person, weight in people.items():
            others = total - weight
            allowed = MOST if others == 0.0 else min(MOST, max(FREE, SHARE / (1.0 - SHARE) * others))
            if weight > allowed:
                factors[window, person] = allowed / weight
                held[person] = min(held.get(person, 1.0), allowed / weight)
    alarms = [
        Alarm("influence", person, factor, 1.0, f"held back to {factor:.0%} of what they said")
        for person, factor in held.items()
    ]
    return [factors.get((_window(row), row.client_id), 1.0) for row in rows], alarms


def _window(row: Label) -> int:
    return math.floor(row.received_unix_s / WINDOW_S)


def words_against_buttons(pairs: Mapping[str, Sequence[Pair]]) -> list[Alarm]:
    """People whose texts are scored against what their own buttons say: the reward model misreads them."""
    alarms = []
    for person, found in pairs.items():
        clear = [pair for pair in found if min(abs(pair.score), abs(pair.button)) >= _SURE]
        share = _contrary([pair.score for pair in clear], [pair.button for pair in clear])
        if len(clear) >= LEAST and share >= CONTRARY:
            what = f"{share:.0%} of {len(clear)} texts were scored against their own buttons"
            alarms.append(Alarm("words_against_buttons", person, share, CONTRARY, what))
    return alarms


def person_against_others(reliability: Mapping[str, float]) -> list[Alarm]:
    """People who mostly say the opposite of what others say of the same steps."""
    return [
        Alarm("person_against_others", person, value, DISTRUST, f"reliability {value:.2f}")
        for person, value in reliability.items()
        if value <= DISTRUST
    ]


def taste_against_labels(
    predicted: Sequence[float], labels: Sequence[float], weights: Sequence[float]
) -> list[Alarm]:
    """R_h that does not say what it was fitted to: the labels contradict each other, or the features hide
    what people mean. Weighted as the fit was; where R_h has no opinion it contradicts nobody."""
    clear = [
        (p, y, w)
        for p, y, w in zip(predicted, labels, weights, strict=True)
        if abs(y) >= _SURE and abs(p) >= _OPINION and w > 0.0
    ]
    if len(clear) < LEAST:
        return []
    p, y, w = zip(*clear, strict=True)
    share = _contrary(p, y, w)
    if share < CONTRARY:
        return []
    what = f"R_h has the other sign on {share:.0%} of what people said about {len(clear)} decisions"
    return [Alarm("taste_against_labels", "", share, CONTRARY, what)]


def _contrary(a: Sequence[float], b: Sequence[float], weights: Sequence[float] = ()) -> float:
    """Share of opposite signs, by weight."""
    w = weights or [1.0] * len(a)
    return sum(k for x, y, k in zip(a, b, w, strict=True) if x * y < 0.0) / sum(w) if a else 0.0


class Drift:
    """Watches whether the policy pleases R_h at the cost of the task."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, float]] = deque(maxlen=2 * DRIFT_UPDATES)

    def update(self, r_human: float, success: float) -> list[Alarm]:
        """One update's mean R_h of a decision and share of episodes that ended well; NaN = none ended."""
        if not math.isfinite(success):
            return []
        self._past.append((r_human, success))
        if len(self._past) < 2 * DRIFT_UPDATES:
            return []
        past = np.array(self._past)
        rise, gain = past[DRIFT_UPDATES:].mean(axis=0) - past[:DRIFT_UPDATES].mean(axis=0)
        if rise < RISE or gain > -FALL:
            return []
        self._past.clear()
        what = f"R_h rose by {rise:.2f} a decision while task success fell by {-gain:.0%}"
        return [Alarm("hacking", "", float(rise), RISE, what)]
