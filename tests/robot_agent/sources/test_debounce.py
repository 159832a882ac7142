"""The debounce against fingers and noise made by somebody else's arithmetic: intervals of a line."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robot_agent.sources.debounce import SETTLE_S, Debounce

MS = 1e-3


def run(intervals, late_s=0.0):
    """Feed (open, duration) intervals; returns the changes. `late_s`: the reader looks only this often."""
    debounce, now, changes = Debounce(0.0), 0.0, []
    for is_open, duration in intervals:
        changes += debounce.edge(is_open, now)
        end = now + duration
        while late_s and (now := now + late_s) < end:
            changes += debounce.look(now)
        now = end
    return changes + debounce.look(now + 1.0)


def pairs(low_ms, high_ms, **sizes):
    """Alternating durations [s]."""
    return st.lists(st.floats(low_ms, high_ms), **sizes).map(lambda found: [each * MS for each in found])


@given(spikes=pairs(0.001, 4.999, min_size=1, max_size=50), gap=st.floats(5.0, 100.0))
def test_spikes_shorter_than_five_milliseconds_are_no_presses(spikes, gap):
    intervals = [(False, 1.0)]
    for spike in spikes:
        intervals += [(True, spike), (False, gap * MS)]
    assert run(intervals) == []


@given(
    bounce=pairs(0.01, 1.5, max_size=6),
    held=st.floats(20.0, 3000.0),
    bounce_end=pairs(0.01, 1.5, max_size=6),
    late=st.sampled_from([0.0, 0.3 * MS, 7 * MS, 200 * MS]),
)
@example([], 20.0, [], 0.0)
def test_every_press_of_a_bouncing_contact_is_seen_once(bounce, held, bounce_end, late):
    """A press of 30 ms or more, of which the bounces take up to 9 ms at each end."""
    levels = itertools.cycle([True, False])
    chatter = [(next(levels), each) for each in bounce]
    after = [(not is_open, each) for is_open, each in zip(levels, bounce_end, strict=False)]
    intervals = [(False, 0.1), *chatter, (True, held * MS), *after, (False, 0.1)]
    changes = run(intervals, late)
    assert [pressed for _, pressed in changes] == [True, False]
    pressed_at = changes[0][0] - 0.1
    assert SETTLE_S <= pressed_at + 1e-9 <= sum(bounce) + SETTLE_S + 2e-9


@given(dips=pairs(0.05, 0.8, min_size=10, max_size=30), between=st.floats(1.6, 4.0))
def test_a_press_is_seen_through_the_dips_that_motors_induce(dips, between):
    intervals = [(False, 0.1)]
    for dip in dips:
        intervals += [(True, between * MS), (False, dip)]
    assert run([*intervals, (True, 0.001), (False, 0.1)])[0][1] is True


def test_a_contact_that_is_open_from_the_start_is_a_press():
    debounce = Debounce(10.0)
    assert debounce.edge(True, 10.0) == []
    assert debounce.due_s == pytest.approx(10.0 + SETTLE_S)
    assert debounce.look(10.004) == []
    assert debounce.look(11.0) == [(pytest.approx(10.0 + SETTLE_S), True)]
    assert debounce.pressed
    assert debounce.due_s is None


def test_edges_that_arrive_late_are_judged_by_their_own_time():
    """A starved reader takes press and release of a finger in one go."""
    debounce = Debounce(0.0)
    changes = debounce.edge(True, 1.0) + debounce.edge(False, 1.03) + debounce.look(2.0)
    assert [(round(at, 4), pressed) for at, pressed in changes] == [(1.005, True), (1.035, False)]


def test_time_that_goes_back_changes_nothing():
    debounce = Debounce(5.0)
    debounce.edge(True, 4.0)
    assert debounce.look(4.5) == []
    assert debounce.look(5.001) == []
    assert debounce.look(5.1)
