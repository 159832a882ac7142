"""Records of the eyes: what was written is read, and bad bytes are refused."""

import numpy as np
import pytest

from shared.errors import CodecError
from shared.sight.detections import (
    DETECTION,
    FRAME_SIZE,
    MAX_SEEN,
    SIGHTING_SIZE,
    Sighting,
    pack_frame,
    pack_sighting,
    unpack_frame,
    unpack_sighting,
)


def detections(count):
    found = np.zeros(count, DETECTION)
    found["name"] = np.arange(count)
    found["u"], found["v"] = np.linspace(-1, 1, count), 0.25
    found["size"], found["confidence"] = 0.04, np.linspace(0.9, 0.3, count)
    return found


def sighting(count=3, **changed):
    fields = {"time_s": 5.0, "alive_s": 5.5, "frame": 7, "model": 2**63 + 1, "brightness": 0.5}
    return Sighting(**(fields | changed), detections=detections(count))


@pytest.mark.parametrize("count", [0, 1, MAX_SEEN])
def test_a_sighting_comes_back(count):
    data = pack_sighting(sighting(count))
    assert len(data) == SIGHTING_SIZE
    back = unpack_sighting(data)
    assert (back.time_s, back.alive_s, back.frame, back.model) == (5.0, 5.5, 7, 2**63 + 1)
    assert back.brightness == pytest.approx(0.5)
    np.testing.assert_array_equal(back.detections, detections(count))


def test_the_least_confident_are_left_out():
    back = unpack_sighting(pack_sighting(sighting(MAX_SEEN + 4)))
    np.testing.assert_array_equal(back.detections, detections(MAX_SEEN + 4)[:MAX_SEEN])


def test_age_grows_with_the_clock_and_is_never_negative():
    assert sighting().age_s(6.25) == pytest.approx(1.25)
    assert sighting().age_s(4.0) == 0.0


@pytest.mark.parametrize(
    ("field", "value"),
    [("u", np.nan), ("v", 1.4), ("size", -0.1), ("confidence", 1.5), ("box", np.inf)],
)
def test_what_no_detector_says_is_refused(field, value):
    found = detections(2)
    found[field][1] = value
    with pytest.raises(CodecError, match=field):
        unpack_sighting(pack_sighting(Sighting(1.0, 1.0, 1, 0, 0.5, found)))


@pytest.mark.parametrize("changed", [{"time_s": np.nan}, {"alive_s": np.inf}, {"brightness": 1.5}])
def test_times_and_brightness_that_cannot_be(changed):
    with pytest.raises(CodecError, match=r"times|brightness"):
        unpack_sighting(pack_sighting(sighting(**changed)))


def test_wrong_sizes_and_counts():
    data = bytearray(pack_sighting(sighting()))
    with pytest.raises(CodecError, match="other version"):
        unpack_sighting(bytes(data[:-1]))
    empty = pack_sighting(sighting(0))
    at = next(i for i, (a, b) in enumerate(zip(data, empty, strict=True)) if a != b)  # of the count
    data[at] = MAX_SEEN + 1
    with pytest.raises(CodecError, match="at most"):
        unpack_sighting(bytes(data))


def test_a_frame_comes_back():
    picture = np.random.default_rng(0).integers(0, 256, (18, 32, 3), np.uint8)
    data = pack_frame(picture, 3.5)
    assert len(data) <= FRAME_SIZE
    back, time_s = unpack_frame(data)
    np.testing.assert_array_equal(back, picture)
    assert time_s == 3.5


def test_bad_frames_are_refused():
    picture = np.zeros((18, 32, 3), np.uint8)
    data = pack_frame(picture, 3.5)
    for bad in (b"", data[:5], data[:-1], data + b"x", pack_frame(picture, np.nan)):
        with pytest.raises(CodecError, match="frame"):
            unpack_frame(bad)
    for wrong in (picture[..., :2], picture.astype(float), np.zeros((4000, 10, 3), np.uint8)):
        with pytest.raises(ValueError, match="frame"):
            pack_frame(wrong, 0.0)
