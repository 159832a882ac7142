import pytest

from learner.reward.judging import SILENT, WIDEST, by_width, settle


def test_a_rating_outranks_words_and_agreeing_words_narrow_it():
    words = by_width(0.9, 0.4, "evaluative")
    alone, both = settle(SILENT, 2, "v", ""), settle(words, 2, "v", "good")
    assert alone.reward == -0.5
    assert -0.5 < both.reward < 0.0
    assert both.high - both.low < alone.high - alone.low
    assert both.confidence == 1.0
    assert not both.abstained


@pytest.mark.parametrize("kind", ["command", "description", "stop"])
def test_words_that_judge_nothing_are_abstained_on(kind):
    got = settle(by_width(0.9, 0.1, kind), None, "v", "x")
    assert (got.abstained, got.confidence, got.kind) == (True, 0.0, kind)
    assert settle(by_width(0.9, 0.1, kind), 4, "v", "x").reward == 0.5


def test_too_wide_an_interval_is_abstained_on():
    assert settle(by_width(0.2, WIDEST, "evaluative"), None, "v", "x").abstained
    assert not settle(by_width(0.2, WIDEST / 2 - 0.01, "evaluative"), None, "v", "x").abstained


def test_intervals_stay_inside():
    got = settle(by_width(0.9, 0.4, "evaluative"), None, "v", "x")
    assert (got.low, got.high) == (0.5, 1.0)


def test_a_rating_out_of_range_is_refused():
    with pytest.raises(ValueError, match="rating 6"):
        settle(SILENT, 6, "v", "")
