"""Every decision's reward: r = w_task * r_task + w_human * R_h + w_safety * r_safety.

What R_h likes is paid on the decision that ends an episode, what it dislikes on every one, but in the middle
of an episode only in part. Paid on every one, a liking for gentle nods teaches to nod too gently to finish,
fifteen times over (measured: success 0). Charged in full on every one, the small dislikes of six decisions on
the way to an object outweigh that it was reached, and a wrong gesture at once is the better choice.

R_h is fitted anew whenever there is new feedback; on a step that people spoke about, their own words count
beside it, by their weight.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import Connection

from learner.reward.feedback.context import decisions_of
from learner.reward.feedback.guards import Alarm, Drift, taste_against_labels
from learner.reward.feedback.human import Labels, Taste, with_direct_labels
from learner.reward.feedback.outcome import outcome_features
from learner.reward.feedback.weighing import weigh
from learner.rl.buffer import Rollout
from learner.rl.config import RewardWeights
from learner.store import queries
from learner.store.engine import Store
from learner.store.rows import Label, StepReward, TasteModel
from shared.codec import unpack_transition

log = structlog.get_logger("taste")

F32 = NDArray[np.float32]

MIDDLE = 0.2
"""Share of a dislike that a decision in the middle of an episode is charged."""


@dataclass(frozen=True)
class Labelled:
    """What labelling did to one rollout, all (T, N)."""

    reward: F32
    r_human: F32
    r_human_std: F32


class Labeller:
    """Holds the present R_h. Without a store nobody can have said anything: R_h is 0."""

    def __init__(self, weights: RewardWeights, store: Store | None, folder: Path, seed: int) -> None:
        self._weights = weights
        self._store = store
        self._folder = folder
        self._seed = seed
        self._seen: tuple[int, int] = (0, 0)
        self._alarms: set[tuple[str, str]] = set()
        """In force at the last fit."""
        self._drift = Drift()
        self._direct: dict[int, list[tuple[float, float]]] = {}
        self.taste: Taste | None = None
        self.version = 0
        """Of the taste model in use; 0 = none."""

    def refresh(self) -> bool:
        """Fit R_h anew if there is feedback that it has not seen. True: it changed."""
        if self._store is None:
            return False
        with self._store.read() as connection:
            state = queries.label_state(connection)
            if state == self._seen or state[1] == 0:
                return False
            said = queries.labels(connection)
            version = queries.next_taste_version(connection)
        # Taken after the read: a fit must never look older than the credits that it saw.
        now = time.time()
        started = time.perf_counter()
        weighed = weigh(said)
        rows = weighed.labels
        self._direct = defaultdict(list)
        for row in rows:
            self._direct[row.step_id].append((row.weight, row.label))
        self.taste, alarms = None, weighed.alarms
        if rows:
            labels = labels_of(rows)
            self.taste = Taste.fit(labels, np.random.default_rng(self._seed))
            guess, _ = self.taste.predict(labels.obs, labels.tool, labels.params, labels.motion, labels.ended)
            alarms = [
                *alarms,
                *taste_against_labels(guess.tolist(), labels.label.tolist(), labels.weight.tolist()),
            ]
        fit_s = time.perf_counter() - started
        metrics = {"fit_s": fit_s, "reliability": weighed.reliability}
        path = self._folder / f"{version}.npz"
        self._folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, allow_pickle=False, **(self.taste.state() if self.taste else {}))
        with self._store.write() as connection:
            queries.add_taste_model(
                connection,
                TasteModel(version, now, len(rows), state[0], None, path.name, metrics),
            )
            self._raise(connection, alarms, now)
        self._seen, self.version = state, version
        log.info("fitted", version=version, labels=len(rows), fit_ms=round(1000 * fit_s))
        return True

    def _raise(self, connection: Connection, alarms: list[Alarm], now_unix_s: float) -> None:
        """Write down alarms that were not there at the last fit."""
        for alarm in alarms:
            if (alarm.kind, alarm.who) not in self._alarms:
                tell(connection, alarm, now_unix_s)
        self._alarms = {(alarm.kind, alarm.who) for alarm in alarms}

    def label(self, rollout: Rollout) -> Labelled:
        """Reward of every decision of a rollout; those of robots are noted in the store."""
        shape = rollout.r_task.shape
        r_human, std = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        if self.taste is not None:

            def flat(array: NDArray) -> NDArray:  # type: ignore[type-arg]
                return array.reshape(-1, *array.shape[2:])

            guess, spread = self.taste.predict(
                flat(rollout.obs),
                flat(rollout.tool),
                flat(rollout.params),
                flat(rollout.motion),
                flat(rollout.ended),
            )
            std = spread.reshape(shape)
            r_human = guess.reshape(shape)
            r_human = np.where(rollout.terminated, r_human, MIDDLE * np.minimum(r_human, 0.0))
            r_human = r_human.astype(np.float32)
            if rollout.step_id.any():
                ids = rollout.step_id.ravel()
                r_human = with_direct_labels(r_human.ravel(), ids, self._direct).reshape(shape)
        w = self._weights
        reward = w.task * rollout.r_task + w.human * r_human + w.safety * rollout.r_safety
        labelled = Labelled(reward.astype(np.float32), r_human, std)
        self._note(rollout, labelled)
        self._watch(rollout, labelled)
        return labelled

    def _watch(self, rollout: Rollout, labelled: Labelled) -> None:
        """Whether the policy pleases R_h at the cost of the task; robot episodes are too few to tell."""
        if self._store is None or self.taste is None or rollout.tool.shape[1] == 1:
            return
        ended = rollout.ended
        success = float(rollout.success[ended].mean()) if ended.any() else float("nan")
        alarms = self._drift.update(float(labelled.r_human.mean()), success)
        if alarms:
            with self._store.write() as connection:
                for alarm in alarms:
                    tell(connection, alarm, time.time())

    def _note(self, rollout: Rollout, labelled: Labelled) -> None:
        if self._store is None or not rollout.step_id.any():
            return
        w = self._weights
        rows = [
            StepReward(
                step_id=int(rollout.step_id[at]),
                r_task=w.task * float(rollout.r_task[at]),
                r_human=w.human * float(labelled.r_human[at]),
                r_human_std=float(labelled.r_human_std[at]),
                r_safety=w.safety * float(rollout.r_safety[at]),
                total=float(labelled.reward[at]),
                taste_version=self.version or None,
                policy_version=None,
            )
            for at in zip(*np.nonzero(rollout.step_id), strict=True)
        ]
        with self._store.write() as connection:
            queries.put_step_rewards(connection, rows)


def tell(connection: Connection, alarm: Alarm, now_unix_s: float) -> None:
    """Write an alarm down as an event."""
    log.warning("alarm", kind=alarm.kind, **alarm.detail())
    queries.add_event(connection, f"alarm.{alarm.kind}", now_unix_s, **alarm.detail())


def labels_of(rows: list[Label]) -> Labels:
    """Credits with their steps' payloads -> what R_h is fitted to. At least one row."""
    transitions = [unpack_transition(row.payload) for row in rows]
    return Labels(
        obs=np.stack([t.obs for t in transitions]),
        tool=np.array([t.tool for t in transitions]),
        params=np.stack([t.params for t in transitions]),
        motion=outcome_features(decisions_of(transitions)),
        ended=np.array([row.ended for row in rows]),
        label=np.array([row.label for row in rows], np.float32),
        weight=np.array([row.weight for row in rows], np.float32),
    )
