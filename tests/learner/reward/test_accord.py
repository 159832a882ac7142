"""Whether what was done accords with what was asked."""

from dataclasses import replace

import pytest

from learner.reward.accord import accord, names
from learner.reward.encoding import describe
from learner.reward.model import Context

CONTEXT = Context("look at the duck", "look", gaze_after="rubber duck", turned_deg=20.0)


@pytest.mark.parametrize(
    ("instruction", "thing", "named"),
    [
        ("look at the rubber duck", "rubber duck", True),
        ("Look at the Duck!", "rubber duck", True),
        ("look at the blue cube", "green cube", False),
        ("find the teapot", "teapot", True),
        ("find the pot", "teapot", False),
        ("ducking is fun", "rubber duck", False),
        ("", "teapot", False),
        ("look at the c++ (new) book", "c++ (new) book", True),
        ("anything", "", False),
    ],
)
def test_which_thing_is_named(instruction, thing, named):
    assert names(instruction, thing) is named


def test_gaze():
    assert accord(CONTEXT) == ["sees what was asked"]
    assert accord(replace(CONTEXT, gaze_after="teapot")) == ["sees another thing than asked"]
    assert accord(replace(CONTEXT, gaze_after="")) == []


@pytest.mark.parametrize(
    ("instruction", "turned", "raised", "told"),
    [
        ("turn left", 20.0, 0.0, "went the way asked"),
        ("turn left", -20.0, 0.0, "went the opposite way"),
        ("turn left", 1.0, 20.0, None),
        ("look up", 0.0, 9.0, "went the way asked"),
        ("look down", 0.0, 9.0, "went the opposite way"),
        ("first left, then right", 20.0, 0.0, None),
        ("wait", 20.0, 0.0, None),
    ],
)
def test_way(instruction, turned, raised, told):
    context = Context(instruction, "turn_head", turned_deg=turned, raised_deg=raised)
    assert accord(context) == ([told] if told else [])
    assert (told or "result") in describe(context)
