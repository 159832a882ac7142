import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.reward.emoji import spell
from learner.reward.encoding import clean


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plain", "plain"),
        ("nod 👍", "nod thumbs up, good"),
        ("👍👍👍", "thumbs up, good"),
        ("👍🏽", "thumbs up, good"),
        ("❤️ it", "love it"),
        ("🤖", "robot"),
        ("très bien", "très bien"),
    ],
)
def test_emoji_become_words(text, words):
    assert spell(text) == words


@given(st.text(max_size=200))
def test_any_text_is_spelled_once_and_for_all(text):
    assert spell(spell(text)) == spell(text)
    assert len(clean(text)) <= 600
