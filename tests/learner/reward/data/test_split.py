"""Splits are apart, and a planted leak is found."""

from collections import Counter
from dataclasses import replace

import pytest

from learner.reward.data.example import Example
from learner.reward.data.split import (
    LeakError,
    check_leaks,
    drop_copies,
    find_leaks,
    hashed_split,
    normalised,
)


def example(text, split="train", **more):
    return Example(text, 0.5, "robot", split, synthetic=True, **more)


@pytest.mark.parametrize(
    ("text", "plain"),
    [("Too fast!!", "too fast"), ("  a\tb ", "a b"), ("👍👍", "👍👍"), ("very_good", "very good"), ("", "")],
)
def test_normalised(text, plain):
    assert normalised(text) == plain


def test_hashed_shares_and_stability():
    counts = Counter(hashed_split(f"group {i}") for i in range(5000))
    assert counts["train"] == pytest.approx(4000, abs=120)
    assert counts["test"] == pytest.approx(500, abs=80)
    assert hashed_split("a", 1) == hashed_split("a", 1)
    assert len({hashed_split("a", seed) for seed in range(40)}) == 3


CLEAN = [
    example("that was good", family="a/0", style="plain"),
    example("too fast for my taste today", "validation", family="a/1", style="formal"),
    example("you went the other way round", "test", family="a/2", style="child"),
]


def test_clean_data_has_no_leaks():
    check_leaks(CLEAN)


@pytest.mark.parametrize(
    ("planted", "why"),
    [
        (example("quite different words here", "test", family="a/0"), "family"),
        (example("quite different words here", "test", family="x/1+a/0"), "family"),
        (example("quite different words here", "test", style="plain"), "style 'plain'"),
        (example("That was GOOD!", "test"), "nearly the same text"),
        (example("today too fast for my taste", "test"), "nearly the same text"),
        (example("you went the other way round robot", "train"), "nearly the same text"),
    ],
)
def test_planted_leaks_are_found(planted, why):
    leaks = find_leaks([*CLEAN, planted])
    assert len(leaks) == 1
    assert why in str(leaks[0])
    with pytest.raises(LeakError, match="1 leaks between splits"):
        check_leaks([*CLEAN, planted])


def test_what_is_alike_within_a_split_or_between_languages_is_no_leak():
    check_leaks([*CLEAN, example("that was good!")])
    check_leaks([*CLEAN, example("that was good", "test", language="xx")])


def test_peoples_texts_have_no_style_to_leak():
    human = replace(CLEAN[0], text="some other words", synthetic=False, split="test", family="")
    check_leaks([*CLEAN, human])


def test_copies_stay_in_the_most_protected_split():
    kept = drop_copies(
        [
            example("great phone, works very well"),
            example("Great phone works very well!", "test"),
            example("great phone, works very well indeed", "validation"),
            example("nothing like it"),
        ]
    )
    assert [(e.split, e.text) for e in kept] == [
        ("test", "Great phone works very well!"),
        ("train", "nothing like it"),
    ]
