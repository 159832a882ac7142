"""A hand on the robot becomes feedback once, on exactly the decision it was on."""

from dataclasses import replace

from learner import crediting
from learner.overrides import CORRECTION, DEMONSTRATION, LOOK_BACK_S, note_overrides
from learner.store import queries
from tests.learner.samples import STEP

NOW = STEP.received_unix_s + 1.0
ROWS = [
    STEP,
    replace(STEP, decision_seq=1, end_reason="override"),
    replace(STEP, decision_seq=2, source="human"),
    replace(STEP, decision_seq=3, source="human", end_reason="closing"),
]


def test_cutting_short_blames_and_choosing_praises_the_decision(store):
    with store.write() as c:
        queries.insert_steps(c, ROWS)
        assert note_overrides(c, NOW) == 2
        crediting.credit_waiting(c, NOW)
        found = {(label.step_id, label.kind, label.label) for label in queries.labels(c)}
        assert found == {(2, "correction", CORRECTION), (3, "demonstration", DEMONSTRATION)}
        assert {credit.rule for step in (2, 3) for credit in queries.step_credits(c, step)} == {"exact"}


def test_it_is_said_once(store):
    with store.write() as c:
        queries.insert_steps(c, ROWS)
        assert note_overrides(c, NOW) == 2
        assert note_overrides(c, NOW + 1.0) == 0
        assert queries.count_feedback(c)["text"] == 0


def test_what_arrived_long_ago_is_left_alone(store):
    with store.write() as c:
        queries.insert_steps(c, ROWS)
        assert note_overrides(c, NOW + LOOK_BACK_S + 2.0) == 0
