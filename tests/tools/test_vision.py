"""`reachy-coach vision`: pictures in, names out; mistakes in one line."""

import json

import numpy as np
import pytest
from PIL import Image

from sim.camera import NoPicture
from tools import cli


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    from sim.images import Studio
    from sim.shots import NAMES, Shot

    things = ("book", "clock", "green bottle")
    places = np.array([(0.6, 0.2, 0.12), (0.62, 0.0, 0.15), (0.6, -0.22, 0.16)])
    names = tuple(NAMES.index(name) for name in things)
    try:
        with Studio() as studio:
            frame = studio.shoot(Shot(names, places, np.zeros(3), (), np.zeros(3), np.eye(3)), None)
    except NoPicture as error:
        pytest.skip(str(error))
    path = tmp_path_factory.mktemp("vision") / "table.png"
    Image.fromarray(frame.picture).save(path)
    return path, {NAMES[row["name"]]: row for row in frame.truth[frame.truth["name"] >= 0]}


def test_the_shipped_detector_finds_plain_things(picture, capsys):
    path, truth = picture
    assert cli.run(["vision", "detect", str(path), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["picture"] == str(path)
    seen = {row["name"]: row for row in found["detections"]}
    assert set(seen) == set(truth)
    for name, row in seen.items():
        for key in ("u", "v"):
            assert row[key] == pytest.approx(float(truth[name][key]), abs=0.03)
        assert row["size"] == pytest.approx(float(truth[name]["size"]), rel=0.35)


def test_lines_for_people(picture, capsys):
    assert cli.run(["vision", "detect", str(picture[0])]) == 0
    assert "book" in capsys.readouterr().out


def test_what_is_no_picture_or_no_detector(tmp_path, picture, capsys):
    path = tmp_path / "words.txt"
    path.write_text("not a picture")
    for line in (["detect", str(path)], ["detect", str(tmp_path / "none.png")]):
        assert cli.run(["vision", *line]) == 2
        assert "not a picture" in capsys.readouterr().err
    assert cli.run(["vision", "detect", str(picture[0]), "--model", str(tmp_path)]) == 2
    assert "vision train" in capsys.readouterr().err


def test_bad_numbers(capsys):
    for line in (["train", "--epochs", "0"], ["train", "--lr", "-1"], ["data", "--frames", "0"]):
        assert cli.run(["vision", *line]) == 2
