"""The lexicon score: signs, abstaining, confidence, bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learner.reward.backends.lexicon import ABSTAINED, MAX_CONFIDENCE, score_text


@pytest.mark.parametrize(
    "text", ["Great!", "that was perfect", "very smooth", "nice and gentle", "yes, exactly", "GOOD JOB"]
)
def test_praise_is_positive(text):
    assert score_text(text).score > 0.2


@pytest.mark.parametrize(
    "text", ["terrible", "way too fast", "not good", "that was wrong", "so jerky", "not quite", "no"]
)
def test_blame_is_negative(text):
    assert score_text(text).score < -0.2


@pytest.mark.parametrize(
    "text", ["", "   ", "nod more gently please", "Look at the duck", "the duck is yellow", "?!"]
)
def test_it_abstains_on_commands_and_where_nothing_is_judged(text):
    assert score_text(text) == ABSTAINED


def test_words_that_disagree_are_less_sure():
    assert score_text("good").confidence == MAX_CONFIDENCE
    assert score_text("good but too fast").confidence < 0.6 * MAX_CONFIDENCE


@given(st.text(max_size=300))
def test_any_text_gives_a_bounded_score_or_none(text):
    got = score_text(text)
    assert 0.0 <= got.confidence <= MAX_CONFIDENCE
    assert got == ABSTAINED or -1.0 <= got.score <= 1.0
