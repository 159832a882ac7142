"""From a reward back to the words behind it, and on to the rewards they changed."""

from dataclasses import replace

import numpy as np
import pytest

from learner.reward.feedback.human import GUESS_WEIGHT
from learner.reward.feedback.labelling import Labeller
from learner.rl.buffer import Rollout
from learner.rl.config import RewardWeights
from learner.store import queries
from learner.store.rows import Credit, Feedback
from shared.codec import pack_transition
from tests.learner.samples import STEP, TAP
from tests.shared import samples

BOTH = RewardWeights(task=1.0, human=0.3, safety=0.0)


def stored(connection, count, **changes):
    """Steps with real payloads; gives their ids."""
    rows = []
    for seq in range(count):
        record = samples.transition(STEP.n_ticks, tool=STEP.tool, decision_seq=seq, **changes)
        rows.append(replace(STEP, decision_seq=seq, payload=pack_transition(record)))
    queries.insert_steps(connection, rows)
    return list(range(1, count + 1))


def said(connection, step_ids, at_s=1.0, **changes):
    """A tap, credited to steps; gives its id."""
    row = replace(TAP, **changes)
    number = queries.insert_feedback(connection, row)
    given = [Credit(number, step, 1.0, row.score) for step in step_ids]
    queries.insert_credits(connection, number, given, at_s)
    return number


def rollout(step_ids, task=0.2):
    """One robot episode whose last decision ended it."""
    record, n = samples.transition(STEP.n_ticks), len(step_ids)
    zeros = np.zeros((n, 1), np.float32)
    over = np.zeros((n, 1), np.bool_)
    over[-1] = True
    return Rollout(
        obs=np.tile(record.obs, (n, 1, 1)),
        tool=np.full((n, 1), STEP.tool),
        params=np.tile(record.params, (n, 1, 1)),
        tool_mask=np.ones((n, 1), np.int64),
        log_prob=zeros,
        value=zeros,
        next_value=zeros,
        n_ticks=np.full((n, 1), STEP.n_ticks),
        r_task=zeros + task,
        r_safety=zeros,
        terminated=over,
        truncated=np.zeros((n, 1), np.bool_),
        on_policy=np.ones((n, 1), np.bool_),
        policy_version=np.ones((n, 1), np.int64),
        motion=np.zeros((n, 1, 9), np.float32),
        task=np.zeros((n, 1), np.int64),
        success=over,
        step_id=np.array(step_ids)[:, None],
    )


@pytest.fixture
def labelled(store, tmp_path):
    """Three steps: a tap on the second, an undone one on the first; labelled once, then by a later fit."""
    labeller = Labeller(BOTH, store, tmp_path / "tastes", 0)
    with store.write() as c:
        steps = stored(c, 3)
        kept = said(c, [steps[1]])
        undone = said(c, [steps[0]], score=-1.0, value=-1.0)
        queries.insert_feedback(c, replace(TAP, kind="undo", score=None, value=None, undoes=undone))
    assert labeller.refresh()
    labeller.label(rollout(steps))
    return labeller, steps, kept, undone


def test_from_a_step_to_the_words_behind_its_reward(store, labelled):
    _, steps, kept, undone = labelled
    with store.read() as c:
        direct, other = queries.trace_step(c, steps[1]), queries.trace_step(c, steps[2])
    assert [(credit.feedback_id, found.kind) for credit, found in direct.said] == [(kept, "tap")]
    # Their own word beside R_h's, which likes the middle of an episode by 0; times the weight of both.
    assert direct.reward.r_human == pytest.approx(0.3 * 1.0 / (1.0 + GUESS_WEIGHT))
    assert other.said == []
    assert other.taste.version == 1
    assert other.taste_feedback == [kept]
    assert undone not in other.taste_feedback


def test_from_words_to_every_reward_they_changed(store, labelled):
    labeller, steps, kept, undone = labelled
    with store.read() as c:
        trace, gone = queries.trace_feedback(c, kept), queries.trace_feedback(c, undone)
    assert isinstance(trace.feedback, Feedback)
    assert [(credit.step_id, reward.step_id) for credit, reward in trace.steps] == [(steps[1], steps[1])]
    assert (trace.taste_versions, trace.labelled_steps) == ([1], 3)
    assert (gone.taste_versions, gone.labelled_steps) == ([], 0)
    with store.write() as c:
        late = said(c, [steps[0]], client_id="other", at_s=2.0)
    assert labeller.refresh()
    with store.read() as c:
        assert queries.trace_feedback(c, kept).taste_versions == [1, 2]
        assert queries.trace_feedback(c, late).taste_versions == [2]


def test_both_ways_agree(store, labelled):
    """Whatever leads from a step to a feedback leads back again."""
    _, steps, kept, undone = labelled
    with store.read() as c:
        for step in steps:
            trace = queries.trace_step(c, step)
            for number in {found.id for _, found in trace.said} | set(trace.taste_feedback):
                assert trace.taste.version in queries.trace_feedback(c, number).taste_versions
            assert undone not in trace.taste_feedback
        assert kept in queries.trace_step(c, steps[0]).taste_feedback


def test_what_was_never_said_or_labelled(store):
    with store.write() as c:
        (step,) = stored(c, 1)
        assert queries.trace_feedback(c, 99) is None
        trace = queries.trace_step(c, step)
    assert (trace.reward, trace.said, trace.taste, trace.taste_feedback) == (None, [], None, [])


def test_a_fit_tells_whom_it_relied_on(store, labelled):
    with store.read() as c:
        assert queries.latest_taste_model(c).metrics["reliability"] == {"phone": pytest.approx(1.0)}


def test_an_alarm_is_written_down_once_while_it_lasts(store, tmp_path):
    labeller = Labeller(BOTH, store, tmp_path / "tastes", 0)
    with store.write() as c:
        steps = stored(c, 80)
        for step in steps:
            said(c, [step])
    labeller.refresh()
    with store.write() as c:
        said(c, [steps[0]])
    labeller.refresh()
    with store.read() as c:
        found = queries.list_events(c, limit=10, prefix="alarm.")
    assert [(event.kind, event.detail["who"]) for event in found] == [("alarm.influence", "phone")]
    assert found[0].detail["value"] == pytest.approx(60.0 / 80.0)
