"""Detection noise: the default is what it always was, the measured one does what its numbers say."""

import hashlib
import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from shared.control.vision import FITTED, NOISE, Measured, Noise, Scenes, detect
from shared.errors import ConfigError
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS

NONE = Measured(
    miss=(-20.0, 0.0, 0.0, 0.0),
    centre=(-20.0, 0.0, 0.0, 0.0),
    v_over_u=1.0,
    size=(-20.0, 0.0, 0.0, 0.0),
    tail=0.0,
    tail_factor=1.0,
    confidence=(0.8, 0.0, 0.0, 0.0),
    confidence_spread=0.0,
    least_confidence=0.3,
    false_alarm=0.0,
)
"""A detector that is never wrong."""


def look(noise, n=4000, at=(0.6, 0.05, 0.2), brightness=0.5, seed=0):
    """n times one thing, the others far behind the robot: (n, 8, 8)."""
    position = np.full((n, NUM_DETECTIONS, 3), -1.0)
    position[:, 0] = at
    size = np.zeros((n, NUM_DETECTIONS))
    size[:, :2] = 0.08
    scene = Scenes(position, size, np.ones((n, 8)), np.ones((n, 8, 2)))
    rng = np.random.default_rng(seed)
    head = np.broadcast_to(np.eye(3), (n, 3, 3))
    seen = detect(scene, np.zeros((n, 3)), head, rng, noise, brightness=brightness)
    return seen.reshape(n, NUM_DETECTIONS, len(DETECTION_FIELDS))


def test_the_default_noise_and_its_random_stream_stay_as_they_were():
    found = np.round(look(NOISE, n=64).astype(np.float64), 4)
    assert hashlib.sha256((found + 0.0).tobytes()).hexdigest()[:16] == "ed22835d60276a0e"


def test_no_errors_give_the_truth():
    seen, exact = look(Noise(measured=NONE), n=50), look(replace(NOISE, centre=0, size=0, miss=0), n=50)
    np.testing.assert_allclose(seen[:, 0, :3], exact[:, 0, :3], atol=1e-6)
    assert not seen[:, 1:].any()
    np.testing.assert_allclose(seen[:, 0, 3], 0.8, atol=1e-6)


def test_each_number_does_what_it_says():
    true = look(Noise(measured=NONE), n=1)[0, 0]

    def seen(brightness=0.5, **changed):
        return look(Noise(measured=replace(NONE, **changed)), brightness=brightness)[:, 0]

    log = float(np.log(0.02))
    off = seen(centre=(log, 0, 0, 0), v_over_u=2.0)
    assert (off[:, 0] - true[0]).std() == pytest.approx(0.02, rel=0.05)
    assert (off[:, 1] - true[1]).std() == pytest.approx(0.04, rel=0.05)
    off = seen(centre=(log, 0, 0, 0), tail=0.1, tail_factor=5.0)
    assert (abs(off[:, 0] - true[0]) > 0.06).mean() == pytest.approx(0.9 * 0.0027 + 0.1 * 0.549, abs=0.012)
    assert (seen(size=(log, 0, 0, 0))[:, 2] / true[2]).std() == pytest.approx(0.02, rel=0.05)
    assert (seen(miss=(0.0, 0, 0, 0))[:, 3] == 0.0).mean() == pytest.approx(0.5, abs=0.03)


def test_darkness_matters_below_a_quarter_only():
    noise = Noise(measured=replace(NONE, miss=(-20.0, 0.0, 20.0, 0.0)))
    assert (look(noise, brightness=0.3)[:, 0, 3] > 0.0).all()
    assert (look(noise, brightness=0.0)[:, 0, 3] == 0.0).mean() == pytest.approx(0.5, abs=0.03)
    light = np.where(np.arange(4000) < 2000, 0.5, 0.0)
    missed = look(noise, brightness=light)[:, 0, 3] == 0.0
    assert not missed[:2000].any()
    assert missed[2000:].any()


def test_false_alarms_are_of_things_that_are_not_seen():
    seen = look(Noise(measured=replace(NONE, false_alarm=0.2)))
    assert (seen[:, 1, 3] > 0.0).mean() == pytest.approx(0.2, abs=0.02)
    assert not seen[:, 2:].any()


def test_the_shipped_detectors_noise():
    noise = Noise.fitted()
    seen = look(noise)
    assert (seen[:, 0, 3] > 0.0).mean() > 0.5
    assert np.isfinite(seen).all()
    assert abs(seen[..., :2]).max() <= 1.0
    assert noise.measured is Noise.fitted().measured  # read once


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"miss": [0.0, 0.0]}, "miss"),
        ({"centre": 3.0}, "centre"),
        ({"v_over_u": "1"}, "v_over_u"),
        ({"tail": 1.5}, "tail"),
        ({"false_alarm": float("nan")}, "false_alarm"),
        ({"unheard": 1.0}, "unheard"),
    ],
)
def test_bad_files(tmp_path, change, told):
    path = tmp_path / "noise.json"
    path.write_text(json.dumps({"measured": asdict(NONE) | change}))
    with pytest.raises(ConfigError, match=told):
        Noise.fitted(path)


def test_no_file_and_no_json(tmp_path):
    with pytest.raises(ConfigError, match="vision evaluate --fit"):
        Noise.fitted(tmp_path / "none.json")
    for text in ("", "[]", "{}", '{"measured": 3}'):
        path = tmp_path / f"{len(text)}.json"
        path.write_text(text)
        with pytest.raises(ConfigError, match="measured"):
            Noise.fitted(path)


def test_the_file_is_of_the_shipped_detector():
    from shared.sight.network import SHIPPED, read_manifest

    assert json.loads(FITTED.read_text())["detector_sha256"] == read_manifest(SHIPPED).sha256
