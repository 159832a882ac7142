"""Delay-aware credit: the density, the shares, and feedback becoming credits once its step has arrived."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner import crediting
from learner.reward.feedback.credit import MIN_SHARE, RANK, RULES, Seen, delay_cdf, shares, weight
from learner.store import queries
from learner.store.rows import StepReward
from shared.tools import TOOL_INDEX
from tests.learner import samples

STEP = replace(samples.STEP, n_ticks=50)
TAP = replace(samples.TAP, received_unix_s=1000.0, shown_decision_seq=2, client_delay_ms=600.0)


def steps(count, **changes):
    """Steps of 1 s each, back to back from 100 s on."""
    return [replace(STEP, decision_seq=i, time_unix_s=100.0 + i, **changes) for i in range(count)]


def test_density_starts_at_the_fastest_reaction_and_ends_at_the_slowest():
    assert delay_cdf(0.2) == 0.0
    assert delay_cdf(4.0) == 1.0
    # Gamma(2, 0.5) from 0.2 s on, cut at 4 s: by hand 1 - 3 e^-2 = 0.5940 over 1 - 8.6 e^-7.6 = 0.9957
    assert delay_cdf(1.2) == pytest.approx(0.5940 / 0.9957, abs=1e-4)


def test_shares_by_hand():
    # Two steps seen during [0, 1] and [1, 2], reaction at 2: D(2) - D(1) and D(1) - D(0)
    d1, d2 = delay_cdf(1.0), delay_cdf(2.0)
    got = shares([Seen(1, 0.0), Seen(2, 1.0)], 2.0)
    assert got == pytest.approx([(d2 - d1) / d2, d1 / d2])


@given(
    gaps=st.lists(st.floats(0.05, 1.5), min_size=1, max_size=30),
    delay=st.floats(0.0, 100.0),
)
def test_shares_are_a_distribution_over_steps_that_had_begun(gaps, delay):
    starts = [sum(gaps[:i]) for i in range(len(gaps))]
    at = starts[-1] + delay
    got = shares([Seen(i, s) for i, s in enumerate(starts)], at)
    assert sum(got) == pytest.approx(1.0)
    for share, start in zip(got, starts, strict=True):
        assert share == 0.0 or share >= MIN_SHARE
        if share > 0.0 and len(gaps) > 1 and at - starts[0] > 0.2:
            assert start <= at


def test_nothing_to_credit():
    assert shares([], 1.0) == []


def test_a_reaction_faster_than_a_person_is_about_the_step_in_force():
    assert shares([Seen(1, 0.0), Seen(2, 5.0)], 0.1) == [1.0, 0.0]
    assert shares([Seen(1, 0.0)], 50.0) == [1.0]


def test_buttons_outrank_words():
    assert weight(0.5, "tap", 1.0) == 0.5
    assert weight(0.5, "text", 0.8) == pytest.approx(0.2)


def credited(store, feedback, rows, now=1001.0):
    with store.write() as c:
        queries.insert_steps(c, rows)
        number = queries.insert_feedback(c, feedback)
        done = crediting.credit_waiting(c, now)
        return done.get(number), queries.feedback_credits(c, number)


def test_a_tap_is_credited_to_what_was_seen_before_it(store):
    count, rows = credited(store, TAP, steps(4))
    assert count == len(rows) == 3
    assert {row.step_id for row in rows} == {1, 2, 3}  # not the fourth: it had not begun
    assert sum(row.weight for row in rows) == pytest.approx(1.0)
    assert max(rows, key=lambda row: row.weight).step_id == 2  # 0.6 s into the third: still about the second
    assert all(row.label == 1.0 for row in rows)


def test_the_key_of_the_next_decision_means_the_time_since_the_last_record(store):
    """The robot shows key 3 from the end of the closing record on; that decision begins 10 s later."""
    rows = [*steps(2), replace(STEP, decision_seq=2, time_unix_s=102.0, n_ticks=0, end_reason="closing")]
    rows.append(replace(STEP, decision_seq=3, time_unix_s=112.0, episode_id="next"))
    count, found = credited(store, replace(TAP, shown_decision_seq=3, client_delay_ms=500.0), rows)
    assert count == 2
    assert {row.step_id for row in found} == {1, 2}


def test_credit_waits_for_the_shown_step_but_not_for_ever(store):
    feedback = replace(TAP, shown_decision_seq=9)
    assert credited(store, feedback, steps(3), now=1001.0)[0] is None
    with store.write() as c:
        assert crediting.credit_waiting(c, 1000.0 + crediting.WAIT_S) == {1: 3}
        assert crediting.credit_waiting(c, 2000.0) == {}


def test_feedback_about_nothing_is_given_up(store):
    feedback = replace(TAP, boot_epoch=77)
    assert credited(store, feedback, steps(3), now=1000.0 + crediting.WAIT_S)[0] is None
    with store.write() as c:
        assert crediting.credit_waiting(c, 1000.0 + crediting.GIVE_UP_S) == {1: 0}
        fate = queries.feedback_fate(c, 1)
        assert (fate.credited, fate.changed_steps) == (True, 0)


def test_a_text_that_said_nothing_is_never_credited(store):
    feedback = replace(TAP, kind="text", value=None, text="hm", score=None, score_confidence=None)
    assert credited(store, feedback, steps(3), now=5000.0) == (None, [])


def words(text, **changes):
    return replace(TAP, kind="text", value=None, text=text, score=0.5, score_confidence=0.8, **changes)


def told(store, feedback, rows, now=1001.0):
    """(decision_seq, weight, rule) of each credit."""
    _, credits = credited(store, feedback, rows, now)
    with store.read() as c:
        return [(queries.get_step(c, row.step_id).decision_seq, row.weight, row.rule) for row in credits]


NOD, SHAKE = TOOL_INDEX["nod"], TOOL_INDEX["shake"]


def gestures(*tools, episode_id="e"):
    return [
        replace(STEP, decision_seq=i, time_unix_s=100.0 + i, tool=tool, episode_id=episode_id)
        for i, tool in enumerate(tools)
    ]


def test_words_are_about_what_they_speak_of(store):
    rows = gestures(NOD, SHAKE, SHAKE)
    assert told(store, words("the nod was great"), rows) == [(0, 0.4, "phrase")]


def test_of_several_the_last_is_meant_unless_the_words_say_which(store):
    rows = gestures(NOD, NOD, SHAKE)
    assert [seq for seq, *_ in told(store, words("nice nod"), rows)] == [1]
    assert [seq for seq, *_ in told(store, words("the first nod was nicer"), [])] == [0]
    assert told(store, words("both nods were good"), []) == [(0, 0.2, "phrase"), (1, 0.2, "phrase")]


def test_words_about_what_did_not_happen_are_left_to_the_delay(store):
    rows = gestures(NOD, SHAKE, SHAKE)
    assert {rule for *_, rule in told(store, words("that was not a nod"), rows)} == {"delay"}
    assert {rule for *_, rule in told(store, words("lovely bow"), [])} == {"delay"}
    assert {rule for *_, rule in told(store, TAP, [])} == {"delay"}


def test_words_do_not_reach_into_the_episode_before(store):
    rows = [
        *gestures(NOD)[:1],
        *(replace(row, episode_id="next") for row in gestures(SHAKE, SHAKE, SHAKE)[1:]),
    ]
    assert {rule for *_, rule in told(store, words("what a nod"), rows)} == {"delay"}


def test_words_do_not_speak_of_what_came_after_them(store):
    rows = gestures(SHAKE, SHAKE, SHAKE, NOD)
    assert {rule for *_, rule in told(store, words("a good nod"), rows)} == {"delay"}


def test_a_marked_stretch_is_credited_exactly_and_evenly(store):
    marked = replace(TAP, first_decision_seq=0, last_decision_seq=1, shown_decision_seq=0)
    assert told(store, marked, steps(4)) == [(0, 0.5, "segment"), (1, 0.5, "segment")]


def test_a_marked_stretch_waits_for_its_last_decision(store):
    marked = replace(TAP, first_decision_seq=1, last_decision_seq=7, shown_decision_seq=1)
    assert credited(store, marked, steps(3))[0] is None
    assert [seq for seq, *_ in told(store, marked, [], now=1000.0 + crediting.WAIT_S)] == [1, 2]


def test_a_long_marked_stretch_is_credited_whole(store):
    many = crediting.LOOK_BACK + 20
    marked = replace(TAP, first_decision_seq=0, last_decision_seq=many - 1, shown_decision_seq=many - 1)
    assert len(told(store, marked, steps(many))) == many


def test_a_stretch_without_decisions_is_credited_to_nothing(store):
    marked = replace(TAP, first_decision_seq=9, last_decision_seq=5, shown_decision_seq=2)
    assert credited(store, marked, steps(3), now=5000.0) == (0, [])


def test_feedback_on_a_recording_is_about_the_step_it_shows(store):
    shown = replace(TAP, source="replay", shown_decision_seq=1, client_delay_ms=25_000.0)
    assert told(store, shown, steps(4)) == [(1, 1.0, "replay")]


def test_late_words_become_labels_of_the_next_fit_and_change_no_reward_that_was_given(store):
    """What was learnt from is done; later words reach R_h only."""
    given = StepReward(1, 0.2, 0.0, 0.0, 0.0, 0.2, None, 3)
    with store.write() as c:
        queries.insert_steps(c, steps(1))
        queries.put_step_rewards(c, [given])
    late = replace(TAP, source="replay", shown_decision_seq=0, received_unix_s=1e6)
    assert told(store, late, [], now=1e6 + 1) == [(0, 1.0, "replay")]
    with store.read() as c:
        assert queries.get_step_reward(c, 1) == given
        assert [(label.step_id, label.label) for label in queries.labels(c)] == [(1, 1.0)]


def test_every_rule_has_its_name():
    assert set(RULES) >= {"delay", "phrase", "segment", "replay", "exact"}
    assert set(RANK) >= {"tap", "rating", "text", "demonstration", "correction"}
