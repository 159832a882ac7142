"""What words speak of, and which decisions of an episode that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.reward.feedback.phrases import SYNONYMS, Mention, mention, pick
from shared.tools import TOOL_INDEX, TOOLS

NOD, SHAKE, LOOK, SCAN, WAIT = (TOOL_INDEX[name] for name in ("nod", "shake", "look", "scan", "wait"))


@pytest.mark.parametrize(
    ("text", "tools", "part"),
    [
        ("the nod was great", {NOD}, ""),
        ("Nodding was TOO FAST!!", {NOD}, ""),
        ("that was not a nod", set(), ""),
        ("you shook your head instead of nodding", {SHAKE}, ""),
        ("you should have looked at the duck", set(), ""),
        ("the shake wasn't a nod", {SHAKE}, ""),
        ("nice nod but that was no shake", {NOD}, ""),
        ("looking around was boring", {SCAN}, ""),
        ("the look at the duck was good", {LOOK}, ""),
        ("the first nod was better", {NOD}, "first"),
        ("great the first time", set(), "first"),
        ("it got jerky at the end", set(), "last"),
        ("all of it was lovely", set(), "all"),
        ("the one before was nicer", set(), "before_last"),
        ("good job", set(), ""),
        ("it looks good", set(), ""),
        ("waiting that long is silly", {WAIT}, ""),
        ("", set(), ""),
    ],
)
def test_what_words_speak_of(text, tools, part):
    said = mention(text)
    assert (set(said.tools), said.part) == (tools, part)


def test_every_tool_has_a_name_and_is_found_by_it():
    assert set(SYNONYMS) == {tool.name for tool in TOOLS}
    nouns = {
        "turn_head": "head turn",
        "pitch_head": "head tip",
        "move_head": "head lift",
        "turn_body": "spin",
    }
    nouns |= {"run_made": "trick", "roll_head": "tilt", "wave_antennas": "wave", "go_home": "reset"}
    nouns |= {"set_antennas": "antenna pose", "say": "answer", "take_photo": "photo"}
    for tool in TOOLS:
        assert TOOL_INDEX[tool.name] in mention(f"the {nouns.get(tool.name, tool.name)} was fine").tools


@given(st.text(max_size=400))
def test_any_text_is_read(text):
    said = mention(text)
    assert said.part in ("", "first", "second", "third", "last", "before_last", "all")
    assert all(0 <= i < 3 for i in pick(said, [NOD, SHAKE, NOD]))


@pytest.mark.parametrize(
    ("said", "picked"),
    [
        (Mention(frozenset({NOD}), ""), [2]),  # the last one
        (Mention(frozenset({NOD}), "first"), [0]),
        (Mention(frozenset({NOD}), "second"), [2]),
        (Mention(frozenset({NOD}), "third"), []),  # there were two
        (Mention(frozenset({NOD}), "all"), [0, 2]),
        (Mention(frozenset({NOD}), "", several=True), [0, 2]),
        (Mention(frozenset({SHAKE}), "before_last"), []),
        (Mention(frozenset(), "first"), [0]),
        (Mention(frozenset(), "last"), [3]),
        (Mention(frozenset(), ""), []),
        (Mention(frozenset({LOOK}), ""), []),  # it never looked
    ],
)
def test_which_decisions_are_meant(said, picked):
    assert pick(said, [NOD, SHAKE, NOD, WAIT]) == picked
