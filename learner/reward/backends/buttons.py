"""Explicit ratings only: no word is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from learner.reward.encoding import clean
from learner.reward.judging import SILENT, settle
from learner.reward.model import Judgement, Remark
from learner.reward.stop_words import is_stop


class ButtonsModel:
    """A rating is its reward; a remark without one is abstained on. Stop words are still heard."""

    version = "buttons-1"

    def judge(self, remarks: Sequence[Remark]) -> list[Judgement]:
        """One judgement a remark, in order.

        Raises:
            ValueError: a rating out of range.
        """
        words = (replace(SILENT, kind="stop") if is_stop(clean(r.text)) else SILENT for r in remarks)
        return [settle(w, r.rating, self.version, "") for w, r in zip(words, remarks, strict=True)]
