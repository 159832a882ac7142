"""A photo is kept when it was asked for, is a PNG that others read, and never fills the disk."""

import io
from dataclasses import replace

import numpy as np
import pytest

from robot_agent.cameras import Frame
from robot_agent.frames import PhotoState, Record, size, unpack
from robot_agent.photos import NO_CAMERA, TOOL, PhotoFolder, Photographer, png, sharpness
from shared.errors import ConfigError
from shared.messages import END_REASONS
from shared.slots import Slot
from tests.robot_agent.samples import record

PICTURE = np.random.default_rng(0).integers(0, 256, (18, 32, 3), np.uint8)
TAKEN: Record = replace(record(), tool=TOOL, end_reason=END_REASONS.index("completed"), n_ticks=20)


def photographer(tmp_path, **limits):
    folder = PhotoFolder(tmp_path / "photos", **limits)
    return Photographer("r1", folder, tmp_path / "photo.slot"), folder


def said(tmp_path):
    return unpack(PhotoState, Slot(tmp_path / "photo.slot", size(PhotoState)).read()[1])


@pytest.mark.parametrize("shape", [(1, 1, 3), (18, 32, 3), (5, 7, 3)])
def test_others_read_the_png(shape):
    from PIL import Image

    picture = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(picture)))), picture)


@pytest.mark.parametrize(
    "bad", [np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)]
)
def test_what_is_no_picture_is_refused(bad):
    with pytest.raises(ValueError, match="a picture is"):
        png(bad)


def test_the_sharpest_of_the_newest_frames_is_kept(tmp_path):
    mine, folder = photographer(tmp_path)
    blurred = np.full_like(PICTURE, 128)
    assert sharpness(PICTURE) > sharpness(blurred)
    old = Frame(255 - PICTURE, 1.0)
    mine.ended([TAKEN], [old, Frame(PICTURE, 9.8), Frame(blurred, 10.0)])
    (name,) = folder.names()
    assert folder.read(name) == png(PICTURE)
    assert (said(tmp_path).kept, said(tmp_path).outcome) == (True, name)


@pytest.mark.parametrize(("frames", "why"), [(None, NO_CAMERA), ([], "the camera has given no picture")])
def test_without_a_picture_it_is_said_why(tmp_path, frames, why):
    mine, folder = photographer(tmp_path)
    mine.ended([TAKEN], frames)
    assert (said(tmp_path).kept, said(tmp_path).outcome) == (False, why)
    assert folder.names() == []


def test_other_tools_and_photos_that_were_cut_short_leave_nothing(tmp_path):
    mine, folder = photographer(tmp_path)
    cut = replace(TAKEN, end_reason=END_REASONS.index("stopped"))
    mine.ended([replace(TAKEN, tool=0), cut], [Frame(PICTURE, 1.0)])
    assert folder.names() == []


def test_the_oldest_go_first_and_the_newest_stays(tmp_path):
    few = PhotoFolder(tmp_path / "few", most=3)
    small = PhotoFolder(tmp_path / "small", most_bytes=1)
    for seq in (9, 10, 11, 12):
        for folder in (few, small):
            folder.keep("r1", replace(TAKEN, decision_seq=seq), PICTURE)
    assert [name.split("-")[-1] for name in few.names()] == ["12.png", "11.png", "10.png"]
    assert len(small.names()) == 1


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "r1-1-2.jpg", "r1-1-99.png", "", "a" * 500])
def test_only_photos_are_given_out(tmp_path, name):
    (tmp_path / "secret.png").write_bytes(b"secret")
    _, folder = photographer(tmp_path)
    folder.keep("r1", TAKEN, PICTURE)
    assert folder.read(name) is None


def test_a_disk_that_fails_and_an_id_that_is_none(tmp_path):
    (tmp_path / "photos").write_text("a file where the folder should be")
    mine, folder = photographer(tmp_path)
    mine.ended([TAKEN], [Frame(PICTURE, 1.0)])
    assert said(tmp_path).outcome.startswith("it cannot be kept")
    with pytest.raises(ConfigError):
        folder.keep("../r1", TAKEN, PICTURE)
