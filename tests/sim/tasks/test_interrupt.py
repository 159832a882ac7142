"""The second wish counts, from the decision on at which it comes, and for everything that is observed."""

from dataclasses import replace

import numpy as np
import pytest

from shared.interruption import as_of
from shared.spaces import slot_range
from shared.tools import TOOL_INDEX
from sim.tasks import ALL_TASKS
from sim.tasks.base import Goal, named_object
from sim.tasks.course import Seen
from sim.tasks.gestures import GESTURES
from sim.tasks.interrupt import _KEPT_TICKS, FIRST, LAST, CalledOff
from sim.tasks.judge import Judge
from sim.vector import EXACT_DOMAIN, VectorEnv

TASK = ALL_TASKS["interrupt"]
NOD, SHAKE = GESTURES.index("nod"), GESTURES.index("shake")
NAMES = ["duck", "apple", "book"]


def seen(*events, ticks=30):
    """(tick, gesture id), or (first tick, last tick, object) of a dwell."""
    gestures, dwelt = np.zeros(ticks, np.int64), np.zeros((ticks, 8), bool)
    for event in events:
        if len(event) == 2:
            gestures[event[0]] = event[1]
        else:
            dwelt[event[0] : event[1] + 1, NAMES.index(event[2])] = True
    return Seen(gestures, dwelt, np.tile([1.0, 0, 0], (ticks, 1)), np.zeros((ticks, 3)), np.zeros((ticks, 7)))


def to_nod(decision=1):
    return CalledOff(Goal(target=0), Goal(NOD), NAMES, decision)


def test_what_is_drawn():
    rng, decisions, kinds = np.random.default_rng(0), set(), set()
    for _ in range(120):
        spec = TASK.reset(rng)
        (change,) = spec.changes
        (before,), (after,) = TASK.goals(spec), TASK.goals(as_of(spec, change.decision))
        assert spec.objects[before.target].name in spec.instruction
        assert after != before
        if after.target is not None:
            assert spec.objects[after.target].name in change.instruction
        decisions.add(change.decision)
        kinds.add(GESTURES[after.gesture])
    assert decisions == set(range(FIRST, LAST + 1))
    assert kinds == {"none", "nod", "shake"}


def test_the_new_wish_is_what_succeeds():
    course = to_nod()
    assert course.target == 0
    found = course.follow(seen())
    assert (found.tick, found.anew) == (-1, True)
    assert course.target is None
    assert course.follow(seen((4, NOD))).success


def test_the_old_wish_done_in_time_counts_for_nothing():
    course = to_nod(decision=2)
    first = course.follow(seen((3, 9, "duck")))
    assert (first.tick, first.anew) == (-1, False)
    assert course.follow(seen((3, 9, "duck"))).anew
    assert course.follow(seen((5, NOD))).success


def test_going_on_with_the_old_wish_fails_but_a_nod_at_what_is_looked_at_does_not():
    course = to_nod()
    course.follow(seen())
    found = course.follow(seen((2, 29, "duck")))
    assert (found.tick, found.success) == (2 + _KEPT_TICKS, False)
    assert "duck" in found.event
    course = to_nod()
    course.follow(seen())
    assert course.follow(seen((2, 29, "duck"), (1 + _KEPT_TICKS, NOD))).success


def test_resting_on_goes_from_decision_to_decision():
    course = to_nod()
    course.follow(seen())
    ticks = [course.follow(seen((0, 7, "duck"), ticks=8)).tick for _ in range(3)]
    assert ticks == [-1, -1, _KEPT_TICKS - 16]


def test_before_the_change_wrong_is_wrong():
    assert to_nod().follow(seen((3, NOD))).event == "nod"
    assert "apple" in to_nod().follow(seen((3, 9, "apple"))).event


def test_after_the_change_a_wrong_gesture_fails():
    course = to_nod()
    course.follow(seen())
    assert course.follow(seen((3, SHAKE))).event == "shake"


def test_everything_observed_changes_at_the_decision():
    env = VectorEnv(["interrupt"], 4, seed=2, threads=1, domain=EXACT_DOMAIN)
    obs = env.reset()
    tool, params = np.full(4, TOOL_INDEX["wait"]), np.zeros((4, 4))
    words, tools = slot_range("instruction"), slot_range("tool_match")
    best = slot_range("detections").start + 4
    for decision in range(LAST + 2):
        for row, spec in enumerate(env.specs):
            asked = as_of(spec, decision)
            np.testing.assert_array_equal(obs[row, words], asked.embedding)
            np.testing.assert_array_equal(obs[row, tools], asked.tool_match)
            matches = np.array([thing.match for thing in asked.objects])
            others = (matches.sum() - matches) / (len(matches) - 1)
            assert obs[row, best] == pytest.approx((3 * (matches - others)).max(), abs=1e-5)
        obs = env.step(tool, params).obs
    env.close()


def test_an_episode_without_a_change_is_refused():
    spec = TASK.reset(np.random.default_rng(0))
    with pytest.raises(ValueError, match="has one change"):
        Judge(replace(spec, changes=()))


def test_the_first_wish_names_an_object_of_the_scene():
    spec = TASK.reset(np.random.default_rng(0))
    assert named_object(spec) is not None
    with pytest.raises(ValueError, match="names none"):
        Judge(replace(spec, instruction="look at the moon"))
