"""Watches simulated robots as a person would, and passes what that person says through the whole path:
stored, scored by the reward model, credited by the delay of the reaction.

Nothing is short-cut: records go into the store as a robot's do, words wait there for their score, and the
policy hears of them only through R_h and the labels that `learner.reward.feedback.labelling` reads from
the store.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from learner import crediting, scoring
from learner.recording import Recorded, Recorder, outcome_of
from learner.reward.feedback.context import Decisions, contexts
from learner.reward.feedback.credit import FASTEST_S, SCALE_S, SLOWEST_S
from learner.reward.model import RewardModel
from learner.spoken.rater import SpokenRater
from learner.store import queries
from learner.store.engine import Store
from learner.store.rows import NewFeedback
from shared.messages import TaskSpec
from sim.raters import SYNTHETIC
from sim.vector import Step

Int = NDArray[np.int64]

_EPOCH = 1
_LONG_AFTER_S = 1e6
"""The learner's clock: all records that may still come have come."""


class Witness:
    """A `learner.rollouts.local.Watch`: one person in front of each simulated robot."""

    def __init__(
        self, store: Store, model: RewardModel, rater: SpokenRater, rng: np.random.Generator
    ) -> None:
        self._store = store
        self._model = model
        self._rater = rater
        self._rng = rng
        self._recorder = Recorder(SYNTHETIC, _EPOCH)
        self._coming: dict[str, list[tuple[float, str]]] = defaultdict(list)
        """Each robot's reactions on their way: instant on its clock, words."""
        self.remarks = 0
        """Said so far."""
        self.scored = 0
        """Of these, those that the model did not abstain on."""

    def __call__(self, specs: list[TaskSpec], played: Decisions, step: Step) -> Int:
        """Look at one decision of each robot; gives the rows (n,) of the store that they became."""
        seen = contexts(played, specs, [outcome_of(step, i) for i in range(len(played))])
        said: list[NewFeedback] = []
        with self._store.write() as connection:
            recorded = self._recorder.record(connection, specs, played, step)
            for context, spec, record in zip(seen, specs, recorded, strict=True):
                words = self._rater.say(context, spec)
                if words is not None:
                    self._coming[record.robot_id].append((self._reacts_at(record), words))
                said += self._due(record)
            for row in said:
                queries.insert_feedback(connection, row)
        if said:
            self.remarks += len(said)
            self._score()
        return np.array([record.step_id for record in recorded], np.int64)

    def _reacts_at(self, record: Recorded) -> float:
        """An instant after something in the second half of the decision caught the eye."""
        cause_s = self._rng.uniform(0.5 * (record.start_s + record.end_s), record.end_s)
        return cause_s + min(FASTEST_S + self._rng.gamma(2.0, SCALE_S), SLOWEST_S)

    def _due(self, record: Recorded) -> list[NewFeedback]:
        """What has been said by now; the page shows a decision until it ends, then the next one's number."""
        coming = self._coming[record.robot_id]
        self._coming[record.robot_id] = [(at_s, words) for at_s, words in coming if at_s > record.now_s]
        rows = []
        for at_s, words in coming:
            if at_s > record.now_s:
                continue
            during = at_s <= record.end_s
            rows.append(
                NewFeedback(
                    robot_id=record.robot_id,
                    episode_id=record.episode_id,
                    client_id=record.robot_id,
                    kind="text",
                    value=None,
                    text=words,
                    received_unix_s=at_s,
                    boot_epoch=_EPOCH,
                    shown_decision_seq=record.decision_seq if during else record.next_seq,
                    client_delay_ms=1000.0 * (at_s - (record.start_s if during else record.end_s)),
                    score=None,
                    score_confidence=None,
                )
            )
        return rows

    def _score(self) -> None:
        """Score what waits, and credit what has a score."""
        with self._store.read() as connection:
            waiting = scoring.waiting(connection, _LONG_AFTER_S)
        remarks = [(row.id, remark) for row, remark in waiting if remark is not None]
        judgements = self._model.judge([remark for _, remark in remarks])
        with self._store.write() as connection:
            for (feedback_id, _), judgement in zip(remarks, judgements, strict=True):
                queries.score_feedback(connection, feedback_id, scoring.scored(judgement), _LONG_AFTER_S)
                self.scored += not judgement.abstained
            crediting.credit_waiting(connection, _LONG_AFTER_S)
