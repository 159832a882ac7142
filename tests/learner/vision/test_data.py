"""Chunks of frames on disk: what is damaged or of another version is refused with what to do."""

import numpy as np
import pytest

from learner.vision import data
from shared.errors import ConfigError
from sim.images import HEIGHT, WIDTH
from sim.truths import MAX_TRUTHS, TRUTH


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(data, "CHUNK", 3)


def write(home, chunk, **changed):
    folder = data.folder_of(home)
    folder.mkdir(parents=True, exist_ok=True)
    fields = {
        "version": data.VERSION,
        "pictures": np.full((3, HEIGHT, WIDTH, 3), chunk, np.uint8),
        "truth": np.zeros((3, MAX_TRUTHS), TRUTH),
    }
    np.savez_compressed(folder / f"test-{chunk:03d}.npz", **(fields | changed))


def test_chunks_make_a_set(tmp_path, small):
    write(tmp_path, 0)
    write(tmp_path, 1)
    found = data.load(tmp_path, "test", 5)
    assert len(found) == 5
    assert found.pictures[:, 0, 0, 0].tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"version": 0}, "version 0"),
        ({"pictures": np.zeros((3, 10, 10, 3), np.uint8)}, "pictures"),
        ({"truth": np.zeros(3)}, "truth"),
        ({"truth": np.array([object()])}, "damaged"),
    ],
)
def test_wrong_chunks(tmp_path, small, changed, told):
    write(tmp_path, 0, **changed)
    with pytest.raises(ConfigError, match=told):
        data.load(tmp_path, "test", 3)


def test_missing_and_broken_chunks(tmp_path, small):
    with pytest.raises(ConfigError, match="vision data"):
        data.load(tmp_path, "test", 3)
    write(tmp_path, 0)
    path = data.folder_of(tmp_path) / "test-000.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ConfigError, match="damaged"):
        data.load(tmp_path, "test", 3)
    with pytest.raises(ConfigError, match="at least 1"):
        data.load(tmp_path, "test", 0)


def test_rendering_fills_what_is_missing_and_repeats_itself(tmp_path, small):
    from sim.camera import NoPicture, choose_gl

    try:
        choose_gl()
    except NoPicture as error:
        pytest.skip(str(error))
    told = []
    data.render(tmp_path, "test", 4, lambda done, of: told.append((done, of)), workers=2)
    assert told == [(3, 6), (6, 6)]
    first = data.load(tmp_path, "test", 4)
    (data.folder_of(tmp_path) / "test-001.npz").unlink()
    data.render(tmp_path, "test", 4)
    np.testing.assert_array_equal(data.load(tmp_path, "test", 4).pictures, first.pictures)


def test_cameras_are_fixed_and_every_other_one_is_dim():
    found = data.cameras("test", 20)
    assert found == data.cameras("test", 20)
    assert [one.brightness <= data.DIM_BELOW for one in found] == [False, True] * 10
    assert found != data.cameras("plain", 20)
