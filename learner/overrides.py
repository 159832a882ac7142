"""What people do with their hands says something too: a decision that they cut short was a bad one, one that
they chose or approved a good one. Each becomes one row of feedback, on the same path as taps and words.
"""

from __future__ import annotations

from sqlalchemy import Connection

from learner.store import queries
from learner.store.rows import NewFeedback, Step

CORRECTION, DEMONSTRATION = -0.6, 0.6
"""What taking over, and choosing, are worth: less than a tap, because there may be other reasons for both."""
HAND = "hand"
"""Client of this feedback: the robot does not know whose hand it was."""
LOOK_BACK_S = 120.0
"""Records that arrived longer ago are left alone: they were looked at as they came."""


def feedback_of(step: Step, now_unix_s: float) -> NewFeedback:
    """The feedback that a person's hand on this decision amounts to; credited to exactly this decision."""
    corrected = step.end_reason == "override"
    score = CORRECTION if corrected else DEMONSTRATION
    return NewFeedback(
        robot_id=step.robot_id,
        episode_id=step.episode_id,
        client_id=HAND,
        kind="correction" if corrected else "demonstration",
        value=score,
        text=None,
        received_unix_s=now_unix_s,
        boot_epoch=step.boot_epoch,
        shown_decision_seq=step.decision_seq,
        client_delay_ms=0.0,
        score=score,
        score_confidence=1.0,
        score_kind="evaluative",
        scored_unix_s=now_unix_s,
    )


def note_overrides(connection: Connection, now_unix_s: float) -> int:
    """Turn new ones into feedback; gives how many."""
    found = queries.steps_by_hand(connection, since_unix_s=now_unix_s - LOOK_BACK_S)
    for step in found:
        queries.insert_feedback(connection, feedback_of(step, now_unix_s))
    return len(found)
