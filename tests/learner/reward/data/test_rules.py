"""What words are worth: monotone in degree, turned round by mockery, and different about different scenes."""

from dataclasses import replace

import numpy as np
import pytest

from learner.reward.data.corpus import rules
from learner.reward.data.corpus.scenes import Scene, draw_scene
from learner.reward.encoding import describe
from learner.reward.model import Context

CONTEXT = Context("look at the apple", "look", range_deg=20.0, speed_deg_s=80.0, duration_s=0.4)


def scene(**changes):
    context = replace(CONTEXT, **changes)
    return Scene(context, None, "apple", "apple", "", "", True)


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(0)
    return [draw_scene(rng) for _ in range(300)]


@pytest.mark.parametrize("says", rules.WORTH, ids="says-{}".format)
def test_more_of_it_is_worth_more_of_the_same(says, scenes):
    for one in scenes:
        slight, plain, strong = (rules.worth(says, degree, one) for degree in ("slight", "plain", "strong"))
        if says == "superb" and rules.went_wrong(one):
            continue  # irony has no degrees
        assert abs(slight) < abs(plain) <= abs(strong) <= 1.0
        assert slight * plain > 0.0
        assert plain * strong > 0.0


def test_verdicts_are_in_order():
    values = [rules.WORTH[says] for says in rules.VERDICTS]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("value", [-0.9, -0.3, 0.3, 0.9])
def test_mockery_is_never_praise(value):
    assert rules.mocked(value) < 0.0
    assert rules.mocked(value) <= value


def test_negation_turns_round_and_hedging_shrinks():
    assert rules.negated(0.7) < 0.0 < rules.negated(-0.95) < rules.negated(-0.6) < 0.6
    assert 0.0 < rules.hedged(0.7) < 0.7
    assert -0.7 < rules.hedged(-0.7) < 0.0


def test_what_comes_after_but_counts_more():
    assert rules.joined(0.6, -0.6) == pytest.approx(-0.12)
    assert rules.joined(-0.6, 0.6) == pytest.approx(0.12)


@pytest.mark.parametrize(
    ("says", "so", "opposite"),
    [
        ("fast", {"speed_deg_s": 200.0}, {"speed_deg_s": 10.0}),
        ("slow", {"speed_deg_s": 10.0}, {"speed_deg_s": 200.0}),
        ("big", {"range_deg": 50.0}, {"range_deg": 5.0}),
        ("small", {"range_deg": 5.0}, {"range_deg": 50.0}),
    ],
)
def test_a_complaint_that_the_motion_contradicts_counts_half(says, so, opposite):
    full = rules.worth(says, "plain", scene(**so))
    assert full == rules.WORTH[says]
    assert rules.worth(says, "plain", scene(**opposite)) == pytest.approx(full / 2)
    assert full < rules.worth(says, "plain", scene()) < full / 2
    assert rules.worth_unseen(says, "plain") == rules.worth(says, "plain", scene())


def test_facts_are_praise_where_they_are_what_was_asked():
    right = scene()
    assert rules.worth("that_object", "plain", right) > 0.0
    assert rules.worth("that_object", "plain", replace(right, seen="rubber duck")) < 0.0
    asked_left = replace(right, way_asked="left", way_gone="left")
    assert rules.worth("that_way", "plain", asked_left) > 0.0
    assert rules.worth("that_way", "plain", replace(asked_left, way_gone="right")) < 0.0


def test_the_highest_praise_of_a_failure_is_irony_and_lower_praise_encouragement():
    failed = scene(outcome="failure")
    assert rules.worth("superb", "plain", failed) < -0.5
    assert 0.0 < rules.worth("good", "plain", failed) < 0.25
    assert rules.worth("good", "plain", scene(outcome="success")) == rules.WORTH["good"]


def test_finally_is_relief_or_rebuke():
    assert rules.worth("finally", "plain", scene(outcome="success")) > 0.0
    assert 0.0 < rules.worth("finally", "plain", scene(outcome="success", duration_s=2.0)) < 0.4
    assert rules.worth("finally", "plain", scene(outcome="failure")) < 0.0


@pytest.mark.parametrize(
    ("change", "word", "says"),
    [
        ({"speed_deg_s": rules.FAST_DEG_S}, "fast", "fast"),
        ({"speed_deg_s": rules.SLOW_DEG_S}, "slowly", "slow"),
        ({"range_deg": rules.LARGE_DEG}, "large", "large"),
        ({"range_deg": rules.SMALL_DEG}, "small", "small"),
    ],
)
def test_rules_see_what_the_encoding_shows(change, word, says):
    at = replace(CONTEXT, **change)
    key, edge = next(iter(change.items()))
    inward = 0.1 if word in ("slowly", "small") else -0.1
    beside = replace(CONTEXT, **{key: edge + inward})
    assert f" {word};" in describe(at)
    assert f" {word};" not in describe(beside)
    assert says in (rules.pace(at), rules.extent(at))
    assert says not in (rules.pace(beside), rules.extent(beside))


def test_taking_long_begins_where_the_encoding_says_so():
    assert "taking long" in describe(replace(CONTEXT, duration_s=rules.LONG_S))
    assert "taking long" not in describe(replace(CONTEXT, duration_s=rules.LONG_S - 0.01))


def test_every_way_gone_can_be_seen_in_the_encoding(scenes):
    shown = {"left": "to the left", "right": "to the right", "up": "up", "down": "down"}
    gone = [one for one in scenes if one.way_gone]
    assert len(gone) > 50
    hits = sum(f" {shown[one.way_gone]}" in describe(one.context) for one in gone)
    assert hits >= 0.97 * len(gone)


def test_parameters_say_where_the_head_went(scenes):
    signs = {"turn_head": 1.0, "turn_body": 1.0, "look": -1.0}
    sideways = [one for one in scenes if one.context.tool in signs and one.way_gone in ("left", "right")]
    assert len(sideways) > 20
    for one in sideways:
        assert one.context.params[0] * signs[one.context.tool] * one.context.turned_deg >= 0.0
