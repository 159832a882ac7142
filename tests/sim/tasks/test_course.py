"""Steps count in their order, what is done may be repeated, and speed is what the gaze shows."""

import numpy as np

from sim.tasks.base import Goal
from sim.tasks.course import SPEED_TICKS, Course, Seen
from sim.tasks.gestures import GESTURES

NOD, SHAKE = GESTURES.index("nod"), GESTURES.index("shake")
NAMES = ("duck", "apple", "book")
AHEAD = np.array([1.0, 0.0, 0.0])


def motion(*events, ticks=10):
    """(tick, gesture id or object name) -> one decision that looks ahead."""
    gestures, dwelt = np.zeros(ticks, np.int64), np.zeros((ticks, 8), bool)
    for tick, what in events:
        if isinstance(what, str):
            dwelt[tick, NAMES.index(what)] = True
        else:
            gestures[tick] = what
    return seen(gestures, dwelt, np.tile(AHEAD, (ticks, 1)))


def seen(gestures, dwelt, gaze):
    return Seen(gestures, dwelt, gaze, np.zeros((len(gaze), 3)), np.zeros((len(gaze), 7)))


def carry():
    return Course((Goal(target=0), Goal(NOD), Goal(target=2)), NAMES)


def test_all_steps_in_one_decision_or_in_three():
    events = ((1, "duck"), (4, NOD), (7, "book"))
    found = carry().follow(motion(*events))
    assert (found.tick, found.success, found.event, found.steps) == (7, True, "looked at the book", 2)
    course = carry()
    parts = [course.follow(motion(event)) for event in events]
    assert [part.steps for part in parts] == [1, 1, 0]
    assert [part.success for part in parts] == [False, False, True]


def test_the_target_moves_on():
    course = carry()
    assert course.target == 0
    course.follow(motion((0, "duck")))
    assert course.target is None
    course.follow(motion((0, NOD)))
    assert course.target == 2


def test_a_step_before_its_turn_fails():
    assert carry().follow(motion((3, NOD))).event == "nod"
    early = carry().follow(motion((2, "book")))
    assert (early.tick, early.success, early.event) == (2, False, "looked at the book")


def test_what_was_done_may_be_repeated_but_nothing_else():
    course = carry()
    assert course.follow(motion((0, "duck"), (1, "duck"), (3, NOD), (5, "duck"), (6, NOD))).tick == -1
    assert course.follow(motion((2, SHAKE))).event == "shake"


def test_gaze_is_free_while_a_gesture_is_due():
    course = carry()
    course.follow(motion((0, "duck")))
    assert course.follow(motion((2, "apple"))).tick == -1


def test_nothing_counts_after_the_end():
    course = carry()
    course.follow(motion((1, "duck"), (4, NOD), (7, "book")))
    assert course.follow(motion((1, SHAKE))).tick == -1


def turning(degrees_a_tick, ticks):
    angle = np.deg2rad(degrees_a_tick * np.arange(ticks))
    return np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)


def test_speed_is_judged_across_decisions():
    quiet = np.zeros(40, np.int64), np.zeros((40, 8), bool)
    slow, fast = (Course((Goal(target=0),), NAMES, np.deg2rad(60.0)) for _ in range(2))
    assert slow.follow(seen(*quiet, turning(1.19, 40))).tick == -1  # 59.5 deg/s
    assert fast.follow(seen(*quiet, turning(1.21, 40))).tick == SPEED_TICKS
    cut = Course((Goal(target=0),), NAMES, np.deg2rad(60.0))
    gaze = turning(1.21, 40)
    parts = [
        cut.follow(seen(np.zeros(4, np.int64), np.zeros((4, 8), bool), gaze[i : i + 4]))
        for i in range(0, 40, 4)
    ]
    first = next(i for i, part in enumerate(parts) if part.tick >= 0)
    assert 4 * first + parts[first].tick == SPEED_TICKS
    assert parts[first].event == "moved too fast"
