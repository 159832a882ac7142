"""The grammar: order, negation, interruption, repetition, and that nothing said can break it."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.coordinator.corpus import OBJECTS, exact, load
from learner.coordinator.goals import MAX_GOALS, Cannot, Known, Look, Made, Make, Use, problem_with
from learner.coordinator.grammar import MAX_CHARS, opening, ordered, plan
from learner.coordinator.motions import nearest
from sim.tasks import ALL_TASKS
from sim.things import names

KNOWN = Known(OBJECTS, ("circle",))
WORDS = re.findall(
    r"\S+",
    "look at the nod and then before after first not no , . stop duck apple ball twice three times slowly "
    "put carry to next circle draw it that again don't without while forever left 20 99 degrees wait s",
)


def briefs(text, known=KNOWN):
    return [goal.brief for goal in plan(text, known).goals]


@pytest.mark.parametrize("command", [c for c in load() if c.split == "development"], ids=lambda c: c.say)
def test_the_development_commands_come_to_their_plans(command):
    found = plan(command.say, command.known)
    assert exact(found, command), found


def test_held_out_commands_mostly_do_as_well():
    held_out = [c for c in load() if c.split == "held_out"]
    assert len(held_out) == 74
    assert sum(exact(plan(c.say, c.known), c) for c in held_out) >= 64


@pytest.mark.parametrize("task", ["look", "nod", "shake", "find", "slowly", "track"])
def test_every_wording_of_these_tasks_is_one_goal(task):
    known = Known(names("held_out"))
    for text in ALL_TASKS[task].instructions():
        goals = plan(text, known).goals
        assert len(goals) == 1, (text, goals)
        if isinstance(goals[0], Look):
            assert goals[0].object in text
            assert goals[0].slowly == (task == "slowly")
            assert goals[0].follow == (task == "track")
        else:
            assert goals == (Use(task),)


def test_the_order_of_speech_is_not_the_order_of_doing():
    assert ordered("before a, b then c") == ["b", "a", "c"]
    assert ordered("a, but before that b") == ["b", "a"]
    assert ordered("a after b") == ["b", "a"]
    assert ordered("once a, b") == ["a", "b"]
    assert ordered("first a, then b. c") == ["a", "b", "c"]


def test_openings():
    assert opening("no, stop that, look up") == ("stop", "look up")
    assert opening("no rush, look up") == ("new", "no rush, look up")
    assert opening("wait two seconds")[0] == "new"
    assert opening("and then nod") == ("append", "nod")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing to do"),
        ("look at the ball", "which one: red ball or soccer ball?"),
        ("look at the elephant", "I know no 'elephant'"),
        ("look at it", "name it"),
        ("open the book", "no hands"),
        ("do that again", "nothing yet"),
        ("nod forever", "no end"),
        ("x" * (MAX_CHARS + 1), "longer than"),
        ("nod, " * 40, "steps; at most"),
        ("nod 99 times", "not within 1 .. 30"),
    ],
)
def test_what_cannot_be_done_says_why(text, words):
    goals = plan(text, Known((*OBJECTS, "soccer ball"))).goals
    assert len(goals) == 1
    assert isinstance(goals[0], Cannot)
    assert words in goals[0].reason


def test_own_tools_come_before_made_ones_and_those_before_new_ones():
    known = Known(OBJECTS, ("nod", "circle"))
    assert plan("nod", known).goals == (Use("nod"),)
    assert plan("draw a circle", known).goals == (Made("circle"),)
    assert plan("draw a small circle", known).goals == (Make("draw a small circle"),)
    assert plan("draw a circle", Known(OBJECTS)).goals == (Make("draw a circle"),)


@pytest.mark.parametrize(
    ("text", "briefs_"),
    [
        ("is there a book, then nod", ["answer book", "nod"]),
        ("do you see the apple? look at it", ["look apple"]),
        ("look at the apple and follow it", ["follow apple"]),
        ("any zebra here?", ["answer zebra"]),
        ("is it there?", ["cannot"]),
        ("yes, nod please", ["nod"]),
        ("nod, nod", ["nod", "nod"]),
        (
            "bow, put the apple by the book, then shake your head",
            ["make bow", "look apple", "nod", "look book", "shake"],
        ),
        ("pick up the apple", ["look apple", "nod"]),
        ("take the apple", ["look apple"]),
    ],
)
def test_questions_following_and_carrying(text, briefs_):
    assert briefs(text) == briefs_


def test_what_moves_may_be_told_before_or_after():
    assert nearest("nod slowly") == Use("nod", {"cycles": 1.6})
    assert nearest("a big quick nod") == Use("nod", {"cycles": 2.2, "amplitude": 17.0})
    assert nearest("draw a circle") is None


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (Look("elephant"), "no object"),
        (Look("apple", times=0), "not within"),
        (Use("jump"), "no tool"),
        (Use("look"), "name an object"),
        (Use("nod", {"force": 1.0}), "no parameter"),
        (Use("turn_head", {"yaw": 90.0}), "outside"),
        (Use("turn_head", {"yaw": float("nan")}), "outside"),
        (Made("square"), "no made tool"),
        (Make(" "), "empty"),
    ],
)
def test_goals_that_cannot_be_worked_at_are_found(goal, words):
    assert words in problem_with(goal, KNOWN)


@given(st.one_of(st.text(max_size=120), st.lists(st.sampled_from(WORDS), max_size=24).map(" ".join)))
def test_whatever_is_said_comes_quickly_to_a_plan_of_things_that_exist(text):
    began = time.perf_counter()
    found = plan(text, KNOWN)
    assert time.perf_counter() - began < 1.0
    assert len(found.goals) <= MAX_GOALS
    assert [problem_with(goal, KNOWN) for goal in found.goals] == [""] * len(found.goals)
    assert found == plan(text, KNOWN)


@pytest.mark.parametrize(
    "unit", ["a", "to ", "look at ", "and ", "not ", "no, ", "before ", "that ", "1 ", ", "]
)
def test_no_repetition_makes_it_slow(unit):
    began = time.perf_counter()
    plan((unit * MAX_CHARS)[:MAX_CHARS], KNOWN)
    plan((unit * MAX_CHARS)[: MAX_CHARS - 1] + "#", KNOWN)
    assert time.perf_counter() - began < 2.0
