"""What the trained backends share: words in, judgements out. How the network is run is their own affair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from learner.reward.encoding import clean, describe
from learner.reward.judging import SILENT, Words, by_width, settle
from learner.reward.model import KINDS, Judgement, Kind, Remark, rating_reward
from learner.reward.networks.intervals import Intervals
from learner.reward.networks.network_shape import LOG_SD_RANGE
from learner.reward.networks.tokens import Ids, Tokens
from learner.reward.stop_words import is_stop, scolds

BATCH = 64


class Network(Protocol):
    """One trained network, ready to run."""

    def run(self, rows: Sequence[Ids]) -> NDArray[np.float32]:
        """(n, OUTPUTS) raw numbers of the head; a row's numbers do not depend on the other rows."""
        ...


class LearnedModel:
    """Networks that answer together, with the rules around them."""

    def __init__(
        self, version: str, networks: Sequence[Network], tokens: Tokens, intervals: Intervals
    ) -> None:
        self.version = version
        self._networks = networks
        self._tokens = tokens
        self._intervals = intervals

    def judge(self, remarks: Sequence[Remark]) -> list[Judgement]:
        """One judgement a remark, in order.

        Raises:
            ValueError: a context or a rating out of range; says which and why.
        """
        for remark in remarks:
            if remark.rating is not None:
                rating_reward(remark.rating)
        texts = [clean(r.text) for r in remarks]
        contexts = [describe(r.context) for r in remarks]
        spoken = [i for i, text in enumerate(texts) if text]
        words = dict.fromkeys(range(len(remarks)), SILENT)
        words |= zip(
            spoken, self._read([texts[i] for i in spoken], [contexts[i] for i in spoken]), strict=True
        )
        return [settle(words[i], r.rating, self.version, texts[i]) for i, r in enumerate(remarks)]

    def _read(self, texts: Sequence[str], contexts: Sequence[str]) -> list[Words]:
        rows = [self._tokens.encode(text, context) for text, context in zip(texts, contexts, strict=True)]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
        found: list[Words] = [SILENT] * len(rows)
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            raw = np.stack([network.run([rows[i] for i in some]) for network in self._networks])
            rewards, log_sd, kinds = combine(raw)
            has_context = np.array([bool(contexts[i]) for i in some])
            half = self._intervals.half_widths(log_sd, has_context)
            for at, i in enumerate(some):
                kind: Kind = KINDS[int(kinds[at].argmax())]
                if is_stop(texts[i]) and not scolds(texts[i]):
                    kind = "stop"
                found[i] = by_width(float(rewards[at]), float(half[at]), kind)
        return found


def combine(
    raw: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(members, n, OUTPUTS) -> rewards (n,), log standard deviations (n,), kind probabilities (n, kinds).

    The variance of a mixture: the members' mean variance plus the variance of their means (Lakshminarayanan
    et al., 2017).
    """
    wide = raw.astype(np.float64)
    rewards = np.tanh(wide[..., 0])
    variance = np.exp(2 * np.clip(wide[..., 1], *LOG_SD_RANGE)).mean(0) + rewards.var(0)
    odds = np.exp(wide[..., 2:] - wide[..., 2:].max(-1, keepdims=True))
    return rewards.mean(0), 0.5 * np.log(variance), (odds / odds.sum(-1, keepdims=True)).mean(0)
