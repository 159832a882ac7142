"""Calibration, reliability, caps and alarms: what each label weighs in the end, by hand and by simulation."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.reward.feedback import agreement, guards
from learner.reward.feedback.calibrate import (
    IDENTITY,
    ISOTONIC_FROM,
    PRIOR_PAIRS,
    Pair,
    calibrated,
    fit,
    isotonic,
    pairs,
)
from learner.reward.feedback.guards import FREE, MOST, Alarm, Drift, caps
from learner.reward.feedback.weighing import buttons_first, weigh
from learner.store.rows import Label

TAP = Label(
    feedback_id=1,
    step_id=1,
    client_id="ann",
    kind="tap",
    weight=1.0,
    label=1.0,
    received_unix_s=0.0,
    payload=b"",
    ended=False,
)
TEXT = replace(TAP, kind="text", weight=0.5, label=0.5, feedback_id=2)


# -- calibration


def test_a_pair_is_a_text_and_the_same_persons_buttons_on_the_same_steps():
    rows = [
        replace(TEXT, feedback_id=7, step_id=1, weight=0.4),
        replace(TEXT, feedback_id=7, step_id=2, weight=0.1),
        replace(TAP, feedback_id=8, step_id=1, label=-1.0),
        replace(TAP, feedback_id=9, step_id=2, label=1.0),
        replace(TAP, feedback_id=10, step_id=1, client_id="bob"),
    ]
    # (0.4 * -1 + 0.1 * 1) / 0.5
    assert pairs(rows) == {"ann": [Pair(7, 0.5, pytest.approx(-0.6), 0.5)]}


def test_without_pairs_words_are_worth_what_the_model_says():
    assert fit([]) is IDENTITY
    assert [IDENTITY(x) for x in (-1.0, 0.3, 1.0)] == [-1.0, 0.3, 1.0]


def test_one_pair_hardly_moves_anything():
    one = fit([Pair(1, 0.5, -0.5, 1.0)])
    # Shrunk least squares of the residual -1 on (1, 0.5) with K on the diagonal, by hand:
    # [[K + 1, 0.5], [0.5, K + 0.25]] (a, b - 1) = (-1, -0.5)
    det = (PRIOR_PAIRS + 1) * (PRIOR_PAIRS + 0.25) - 0.25
    a = (-(PRIOR_PAIRS + 0.25) + 0.25) / det
    b = 1.0 + (-0.5 * (PRIOR_PAIRS + 1) + 0.5) / det
    assert (one.offset, one.slope) == (pytest.approx(a), pytest.approx(b))
    assert one(0.5) > 0.2


@pytest.mark.parametrize(("count", "left"), [(15, 0.95), (60, 0.6)])
def test_a_reserved_persons_words_are_stretched_to_what_they_mean(count, left):
    rng = np.random.default_rng(count)
    meant = rng.uniform(-1.0, 1.0, count)
    said = 0.3 * meant + 0.2  # nothing is ever worse than "fine"
    own = fit([Pair(i, float(x), float(y), 1.0) for i, (x, y) in enumerate(zip(said, meant, strict=True))])
    before = np.abs(said - meant).mean()
    after = np.mean([abs(own(float(x)) - y) for x, y in zip(said, meant, strict=True)])
    assert after < left * before
    assert bool(own.steps) == (count >= ISOTONIC_FROM)


def test_isotonic_by_hand():
    x, y, w = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0, 2.0]), np.array([1.0, 1.0, 3.0, 1.0])
    # 1 and 0 break the order: pooled to (1 * 1 + 3 * 0) / 4 at x = (1 + 3 * 2) / 4.
    assert isotonic(x, y, w) == ((0.0, 0.0), (1.75, 0.25), (3.0, 2.0))


@given(
    st.lists(
        st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.sampled_from([0.5, 1.0])), min_size=1, max_size=60
    )
)
def test_calibration_keeps_order_and_bounds(triples):
    own = fit([Pair(i, *triple) for i, triple in enumerate(triples)])
    values = [own(x) for x in np.linspace(-1.0, 1.0, 41)]
    assert all(-1.0 <= value <= 1.0 for value in values)
    assert all(b >= a - 1e-9 for a, b in itertools.pairwise(values))


def test_buttons_are_never_calibrated():
    by = {"ann": fit([Pair(i, 0.5, -1.0, 1.0) for i in range(10)])}
    rows = calibrated([TAP, TEXT, replace(TEXT, client_id="bob")], by)
    assert (rows[0], rows[2].label) == (TAP, 0.5)
    assert rows[1].label < 0.0


# -- reliability


def opinions(noise, steps=40, seed=0):
    """Labels of people, each with their own error, about the same steps."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([-1.0, 1.0], steps)
    rows = []
    for person, error in noise.items():
        flipped = np.where(rng.random(steps) < error, -truth, truth)
        rows += [
            replace(TAP, client_id=person, step_id=i, feedback_id=len(rows) + i, label=float(flipped[i]))
            for i in range(steps)
        ]
    return rows


def test_a_lone_voice_is_relied_on():
    assert agreement.reliability([TAP]) == {"ann": pytest.approx(1.0)}
    assert agreement.reliability([]) == {}


def test_who_contradicts_the_others_counts_less():
    trust = agreement.reliability(opinions({"ann": 0.05, "bob": 0.05, "troll": 0.95}))
    assert trust["troll"] < 0.3 * min(trust["ann"], trust["bob"])
    assert trust["troll"] >= agreement.BOUNDS[0]


def test_two_who_differ_are_equally_doubted():
    trust = agreement.reliability(opinions({"ann": 0.0, "bob": 1.0}))
    assert trust["ann"] == pytest.approx(trust["bob"])
    assert trust["ann"] < 0.5


def test_a_few_differences_are_no_verdict():
    trust = agreement.reliability(opinions({"ann": 0.0, "bob": 1.0}, steps=1))
    # One difference of 2, as sure as the other side is: c = r. So r = S^2 (K + r) / (K S^2 + 4 r).
    r = trust["bob"]
    assert r == pytest.approx(0.36 * (6.0 + r) / (6.0 * 0.36 + 4.0 * r), abs=1e-3)
    assert r > 0.5


# -- caps


def flood(person, weight, at_s=0.0):
    return [replace(TAP, client_id=person, step_id=i, received_unix_s=at_s) for i in range(int(weight))]


def total(rows, factors, person):
    return sum(row.weight * f for row, f in zip(rows, factors, strict=True) if row.client_id == person)


def test_few_words_are_nobodys_flood():
    rows = [*flood("ann", FREE), *flood("bob", 1)]
    factors, alarms = caps(rows)
    assert set(factors) == {1.0}
    assert alarms == []


def test_nobody_drowns_the_others():
    rows = [*flood("ann", 50), *flood("bob", 12)]
    factors, alarms = caps(rows)
    assert total(rows, factors, "ann") == pytest.approx(0.6 / 0.4 * 12)
    assert total(rows, factors, "bob") == 12
    assert [(alarm.kind, alarm.who) for alarm in alarms] == [("influence", "ann")]


def test_even_who_is_alone_has_a_limit_in_each_window():
    rows = [*flood("ann", 2 * MOST), *flood("ann", 30, at_s=10_000.0)]
    factors, _ = caps(rows)
    assert total(rows, factors, "ann") == pytest.approx(MOST + 30)


# -- alarms


def test_words_that_are_read_against_the_buttons_raise_an_alarm():
    found = {
        "ann": [Pair(i, 0.5, -1.0, 0.5) for i in range(8)],
        "bob": [Pair(i, 0.5, 1.0, 0.5) for i in range(8)],
        "eve": [Pair(i, 0.5, -1.0, 0.5) for i in range(7)],  # too few to tell
    }
    assert [alarm.who for alarm in guards.words_against_buttons(found)] == ["ann"]


def test_r_h_that_contradicts_what_it_was_fitted_to_raises_an_alarm():
    labels = [1.0] * 10
    assert guards.taste_against_labels([-0.5] * 10, labels, [1.0] * 10)
    assert not guards.taste_against_labels([0.5] * 10, labels, [1.0] * 10)
    assert not guards.taste_against_labels([0.0] * 10, labels, [1.0] * 10)  # no opinion
    heavy = [1.0] * 2 + [0.01] * 8
    assert not guards.taste_against_labels([0.5] * 2 + [-0.5] * 8, labels, heavy)


def drifted(r_human, success):
    drift, alarms = Drift(), []
    for r, s in zip(r_human, success, strict=True):
        alarms += drift.update(r, s)
    return [alarm.kind for alarm in alarms]


def test_pleasing_people_at_the_cost_of_the_task_raises_one_alarm():
    up, down = np.linspace(0.0, 0.5, 20), np.linspace(0.9, 0.3, 20)
    assert drifted(up, down) == ["hacking"]
    assert drifted(up, up) == []  # both grow: that is learning
    assert drifted(-up, down) == []  # both fall: that is something else
    assert drifted([*up, 0.5], [*down, float("nan")]) == ["hacking"]  # updates without an end are passed over


def test_an_alarm_is_an_event_detail():
    alarm = Alarm("influence", "ann", 0.5, 1.0, "held back")
    assert alarm.detail() == {"who": "ann", "value": 0.5, "threshold": 1.0, "what": "held back"}


# -- all together


def test_texts_are_left_out_where_a_button_speaks_but_still_calibrate():
    rating = replace(TAP, kind="rating", label=-0.5)
    rows = [TEXT, rating, replace(TEXT, feedback_id=3, step_id=5)]
    weighed = weigh(rows)
    assert [(row.kind, row.step_id) for row in weighed.labels] == [("rating", 1), ("text", 5)]
    assert weighed.calibration["ann"].pairs == 1
    assert weighed.labels[1].label < 0.5  # her "fine" is less than the model thinks
    assert [row.kind for row in buttons_first(rows)] == ["rating", "text"]


def test_weighing_nothing():
    assert weigh([]).labels == []


def test_reliability_becomes_weight():
    rows = opinions({"ann": 0.05, "bob": 0.05, "troll": 0.95}, steps=20)
    weighed = weigh(rows)
    weights = {row.client_id: row.weight for row in weighed.labels}
    assert weights["troll"] < 0.3 * weights["ann"]
    assert {"person_against_others"} == {alarm.kind for alarm in weighed.alarms if alarm.who == "troll"}
