import dataclasses

import numpy as np
import pytest

from robot_agent.frames import DTYPES, Action, Kind, Record, pack, size, transition, unpack
from shared.codec import pack_transition, unpack_transition
from shared.messages import END_REASONS
from tests.robot_agent.samples import record


@pytest.mark.parametrize("frame", DTYPES)
def test_every_field_has_its_place(frame):
    assert [field.name for field in dataclasses.fields(frame)] == list(DTYPES[frame].names)


@pytest.mark.parametrize("frame", DTYPES)
def test_what_is_packed_is_unpacked(frame):
    rng = np.random.default_rng(0)
    values = {}
    for name in DTYPES[frame].names:
        kind = DTYPES[frame][name]
        if kind.shape:
            values[name] = rng.normal(size=kind.shape).astype(kind.base)
        elif kind.kind == "S":
            values[name] = "täglich"
        elif kind.kind == "f":
            values[name] = float(rng.normal())
        else:
            values[name] = kind.type(1).item()
    data = pack(frame(**values))
    assert len(data) == size(frame)
    found = unpack(frame, data)
    for name, value in values.items():
        np.testing.assert_array_equal(getattr(found, name), value)


def test_a_text_that_is_too_long_is_cut():
    assert unpack(Action, pack(Action(1, Kind.IDLE, 1, episode_id="x" * 100))).episode_id == "x" * 64


def test_a_record_becomes_a_message_the_codec_takes():
    one = record(end_reason=END_REASONS.index("new_task"))
    message = unpack_transition(pack_transition(transition("r1", unpack(Record, pack(one)))))
    assert (message.n_ticks, message.setpoints.shape, message.head.shape) == (12, (12, 9), (12, 7))
    assert (message.source, message.end_reason) == ("policy", "new_task")
