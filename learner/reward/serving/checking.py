"""Whether a reward model's answers are judgements at all."""

from __future__ import annotations

import math
from collections.abc import Sequence

from learner.reward.model import KINDS, Context, Judgement, Remark, RewardModel
from shared.errors import CoachError

PROBES = (
    Remark("that was great"),
    Remark(""),
    Remark("too fast", None, Context("nod", "nod", range_deg=20.0, speed_deg_s=200.0, outcome="success")),
    Remark("word " * 2000, 1),
)
"""What a model must answer sanely before it is put into use."""


class ModelRefused(CoachError):
    """A model that cannot be put into use."""


def checked(model: RewardModel, remarks: Sequence[Remark]) -> list[Judgement]:
    """What a model answers.

    Raises:
        ModelRefused: it is not an answer.
    """
    judgements = model.judge(remarks)
    if len(judgements) != len(remarks):
        raise ModelRefused(f"{model.version}: {len(judgements)} judgements of {len(remarks)} remarks")
    for remark, j in zip(remarks, judgements, strict=True):
        numbers = (j.reward, j.low, j.high, j.confidence)
        sane = all(map(math.isfinite, numbers)) and -1.0 <= j.low <= j.high <= 1.0 and abs(j.reward) <= 1.0
        if not (sane and 0.0 <= j.confidence <= 1.0 and j.kind in KINDS):
            raise ModelRefused(f"{model.version}: of {remark.text[:40]!r} it says {numbers} {j.kind!r}")
    return judgements
