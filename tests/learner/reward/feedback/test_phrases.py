"""What words speak of, and which decisions of an episode that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.reward.feedback.phrase_words import ENGLISH, LANGUAGES
from learner.reward.feedback.phrases import Mention, mention, pick
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
        ("looked around, then looked at the duck", {SCAN, LOOK}, ""),
    ],
)
def test_what_words_speak_of(text, tools, part):
    said = mention(text)
    assert (set(said.tools), said.part) == (tools, part)


@pytest.mark.parametrize(
    ("text", "tools", "part"),
    [
        ("el asentimiento fue genial", {NOD}, ""),
        ("eso no fue un asentimiento", set(), ""),
        ("deberías mirar al pato", set(), ""),
        ("la primera vez fue mejor", set(), "first"),
        ("mirar alrededor fue aburrido", {SCAN}, ""),
        ("muy bien al final", set(), "last"),
        ("le hochement de tête était super", {NOD}, ""),
        ("ce n'était pas un hochement", set(), ""),
        ("le premier hochement était mieux", {NOD}, "first"),
        ("tu as secoué la tête mais pas regardé le canard", {SHAKE}, ""),
        ("trop brusque à la fin", set(), "last"),
        ("das Nicken war toll", {NOD}, ""),
        ("das war kein Nicken", set(), ""),
        ("du hättest zur Ente schauen sollen", set(), ""),
        ("das Kopfschütteln war zu schnell, aber das Nicken war gut", {NOD, SHAKE}, ""),
        ("beim zweiten Mal war es besser", set(), "second"),
        ("insgesamt schön", set(), "all"),
        ("gut gemacht", set(), ""),
        ("bien fait", set(), ""),
        ("muy bien", set(), ""),
    ],
)
def test_other_languages(text, tools, part):
    said = mention(text)
    assert (set(said.tools), said.part) == (tools, part)


def test_every_language_names_every_tool_and_part():
    for words in LANGUAGES:
        assert set(words.tools) == {tool.name for tool in TOOLS}
        assert list(words.parts) == list(ENGLISH.parts)


def test_every_tool_is_found_by_its_name():
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
