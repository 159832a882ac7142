"""Tools that people made get places that robots' policies can choose."""

import json
import os
from dataclasses import dataclass, replace

import numpy as np
import pytest

from learner.tooling import writer
from learner.tooling.changing import changed
from learner.tooling.composing import compose
from learner.tooling.delivering import packed
from learner.tooling.faults import healthy
from learner.tooling.places import Delivered, deliver, delivered, first_place, recall, take_up, take_up_of
from learner.tooling.store import ToolStore
from learner.tooling.validation import Report, validate
from learner.tooling.words import Change
from shared.errors import BundleError, StoreError
from shared.made_tools import FIGURES, unpack
from shared.signing import KEY_BYTES, SigningKey
from sim import made, phrases
from sim.tasks import ALL_TASKS

PASSED = Report(True, "", {**dict.fromkeys(FIGURES, 1.0), "violations": 0.0})
KEY = SigningKey(os.urandom(KEY_BYTES))


@dataclass
class Bundled:
    """As much of a bundle as brings tools."""

    tools: tuple


@pytest.fixture
def store(tmp_path):
    """With `nod` ("nod twice"), `wobble` and others, none delivered."""
    store = ToolStore(tmp_path / "tools", KEY)
    for request in (
        "nod twice",
        "wobble",
        "wave your antennas",
        "shake your head twice",
        "tilt your head to the left",
    ):
        store.add(healthy(request), request, PASSED)
    before = set(phrases.table())
    yield store
    made.take_up([], {})
    for text in set(phrases.table()) - before:
        del phrases.table()[text]


def test_delivered_tools_take_the_free_places_in_order(store):
    assert delivered(store) == ()
    names = store.names()
    assert [deliver(store, name) for name in names[:3]] == [first_place() + k for k in range(3)]
    assert delivered(store) == tuple(Delivered(name, 1) for name in names[:3])
    recall(store, names[0])
    assert delivered(store) == tuple(Delivered(name, 1) for name in names[1:3])


def test_taken_up_they_can_be_chosen_and_asked_for(store):
    nod = store.current("nod").program
    deliver(store, "nod")
    take_up(store)
    assert made.made_tools()[first_place()] == nod
    wish = f"please {nod.description}"
    assert wish in ALL_TASKS["perform"].instructions()
    assert np.linalg.norm(phrases.embedding(wish)) == pytest.approx(1.0, abs=1e-5)
    slower = changed(nod, Change(tempo=1.2))
    store.add(slower, "slower", PASSED, parent=1)
    take_up(store)
    assert made.made_tools()[first_place()] == nod  # until it is delivered, too
    deliver(store, "wobble")
    assert deliver(store, "nod") == first_place()
    assert delivered(store) == (Delivered("nod", 2), Delivered("wobble", 1))
    take_up(store)
    assert made.made_tools()[first_place()] == slower
    recall(store, "wobble")
    recall(store, "nod")
    take_up(store)
    assert made.made_tools() == made.shipped()


def test_bundles_carry_them_with_what_they_play(store):
    library = store.library()
    both = compose("both", [store.current("nod").program, store.current("wobble").program], library)
    assert validate(both, library).passed
    (tool,) = packed([both], library, KEY)
    found = unpack(tool, [KEY.public])
    assert found.program == both
    assert found.library.keys() == {store.current(name).program.digest for name in ("nod", "wobble")}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("unheard_of", "no made tool 'unheard_of'"),
        ("nod", "delivered already, at place 4"),
        ("Nod!", "is no tool's name"),
    ],
)
def test_what_cannot_be_delivered(store, name, told):
    deliver(store, "nod")
    with pytest.raises(StoreError, match=told):
        deliver(store, name)
    assert delivered(store) == (Delivered("nod", 1),)


def test_no_more_than_there_are_places(store):
    names = store.names()
    for name in names[:4]:
        deliver(store, name)
    with pytest.raises(StoreError, match="all places are taken"):
        deliver(store, names[4])


def test_too_long_or_for_words_that_mean_something_else(store):
    slow = changed(healthy("nod twice"), Change(tempo=4.0))
    store.add(slow, "much slower", PASSED)
    with pytest.raises(StoreError, match=r"takes up to .* s, and a policy's tool at most 4.0 s"):
        deliver(store, "nod")
    bow = healthy("bow")
    store.add(bow, "bow", PASSED)
    with pytest.raises(StoreError, match="robots know already what to do at 'bow'"):
        deliver(store, "bow")
    assert delivered(store) == ()


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ("draw a circle", "moves like 'draw a circle with your nose'"),
        ("lean forward", "only slides"),
        ("please take a bow", "know already what to do"),
    ],
)
def test_what_could_not_be_told_from_something_else(store, request_, told):
    answer = writer.write(request_)
    version = store.add(answer.program, request_, answer.report)
    with pytest.raises(StoreError, match=told):
        deliver(store, version.name)


def test_two_that_move_alike(store):
    deliver(store, "nod")
    twin = replace(store.current("nod").program, name="twin", description="do what you did")
    store.add(twin, "do what you did", PASSED)
    with pytest.raises(StoreError, match="moves like 'nod twice'"):
        deliver(store, "twin")


def test_a_policy_is_measured_with_the_tools_that_it_learnt_with(store):
    tools = [*made.shipped(), store.current("nod").program]
    bundle = Bundled(tuple(unpack(one, [KEY.public]) for one in packed(tools, {}, KEY)))
    take_up_of(bundle)
    assert made.made_tools()[first_place()].name == "nod"
    take_up_of(Bundled(()))
    assert made.made_tools() == made.shipped()
    with pytest.raises(BundleError, match="learnt with other made tools"):
        take_up_of(Bundled(bundle.tools[1:]))


def test_recalling_what_is_not_delivered(store):
    deliver(store, "wobble")
    with pytest.raises(StoreError, match="nod is not delivered; those that are: wobble"):
        recall(store, "nod")


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "{}",
        "[1]",
        '["nod"]',
        '[{"name": "nod"}]',
        '[{"name": "nod", "version": true}]',
        json.dumps([{"name": "nod", "version": 1}] * 2),
        json.dumps([{"name": name, "version": 1} for name in "abcde"]),
        json.dumps([{"name": "n" * 5000, "version": 1}]),
    ],
)
def test_a_damaged_file_is_refused_whole(store, damage):
    (store.folder / "places.json").write_text(damage)
    for call in (delivered, take_up, lambda s: deliver(s, "nod")):
        with pytest.raises(StoreError, match=r"places\.json"):
            call(store)


def test_a_delivered_tool_that_is_gone_is_told(store):
    (store.folder / "places.json").write_text('[{"name": "gone", "version": 3}]')
    with pytest.raises(StoreError, match=r"gone, version 3, cannot be used: .*tools recall gone"):
        take_up(store)
