"""The detector's folder: only the graph that its manifest names is run; frames of any size fit."""

import json
import shutil

import numpy as np
import pytest

from shared.errors import ConfigError
from shared.sight.network import GRAPH, MANIFEST, SHIPPED, Detector, fit, read_manifest


@pytest.fixture
def folder(tmp_path):
    for name in (MANIFEST, GRAPH):
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


def change(folder, **values):
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_the_shipped_detector_runs_on_frames_of_any_size():
    detector = Detector()
    for shape in ((180, 320, 3), (720, 1280, 3), (480, 640, 3)):
        assert len(detector(np.zeros(shape, np.uint8))) == 0  # nothing in the dark


def test_another_graph_is_refused(folder):
    (folder / GRAPH).write_bytes((folder / GRAPH).read_bytes()[:-1] + b"\0")
    with pytest.raises(ConfigError, match="sha256"):
        Detector(folder)


def test_a_missing_graph(folder):
    (folder / GRAPH).unlink()
    with pytest.raises(ConfigError, match="not whole"):
        Detector(folder)


def test_fewer_names_than_maps(folder):
    change(folder, names=["a", "b"])
    with pytest.raises(ConfigError, match="outputs"):
        Detector(folder)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"format": 99}, "format"),
        ({"names": []}, "names"),
        ({"names": ["a", "a"]}, "names"),
        ({"names": [1]}, "names"),
        ({"width": 321}, "width"),
        ({"height": "180"}, "height"),
        ({"threshold": 1.5}, "threshold"),
        ({"more": 1}, "manifest"),
    ],
)
def test_bad_manifests(folder, values, told):
    change(folder, **values)
    with pytest.raises(ConfigError, match=told):
        read_manifest(folder)


def test_no_manifest_or_no_json(tmp_path):
    with pytest.raises(ConfigError, match="vision train"):
        read_manifest(tmp_path)
    (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(ConfigError, match="manifest"):
        read_manifest(tmp_path)


def test_larger_frames_are_averaged_down():
    small = np.random.default_rng(0).integers(0, 256, (18, 32, 3), np.uint8)
    for k in (1, 2, 3, 4):
        large = small.repeat(k, axis=0).repeat(k, axis=1)
        np.testing.assert_array_equal(fit(large, 32, 18), small)
    noisy = np.zeros((36, 64, 3), np.uint8)
    noisy[::2] = 200
    np.testing.assert_array_equal(fit(noisy, 32, 18), np.full((18, 32, 3), 100))
    assert fit(small, 50, 40).shape == (40, 50, 3)


@pytest.mark.parametrize(
    "wrong", [np.zeros((18, 32), np.uint8), np.zeros((18, 32, 3)), np.zeros((0, 32, 3), np.uint8)]
)
def test_what_is_no_frame(wrong):
    with pytest.raises(ValueError, match="frame"):
        fit(wrong, 32, 18)
