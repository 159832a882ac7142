"""The yardstick of cost: MiniLM as it comes, in PyTorch at float32, and one linear head over its vector.

Its answers mean nothing (the head is zero); its time and memory are those of the frozen encoder with ridge.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from learner.reward.encoding import clean, describe
from learner.reward.judging import by_width, settle
from learner.reward.model import Judgement, Remark
from learner.text import TextEncoder
from shared.spaces import TEXT_DIM


class FrozenModel:
    """Words and context are embedded as one text, once."""

    version = "frozen-encoder"

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self._encoder = TextEncoder()
        self._head = np.zeros(TEXT_DIM)

    def judge(self, remarks: Sequence[Remark]) -> list[Judgement]:
        """One judgement a remark, in order."""
        texts = [f"{clean(r.text)} {describe(r.context)}".strip() for r in remarks]
        rewards = np.tanh(self._encoder.encode(texts) @ self._head)
        return [
            settle(by_width(float(value), 1.0, "evaluative"), r.rating, self.version, text)
            for value, r, text in zip(rewards, remarks, texts, strict=True)
        ]
