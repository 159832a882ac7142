"""Interruptions travel with the task, come at their decision, and old rows are read as before."""

from dataclasses import replace

import msgpack
import numpy as np
import pytest

from shared.codec import decode, encode
from shared.errors import CodecError
from shared.interruption import as_of
from shared.messages import Change
from tests.shared.samples import rng_f32, task


def change(decision, words, match=(0.1, 0.9)):
    return Change(decision, words, rng_f32(384, seed=decision), rng_f32(20, seed=decision), match)


TWICE = task(changes=(change(2, "no, nod"), change(5, "stop, the duck", (0.3, 0.2))), brightness=0.25)


def test_nothing_changes_before_its_time():
    assert as_of(TWICE, 0) is TWICE
    assert as_of(TWICE, 1) is TWICE
    assert as_of(task(), 9).instruction == task().instruction


@pytest.mark.parametrize(("decision", "newest"), [(2, 0), (4, 0), (5, 1), (40, 1)])
def test_the_newest_counts(decision, newest):
    now, wanted = as_of(TWICE, decision), TWICE.changes[newest]
    assert now.instruction == wanted.instruction
    assert now.embedding is wanted.embedding
    assert now.tool_match is wanted.tool_match
    assert tuple(thing.match for thing in now.objects) == wanted.match
    assert [thing.position for thing in now.objects] == [thing.position for thing in TWICE.objects]
    assert (now.episode_id, now.seed, now.max_decisions) == (
        TWICE.episode_id,
        TWICE.seed,
        TWICE.max_decisions,
    )


def test_round_trip():
    found = decode(encode(TWICE))
    assert found.brightness == 0.25
    assert [c.decision for c in found.changes] == [2, 5]
    for got, sent in zip(found.changes, TWICE.changes, strict=True):
        assert (got.instruction, got.match) == (sent.instruction, sent.match)
        np.testing.assert_array_equal(got.embedding, sent.embedding)


def test_a_task_without_them_is_on_the_wire_what_it_was():
    _, _, body = msgpack.unpackb(encode(task()))
    assert not {"changes", "brightness"} & set(body)
    old = decode(encode(task()))
    assert (old.changes, old.brightness) == ((), 0.5)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"brightness": 1.5}, "brightness"),
        ({"brightness": -0.1}, "brightness"),
        ({"changes": (change(0, "too early"),)}, "from decision 1"),
        ({"changes": (change(3, "a"), change(3, "b"))}, "later than the one before"),
        ({"changes": tuple(change(k, "on and on") for k in range(1, 7))}, "at most 4"),
        ({"changes": (change(1, "one match", (0.1,)),)}, "match for each object"),
    ],
)
def test_what_cannot_be_is_refused(changes, why):
    with pytest.raises(CodecError, match=why):
        encode(replace(task(), **changes))


@pytest.mark.parametrize("body", [{"changes": 3}, {"changes": [[]]}, {"brightness": "dim"}, {"light": 0.5}])
def test_bad_bytes(body):
    version, number, fields = msgpack.unpackb(encode(task()))
    with pytest.raises(CodecError):
        decode(msgpack.packb([version, number, fields | body]))
