"""From what people said to what R_h is fitted to: read as they mean it, buttons before words, by reliability,
nobody too loud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from learner.reward.feedback.agreement import reliability
from learner.reward.feedback.calibrate import Calibration, calibrated, fit, pairs
from learner.reward.feedback.guards import Alarm, caps, person_against_others, words_against_buttons
from learner.store.queries.feedback import BUTTONS
from learner.store.rows import Label


@dataclass(frozen=True)
class Weighed:
    """Labels as they are learnt from."""

    labels: list[Label] = field(default_factory=list)
    """With their final label and weight."""
    calibration: dict[str, Calibration] = field(default_factory=dict)
    reliability: dict[str, float] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)


def weigh(rows: Sequence[Label]) -> Weighed:
    """Labels in force -> labels to learn from."""
    found = pairs(rows)
    by = {person: fit(own) for person, own in found.items()}
    kept = buttons_first(calibrated(rows, by))
    trust = reliability(kept)
    trusted = [replace(row, weight=row.weight * trust[row.client_id]) for row in kept]
    factors, held = caps(trusted)
    labels = [replace(row, weight=row.weight * f) for row, f in zip(trusted, factors, strict=True)]
    alarms = [*held, *words_against_buttons(found), *person_against_others(trust)]
    return Weighed(labels, by, trust, alarms)


def buttons_first(rows: Sequence[Label]) -> list[Label]:
    """Without the texts about steps that a button was pressed about: buttons outrank words."""
    pressed = {row.step_id for row in rows if row.kind in BUTTONS}
    return [row for row in rows if row.kind in BUTTONS or row.step_id not in pressed]
