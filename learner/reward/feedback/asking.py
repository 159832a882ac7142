"""What to ask a person to rate next: where one answer tells the most.

Two doubts are added, each as a share of what there is to be unsure about:

    doubt = (high - low) / 2 of the reward model's interval + min(1, std of R_h / std of its prior)

An episode that nobody said anything about has the second part only, of the decision that ended it. What the
same person has rated already is not asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from learner.reward.encoding import describe
from learner.reward.feedback.context import contexts, decisions_of
from learner.reward.feedback.human import Taste, TasteConfig
from learner.reward.feedback.outcome import outcome_features
from learner.reward.model import OUTCOMES, Outcome
from learner.store import queries
from learner.store.rows import Episode, Feedback, Step
from shared.codec import decode, unpack_transition
from shared.messages import TaskSpec

LOOK_AT = 200
"""Newest remarks, and newest episodes, among which is chosen."""


@dataclass(frozen=True)
class Question:
    """A decision to rate from 1 to 5. The answer is feedback of kind `rating` and source `replay`."""

    robot_id: str
    boot_epoch: int
    decision_seq: int
    step_id: int
    episode_id: str
    instruction: str
    shown: str
    """What the robot saw and did, in words."""
    said: str
    """A remark about it; "" = nobody said anything."""
    feedback_id: int | None
    """Of that remark."""
    doubt: float
    """0..2; the greater, the more an answer tells."""


def to_rate(
    connection: Connection, client_id: str, *, limit: int = 10, taste: Taste | None = None
) -> list[Question]:
    """The most telling questions for this person, best first.

    Args:
        connection: a read transaction.
        client_id: who is asked.
        limit: how many at most.
        taste: the present R_h (`latest_taste`); None: there is none, and all is as unsure as its prior.
    """
    asked = queries.rated_steps(connection, client_id)
    about: dict[int, tuple[Step, Feedback | None]] = {
        step.id: (step, None) for step in queries.ending_steps(connection, limit=LOOK_AT)
    }
    for feedback, step in queries.remarks_with_steps(connection, limit=LOOK_AT):
        before = about.get(step.id)
        if before is None or before[1] is None or _width(feedback) > _width(before[1]):
            about[step.id] = (step, feedback)
    open_ = [(step, feedback) for key, (step, feedback) in sorted(about.items()) if key not in asked]
    episodes = {
        episode.episode_id: episode
        for name in {step.episode_id for step, _ in open_}
        if (episode := queries.get_episode(connection, name)) is not None
    }
    known = [
        (step, feedback, episodes[step.episode_id]) for step, feedback in open_ if step.episode_id in episodes
    ]
    if not known:
        return []
    decisions = decisions_of([unpack_transition(step.payload) for step, _, _ in known])
    unsure = np.ones(len(known))
    if taste is not None:
        outcome = outcome_features(decisions)
        ended = np.array([_ended(step, episode) != "running" for step, _, episode in known])
        _, std = taste.predict(decisions.obs, decisions.tool, decisions.params, outcome, ended)
        unsure = np.minimum(1.0, std / TasteConfig().prior_std)
    specs = [_spec(episode) for _, _, episode in known]
    seen = contexts(decisions, specs, [_ended(step, episode) for step, _, episode in known])
    questions = [
        Question(
            robot_id=step.robot_id,
            boot_epoch=step.boot_epoch,
            decision_seq=step.decision_seq,
            step_id=step.id,
            episode_id=step.episode_id,
            instruction=spec.instruction,
            shown=describe(context),
            said=(feedback.text or "") if feedback is not None else "",
            feedback_id=feedback.id if feedback is not None else None,
            doubt=float(std) + (_width(feedback) if feedback is not None else 0.0),
        )
        for (step, feedback, _), spec, context, std in zip(known, specs, seen, unsure, strict=True)
    ]
    return sorted(questions, key=lambda q: (-q.doubt, q.step_id))[:limit]


def latest_taste(connection: Connection, folder: Path) -> Taste | None:
    """The newest R_h that the trainer has left in its folder of fits; None where there is none that this
    version can read (the trainer fits anew when it starts)."""
    model = queries.latest_taste_model(connection)
    path = folder / model.path if model is not None else None
    if path is None or not path.exists():
        return None
    with np.load(path, allow_pickle=False) as state:
        try:
            return Taste.from_state(dict(state)) if state.files else None
        except ValueError:
            return None


def _width(feedback: Feedback) -> float:
    """Half of the model's interval; 1 where it gave none."""
    if feedback.score_low is None or feedback.score_high is None:
        return 1.0
    return (feedback.score_high - feedback.score_low) / 2.0


def _spec(episode: Episode) -> TaskSpec:
    spec = decode(episode.spec)
    assert isinstance(spec, TaskSpec)
    return spec


def _ended(step: Step, episode: Episode) -> Outcome:
    """How the episode stood when this step was over: its outcome, if the step was its last."""
    for known in OUTCOMES:
        if episode.outcome == known and step.episode_step >= episode.n_steps - 1:
            return known
    return "running"
