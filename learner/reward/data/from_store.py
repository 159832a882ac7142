"""What people here have said and rated, as examples to train on.

A remark's label is what its own author's buttons said about the same decisions; failing these, the mean of
other people's ratings of the decision that it is mostly about. Remarks without either teach nothing yet.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection

from learner.reward.data.example import Example
from learner.reward.data.split import hashed_split
from learner.reward.feedback.calibrate import pairs
from learner.reward.feedback.context import contexts, decisions_of
from learner.reward.model import OUTCOMES, Outcome
from learner.store import queries
from learner.store.rows import Episode, Feedback, Step
from shared.codec import decode, unpack_transition
from shared.messages import TaskSpec
from sim.raters import SYNTHETIC

LAST = 20_000
"""Remarks and labels that are looked at, newest first."""


def from_store(connection: Connection) -> list[Example]:
    """Every remark with a human label, oldest first; one person's remarks all lie in the same split."""
    rows = queries.labels(connection, last=LAST)
    own = {pair.feedback_id: (pair.button,) for found in pairs(rows).values() for pair in found}
    ratings: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        if row.kind == "rating":
            ratings[row.step_id].append(row.label)
    labelled: list[tuple[Feedback, Step, tuple[float, ...]]] = []
    for feedback, step in queries.remarks_with_steps(connection, limit=LAST)[::-1]:
        given = own.get(feedback.id) or tuple(ratings.get(step.id, ()))
        if feedback.text and given:
            labelled.append((feedback, step, given))
    if not labelled:
        return []
    names = {step.episode_id for _, step, _ in labelled}
    episodes = {name: queries.get_episode(connection, name) for name in names}
    return [_example(feedback, step, given, episodes[step.episode_id]) for feedback, step, given in labelled]


def _example(feedback: Feedback, step: Step, given: tuple[float, ...], episode: Episode | None) -> Example:
    context = None
    if episode is not None:
        spec = decode(episode.spec)
        assert isinstance(spec, TaskSpec)
        seen = decisions_of([unpack_transition(step.payload)])
        context = contexts(seen, [spec], [_outcome(feedback, episode)])[0]
    return Example(
        text=feedback.text or "",
        label=sum(given) / len(given),
        source="store",
        split=hashed_split(feedback.client_id),
        kind="evaluative",
        ratings=given,
        context=context,
        task=episode.task if episode is not None else "",
        synthetic=feedback.client_id.startswith(SYNTHETIC),
    )


def _outcome(feedback: Feedback, episode: Episode) -> Outcome:
    """Of the episode, when the words were said."""
    if episode.ended_unix_s is not None and episode.ended_unix_s <= feedback.received_unix_s:
        for known in OUTCOMES:
            if episode.outcome == known:
                return known
    return "running"
