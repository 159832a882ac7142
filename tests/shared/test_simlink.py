"""Records between guard and simulated robot: round trip, and nothing that is not finite."""

import dataclasses

import numpy as np
import pytest

from shared.control.body import BodyState
from shared.errors import CodecError
from shared.simlink import (
    STATE_SIZE,
    TARGET_SIZE,
    pack_state,
    pack_target,
    unpack_state,
    unpack_target,
)


def state():
    rng = np.random.default_rng(0)
    draw = rng.standard_normal
    return BodyState(1.5, draw(9), draw(9), draw(3), draw(4), draw(3), draw(3), draw(9))


def test_states_round_trip():
    data = pack_state(state())
    assert len(data) == STATE_SIZE
    found = unpack_state(data)
    for field in dataclasses.fields(BodyState):
        assert np.array_equal(getattr(found, field.name), getattr(state(), field.name))
    assert type(found.time_s) is float


@pytest.mark.parametrize("relax", [False, True])
def test_targets_round_trip(relax):
    target = np.arange(9) * 0.1
    data = pack_target(target, relax)
    assert len(data) == TARGET_SIZE
    found, found_relax = unpack_target(data)
    assert np.array_equal(found, target)
    assert found_relax is relax


@pytest.mark.parametrize("data", [b"", b"x" * (STATE_SIZE - 1), b"x" * (STATE_SIZE + 1)])
def test_records_of_another_size(data):
    with pytest.raises(CodecError, match="bytes where"):
        unpack_state(data)
    with pytest.raises(CodecError, match="bytes where"):
        unpack_target(data)


def test_numbers_that_are_not_finite():
    with pytest.raises(CodecError, match="joint_vel is not finite"):
        unpack_state(pack_state(dataclasses.replace(state(), joint_vel=np.full(9, np.nan))))
    with pytest.raises(CodecError, match="target is not finite"):
        unpack_target(pack_target(np.full(9, np.inf)))
