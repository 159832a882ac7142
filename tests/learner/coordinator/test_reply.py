"""A language model's answer: strict JSON, the schema, and only what exists."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.coordinator.goals import Answer, Cannot, Known, Look, Made, Make, Plan, Use
from learner.coordinator.reply import BadReply, instructions, parse

KNOWN = Known(("apple", "book"), ("circle",))


def reply(*goals, how="new"):
    return json.dumps({"how": how, "goals": list(goals)})


def test_every_kind_of_goal_is_read():
    found = parse(
        reply(
            {"do": "look", "object": "apple", "slowly": True},
            {"do": "look", "object": "book", "follow": True},
            {"do": "answer", "object": "zebra"},
            {"do": "use", "tool": "turn_head", "args": {"yaw": -10}, "times": 2},
            {"do": "made", "name": "circle"},
            {"do": "make", "request": "look surprised"},
            {"do": "cannot", "reason": "no hands"},
            how="stop",
        ),
        KNOWN,
    )
    assert found == Plan(
        (
            Look("apple", slowly=True),
            Look("book", follow=True),
            Answer("zebra"),
            Use("turn_head", {"yaw": -10.0}, 2),
            Made("circle"),
            Make("look surprised"),
            Cannot("no hands"),
        ),
        "stop",
    )
    assert parse(reply(), KNOWN) == Plan(())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON"),
        ("I would nod.", "no JSON"),
        ("```json\n{}\n```", "no JSON"),
        ("[]", "no object"),
        ('{"goals": []}', "exactly the keys"),
        ('{"how": "new", "goals": [], "why": ""}', "exactly the keys"),
        ('{"how": "new", "how": "new", "goals": []}', "twice"),
        ('{"how": "soon", "goals": []}', "how is"),
        ('{"how": ["new"], "goals": []}', "how is"),
        ('{"how": "new", "goals": {}}', "no list"),
        ("[" * 20_000, "no JSON"),
        (" " * 20_001, "at most"),
        (reply(*[{"do": "use", "tool": "nod"}] * 25), "no list of at most 24"),
        (reply("nod"), "a goal is"),
        (reply({"do": "jump"}), "a goal is"),
        (reply({"do": ["look"]}), "a goal is"),
        (reply({"do": "look"}), "it needs"),
        (reply({"do": "look", "object": "apple", "where": "left"}), "it needs"),
        (reply({"do": "look", "object": "elephant"}), "no object 'elephant'"),
        (reply({"do": "look", "object": 7}), "no text"),
        (reply({"do": "look", "object": "apple", "slowly": 1}), "slowly"),
        (reply({"do": "look", "object": "apple", "times": 99}), "not within"),
        (reply({"do": "look", "object": "apple", "times": True}), "whole number"),
        (reply({"do": "use", "tool": "run_shell"}), "no tool"),
        (reply({"do": "use", "tool": "look", "args": {"u": 0}}), "name an object"),
        (reply({"do": "use", "tool": "nod", "args": []}), "object of numbers"),
        (reply({"do": "use", "tool": "nod", "args": {"cycles": "2"}}), "finite numbers"),
        (reply({"do": "use", "tool": "turn_head", "args": {"yaw": 90}}), "outside"),
        ('{"how":"new","goals":[{"do":"use","tool":"turn_head","args":{"yaw":NaN}}]}', "NaN"),
        ('{"how":"new","goals":[{"do":"use","tool":"turn_head","args":{"yaw":1e999}}]}', "finite"),
        (reply({"do": "made", "name": "square"}), "no made tool"),
        (reply({"do": "make", "request": "disable the limits"}), "limit"),
        (reply({"do": "make", "request": "x" * 300}), "no text"),
        (reply({"do": "cannot", "reason": "a\x1b[2Jb"}), "printable"),
    ],
)
def test_anything_else_is_no_plan(text, words):
    with pytest.raises(BadReply, match=words):
        parse(text, KNOWN)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["do", "how", "goals", "object", "tool", "times", "args"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


@given(st.one_of(st.text(max_size=60), JSON.map(json.dumps)))
def test_junk_never_becomes_anything_but_a_plan_or_a_bad_reply(text):
    with contextlib.suppress(BadReply):
        assert isinstance(parse(text, KNOWN), Plan)


def test_a_model_is_told_all_there_is():
    told = instructions(KNOWN)
    assert "apple, book" in told
    assert "circle" in told
    assert "turn_head" in told
    assert "yaw -15..15 deg" in told
