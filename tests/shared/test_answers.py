"""An answer is a pure function of a decision and of what was seen before it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.answers import NAMES_A_THING, NOTHING, WORDS, answer, said, spoken
from shared.messages import SceneObject
from shared.spaces import NUM_DETECTIONS, OBS_DIM, slot_range
from shared.tools import TOOL_INDEX

DUCK = SceneObject("duck", (0.6, 0.1, 0.1), 0.08, 0.4, (0.5, -0.25))
BOOK = SceneObject("book", (0.6, -0.1, 0.1), 0.2, 0.3, (-0.5, 1.25))


def seen(*things):
    slots = np.zeros((NUM_DETECTIONS, 8), np.float32)
    for slot, thing in zip(slots, things, strict=False):
        slot[:] = (0.1, 0.2, 0.05, 0.9, thing.match, 0.0, *thing.code)
    return slots.reshape(-1)


@pytest.mark.parametrize("word", [word for word in range(len(WORDS)) if word != NAMES_A_THING])
def test_every_word_can_be_said(word):
    assert answer(said(word), seen(DUCK), [DUCK]) == WORDS[word]


def test_a_thing_is_named_by_where_its_detection_stands():
    there = seen(BOOK, DUCK)
    assert answer(said(NAMES_A_THING, 0), there, [DUCK, BOOK]) == "book"
    assert answer(said(NAMES_A_THING, 1), there, [DUCK, BOOK]) == "duck"
    assert answer(said(NAMES_A_THING, 2), there, [DUCK, BOOK]) == NOTHING
    assert answer(said(NAMES_A_THING, 1), there, [BOOK]) == NOTHING


def test_only_say_speaks():
    obs = np.zeros(OBS_DIM, np.float32)
    obs[slot_range("detections")] = seen(DUCK)
    for name, tool in TOOL_INDEX.items():
        assert spoken(tool, said(NAMES_A_THING), obs, [DUCK]) == ("duck" if name == "say" else "")


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4))
def test_any_parameters_say_something_that_may_be_said(params):
    assert answer(np.array(params), seen(DUCK), [DUCK]) in {*WORDS, "duck", NOTHING} - {""}
