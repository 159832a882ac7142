"""Every message survives the wire; anything else becomes a CodecError and nothing but a CodecError."""

import dataclasses

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import codec
from shared.codec import decode, encode, pack_transition, unpack_transition
from shared.errors import CodecError
from shared.messages import MESSAGES, SCHEMA_VERSION, Ack, Chunk, Hello, Refusal, RobotStatus, TransitionBatch
from tests.shared.samples import every_message, task, transition

SAMPLES = every_message()
ENCODED = [encode(message) for message in SAMPLES]


def same(a, b):
    assert type(a) is type(b)
    if dataclasses.is_dataclass(a):
        for field in dataclasses.fields(a):
            same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    else:
        assert a == b


def test_the_samples_cover_every_message():
    assert {type(message) for message in SAMPLES} == set(MESSAGES)


@pytest.mark.parametrize("message", SAMPLES, ids=lambda m: type(m).__name__)
def test_round_trip(message):
    same(decode(encode(message)), message)


def test_decoded_arrays_are_ours_to_write():
    decode(encode(task())).embedding[0] = 1.0


@pytest.mark.parametrize("n_ticks", [0, 1, 60, 100])
def test_spool_records_round_trip(n_ticks):
    record = transition(n_ticks)
    same(unpack_transition(pack_transition(record)), record)


def test_numpy_scalars_travel_as_plain_numbers():
    record = transition(tool=np.int64(8), value=np.float32(0.5), obs=np.zeros(512))
    found = unpack_transition(pack_transition(record))
    assert type(found.tool) is int
    assert type(found.value) is float
    assert found.obs.dtype == np.float32


def frame(body, version=SCHEMA_VERSION, number=0):
    return msgpack.packb([version, number, body])


def hello(**changes):
    body = dataclasses.asdict(SAMPLES[0]) | changes
    return frame(body)


def nested(depth):
    return b"\x91" * depth + b"\x90"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not msgpack"),
        (b"\xc1", "not msgpack"),
        (b"hello", "not msgpack"),
        (nested(10), "not a message"),
        (nested(100_000), "not msgpack"),
        (msgpack.packb([SCHEMA_VERSION, 0]), "not a message"),
        (msgpack.packb({"version": 1}), "not a message"),
        (frame({}, version=SCHEMA_VERSION + 1), "schema version"),
        (frame({}, version=True), "schema version"),
        (frame({}, version="1"), "schema version"),
        (frame({}, number=99), "unknown message type"),
        (frame({}, number=-1), "unknown message type"),
        (frame({}, number=True), "unknown message type"),
        (frame({}), "fields missing"),
        (frame([1, 2]), "expected fields"),
        (frame(None), "expected fields"),
        (hello(extra=1), "extra"),
        (hello(robot_id=5), "robot_id: expected str"),
        (hello(robot_id=None), "robot_id: expected str"),
        (hello(robot_id="x" * 5000), "at most 4096"),
        (hello(boot_epoch=1.0), "boot_epoch: expected int"),
        (hello(boot_epoch=True), "boot_epoch: expected int"),
        (hello(boot_epoch=2**63), "64-bit"),
        (hello(robot_id=nested(5)), "expected str, got bytes"),
        (hello(robot_id=msgpack.ExtType(5, b"x")), "not msgpack"),
        (msgpack.packb([SCHEMA_VERSION, 0, {1: 2}]), "not msgpack"),
        (encode(SAMPLES[2])[:-1], "not msgpack"),
        (encode(SAMPLES[2]) + b"\x00", "not msgpack"),
        (b"\x00" * (codec.MAX_MESSAGE + 1), "at most"),
        (pack_transition(transition()), "spool record"),
    ],
)  # fmt: skip
def test_bad_bytes(data, why):
    with pytest.raises(CodecError, match=why):
        decode(data)


def tampered(message, **changes):
    version, number, body = msgpack.unpackb(encode(message))
    return msgpack.packb([version, number, body | changes])


@pytest.mark.parametrize(
    ("array", "why"),
    [
        ([[384], b"\x00" * 1535], "do not make shape"),
        ([[383], b"\x00" * 1532], "shape"),
        ([[384, 1], b"\x00" * 1536], "shape"),
        ([[-384], b""], "bad shape"),
        ([[2**62, 2**62], b""], "shape"),
        ([["384"], b"\x00" * 1536], "bad shape"),
        ([384, b"\x00" * 1536], "expected"),
        ([[384], "text"], "expected"),
        ("array", "expected"),
        ([[384], np.full(384, np.nan, "<f4").tobytes()], "not finite"),
        ([[384], np.full(384, -np.inf, "<f4").tobytes()], "not finite"),
    ],
)
def test_bad_arrays(array, why):
    with pytest.raises(CodecError, match=f"embedding.*{why}"):
        decode(tampered(task(), embedding=array))


def test_a_status_of_a_robot_that_knows_no_eyes_is_read_and_what_it_does_not_need_stays_off_the_wire():
    (plain,) = (one for one in every_message() if isinstance(one, RobotStatus))
    assert b"eyes" not in encode(plain)
    assert (decode(encode(plain)).eyes, decode(encode(plain)).photo) == ("", "")
    seeing = dataclasses.replace(plain, eyes="2 things seen", photo="r1-1-2.png")
    assert decode(encode(seeing)).eyes == "2 things seen"


def test_too_many_rows():
    with pytest.raises(CodecError, match="at most 200"):
        pack_transition(transition(201))


@pytest.mark.parametrize(
    "changes",
    [
        {"tool": 20}, {"tool": -1}, {"source": "nobody"}, {"end_reason": "bored"}, {"tool_mask": 1 << 20},
        {"joints": np.zeros((9, 9))}, {"limited_ticks": -1}, {"boot_epoch": -1}, {"log_prob": float("nan")},
        {"value": float("inf")}, {"obs": np.full(512, np.nan, np.float32)}, {"obs": np.full(512, 1e300)},
        {"obs": np.zeros(511, np.float32)}, {"obs": ["a"] * 512}, {"obs": None}, {"obs": [[1], [2, 3]]},
        {"tool": "8"}, {"tool": None}, {"value": None}, {"time_unix_s": "now"}, {"value": 10**400},
        {"robot_id": b"bytes"}, {"decision_seq": 2**70},
    ],
)  # fmt: skip
def test_records_that_make_no_sense_are_refused_on_the_way_out(changes):
    with pytest.raises(CodecError):
        pack_transition(transition(**changes))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"tool": 20}, "tool must be"),
        ({"n_ticks": 9}, "n_ticks rows"),
        ({"source": "x"}, "source must be"),
        ({"log_prob": float("nan")}, "finite"),
    ],
)
def test_and_on_the_way_in(changes, why):
    version, number, body = msgpack.unpackb(pack_transition(transition()))
    with pytest.raises(CodecError, match=why):
        unpack_transition(msgpack.packb([version, number, body | changes]))


def test_tuples():
    with pytest.raises(CodecError, match=r"start_antennas: 3 items where 2"):
        decode(tampered(task(), start_antennas=[0.0, 0.0, 0.0]))
    with pytest.raises(CodecError, match=r"objects\[0\]: expected fields"):
        decode(tampered(task(), objects=[3]))
    with pytest.raises(CodecError, match="at most 1024"):
        encode(Ack(((1, 1),) * 1025))
    with pytest.raises(CodecError, match="expected a list"):
        decode(tampered(task(), objects={"a": 1}))
    with pytest.raises(CodecError, match="expected a tuple"):
        encode(Ack([(1, 1)]))


def test_sizes():
    with pytest.raises(CodecError, match="at most 1048576 bytes"):
        encode(Chunk(1, 0, b"x" * (codec.MAX_BYTES + 1)))
    with pytest.raises(CodecError, match="TransitionBatch of"):
        encode(TransitionBatch((transition(100),) * 500))


@pytest.mark.parametrize("thing", [None, 3, "text", transition(), Hello])
def test_what_is_not_a_message_is_not_encoded(thing):
    with pytest.raises(CodecError, match="not a wire message"):
        encode(thing)


def test_unpacking_another_message_as_a_record():
    with pytest.raises(CodecError, match="where a Transition was expected"):
        unpack_transition(encode(Refusal("no")))


@given(st.binary(max_size=300))
def test_random_bytes(data):
    with pytest.raises(CodecError):
        decode(data)


@given(st.data())
def test_mutated_messages_decode_or_raise_codec_error(data):
    original = data.draw(st.sampled_from(ENCODED))
    mutated = bytearray(original[: data.draw(st.integers(0, len(original)))] or b"\x00")
    mutated += original[len(mutated) :] if data.draw(st.booleans()) else b""
    for _ in range(data.draw(st.integers(1, 8))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = decode(bytes(mutated))
    except CodecError:
        return
    same(decode(encode(message)), message)  # what got through is a valid message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        max_leaves=12,
    ),
    st.integers(-1, 20),
)
def test_structured_nonsense(body, number):
    with pytest.raises(CodecError):
        decode(frame(body, number=number))
