"""Experience from robots: finished episodes out of the store, each transition once."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from learner.reward.feedback.context import decisions_of
from learner.reward.feedback.outcome import outcome_features
from learner.rl.buffer import Rollout
from learner.rl.networks import NumpyPolicy
from learner.rollouts.source import TASK_NAMES
from learner.store import queries
from learner.store.engine import Store
from learner.store.rows import Episode, Step
from shared.codec import unpack_transition

CUT = ("override", "stopped", "stale")
"""Ends that were not the policy's doing: a decision that a person or the safety layer cut short says nothing
about the one that was proposed."""
GRACE_S = 5.0
"""How long a finished episode waits for feedback before it is learnt from."""


class RobotSource:
    """Takes episodes in the order in which they ended; `mark` is what a checkpoint must remember."""

    def __init__(
        self,
        store: Store,
        grace_s: float = GRACE_S,
        clock: Callable[[], float] = time.time,
        mark: float = 0.0,
    ) -> None:
        self._store = store
        self._grace_s = grace_s
        self._clock = clock
        self.mark = mark
        """Episodes that ended up to this unix time [s] have been taken."""

    def collect(self, policy: NumpyPolicy, version: int, rng: np.random.Generator) -> list[Rollout]:
        """One rollout (T, 1) for each training episode that ended more than the grace ago."""
        until = self._clock() - self._grace_s
        with self._store.read() as connection:
            episodes = queries.finished_episodes(
                connection, ended_after_unix_s=self.mark, ended_before_unix_s=until
            )
            found = [
                (episode, queries.episode_steps(connection, episode.episode_id))
                for episode in episodes
                if episode.split == "train" and episode.task in TASK_NAMES
            ]
        if episodes:
            self.mark = max(episode.ended_unix_s or self.mark for episode in episodes)
        rollouts = (rollout_of(episode, steps, policy) for episode, steps in found)
        return [rollout for rollout in rollouts if rollout is not None]


def rollout_of(episode: Episode, steps: list[Step], policy: NumpyPolicy) -> Rollout | None:
    """A finished episode as a rollout with N = 1; None where nothing in it was judged.

    Records that were not judged (after the end, scripted, closing) are not decisions to learn from; the
    closing one gives the observation that a truncated episode bootstraps from.
    """
    records = [(step, unpack_transition(step.payload)) for step in steps]
    judged = [(step, t) for step, t in records if step.r_task is not None]
    if not judged:
        return None
    last = judged[-1][0].decision_seq
    after = next((t for step, t in records if step.decision_seq > last), None)
    rows = len(judged)
    value = np.array([t.value for _, t in judged], np.float32)
    over = np.zeros(rows, np.bool_)
    over[-1] = True
    # Without a closing record the last observation stands in for what followed it.
    final = (after or judged[-1][1]).obs[None]
    ended_well = episode.outcome == "success"
    terminated = over & (episode.outcome in {"success", "failure"})

    def column(values: np.ndarray) -> np.ndarray:
        return values[:, None]

    return Rollout(
        obs=np.stack([t.obs for _, t in judged])[:, None],
        tool=column(np.array([t.tool for _, t in judged])),
        params=np.stack([t.params for _, t in judged])[:, None],
        tool_mask=column(np.array([t.tool_mask for _, t in judged])),
        log_prob=column(np.array([t.log_prob for _, t in judged], np.float32)),
        value=column(value),
        next_value=column(np.append(value[1:], policy.value(final)).astype(np.float32)),
        n_ticks=column(np.array([t.n_ticks for _, t in judged])),
        r_task=column(np.array([step.r_task for step, _ in judged], np.float32)),
        r_safety=column(np.array([-t.limited_ticks / max(t.n_ticks, 1) for _, t in judged], np.float32)),
        terminated=column(terminated),
        truncated=column(over & ~terminated),
        on_policy=column(np.array([t.source == "policy" and t.end_reason not in CUT for _, t in judged])),
        policy_version=column(np.array([t.policy_version for _, t in judged])),
        motion=outcome_features(decisions_of([t for _, t in judged]))[:, None],
        task=np.full((rows, 1), TASK_NAMES.index(episode.task)),
        success=column(over & ended_well),
        step_id=column(np.array([step.id for step, _ in judged])),
    )
