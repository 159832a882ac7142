"""The way of a policy as a pure function, event by event, and over every sequence of a few events."""

import itertools

import pytest

from robot_agent.probation import (
    CANARY_DECISIONS,
    CANARY_PROFILE,
    GOOD_DECISIONS,
    OUT,
    SHADOW_STATES,
    STATUS,
    Event,
    Probation,
    Stage,
    step,
)
from shared.messages import POLICY_STATUSES


def after(*events, start=None, alone=False):
    policy = start or Probation()
    for event in events:
        policy = step(policy, event, alone)
    return policy


SHADOW = [Event.STATE] * SHADOW_STATES
CANARY = after(*SHADOW, Event.TAKES_OVER)
TRUSTED = after(*[Event.DECISION] * CANARY_DECISIONS, Event.EPISODE, start=CANARY)
GOOD = after(*[Event.DECISION] * GOOD_DECISIONS, Event.EPISODE, start=TRUSTED)


def test_the_way_of_a_good_policy():
    assert not after(*SHADOW[1:]).ready
    assert after(*SHADOW).ready
    assert (CANARY.stage, CANARY.decisions) == (Stage.CANARY, 0)
    assert TRUSTED.stage is Stage.TRUSTED
    assert GOOD.stage is Stage.GOOD
    assert GOOD.ready is CANARY.ready is False


def test_nobody_takes_over_before_the_shadow_run_is_through():
    assert after(*SHADOW[1:], Event.TAKES_OVER).stage is Stage.SHADOW


def test_reduced_limits_in_the_canary_only_and_never_more_than_the_bundle_says():
    assert CANARY.profile(1.0) == CANARY_PROFILE
    assert CANARY.profile(0.5) == 0.5
    assert TRUSTED.profile(1.0) == GOOD.profile(1.0) == 1.0
    assert TRUSTED.profile(0.5) == 0.5


def test_short_episodes_prolong_the_canary_and_the_way_to_good():
    assert after(Event.DECISION, Event.EPISODE, start=CANARY).stage is Stage.CANARY
    assert after(Event.DECISION, Event.EPISODE, start=TRUSTED).stage is Stage.TRUSTED
    shorter = [Event.DECISION, Event.EPISODE] * GOOD_DECISIONS
    assert after(*shorter, start=CANARY).stage is Stage.GOOD


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (Probation(), Stage.REJECTED),
        (CANARY, Stage.ROLLED_BACK),
        (TRUSTED, Stage.ROLLED_BACK),
        (GOOD, Stage.ROLLED_BACK),
    ],
)
def test_a_fault_ends_it_for_good(start, end):
    out = after(Event.FAULT, start=start)
    assert out.stage is end
    assert all(step(out, event) == out for event in Event)


def test_a_doubt_weighs_until_a_policy_is_good():
    assert after(Event.DOUBT, start=CANARY).stage is Stage.ROLLED_BACK
    assert after(Event.DOUBT, start=TRUSTED).stage is Stage.ROLLED_BACK
    assert after(Event.DOUBT, start=GOOD) == GOOD
    assert after(Event.DOUBT).stage is Stage.SHADOW
    for start in (CANARY, TRUSTED):
        assert after(Event.DOUBT, start=start, alone=True) == Probation(Stage.CANARY)


def test_every_sequence_of_events_keeps_the_rules():
    starts = (Probation(), after(*SHADOW), CANARY, TRUSTED, GOOD)
    for start, alone in itertools.product(starts, (False, True)):
        for events in itertools.product(Event, repeat=4):
            policy = start
            for event in events:
                then = step(policy, event, alone)
                assert 0.0 < then.profile(1.0) <= 1.0
                in_use = policy.stage not in (Stage.SHADOW, *OUT)
                if then.stage not in (Stage.SHADOW, *OUT) and not in_use:
                    assert event is Event.TAKES_OVER
                    assert policy.ready
                if event is Event.FAULT:
                    assert then.stage in OUT
                if then.stage > policy.stage and then.stage is Stage.GOOD:
                    assert policy.stage is Stage.TRUSTED
                policy = then


def test_what_is_told_are_statuses_that_the_learner_knows():
    assert set(STATUS.values()) <= set(POLICY_STATUSES)
