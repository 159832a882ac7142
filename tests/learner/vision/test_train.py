"""Training learns, and an interrupted run ends where an uninterrupted one does."""

import numpy as np
import pytest
import torch

from learner.vision.data import Frames
from learner.vision.export import export
from learner.vision.train import Interrupted, TrainConfig, train
from shared.errors import ConfigError
from shared.sight.network import Detector
from sim.images import HEIGHT, WIDTH
from sim.truths import MAX_TRUTHS, TRUTH

CONFIG = TrainConfig(names=2, epochs=2, batch_size=4, dim=0.0)


def frames(n, seed=0):
    """Bright squares (name 0) and dark ones (name 1) on grey, 16 pixels wide."""
    rng = np.random.default_rng(seed)
    pictures = np.full((n, HEIGHT, WIDTH, 3), 120, np.uint8)
    truth = np.zeros((n, MAX_TRUTHS), TRUTH)
    truth["name"] = -1
    for i in range(n):
        x, y, name = (
            int(rng.integers(20, WIDTH - 20)),
            int(rng.integers(20, HEIGHT - 20)),
            int(rng.integers(2)),
        )
        pictures[i, y - 8 : y + 8, x - 8 : x + 8] = (40, 230)[name == 0]
        sides = np.array([x - 8, y - 8, x + 8, y + 8]) / (WIDTH, HEIGHT, WIDTH, HEIGHT) * 2.0 - 1.0
        truth[i, 0] = (name, True, 2 * x / WIDTH - 1, 2 * y / HEIGHT - 1, 16 / WIDTH, tuple(sides))
    return Frames(pictures, truth)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def weights(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(tmp_path):
    fit, validation = frames(16), frames(4, seed=1)
    losses = []
    whole, how = train(
        CONFIG, fit, validation, tmp_path / "a.pt", report=lambda at: losses.append((at.step, at.loss))
    )
    assert how["epochs"] == 2
    assert losses[-1][0] == 8
    assert losses[-1][1] < losses[0][1]
    asked = iter([False] * 4 + [True] + [False] * 10)
    with pytest.raises(Interrupted):
        train(CONFIG, fit, validation, tmp_path / "b.pt", stop=lambda: next(asked))
    again, _ = train(CONFIG, fit, validation, tmp_path / "b.pt")
    for name, value in weights(whole).items():
        torch.testing.assert_close(again.state_dict()[name], value, msg=name)
    assert not (tmp_path / "b.pt").exists()


def test_a_checkpoint_of_other_settings_or_none_at_all(tmp_path):
    fit = frames(8)
    with pytest.raises(Interrupted):
        train(CONFIG, fit, fit, tmp_path / "c.pt", stop=lambda: True)
    with pytest.raises(ConfigError, match="other settings"):
        train(TrainConfig(names=2, batch_size=4, seed=1), fit, fit, tmp_path / "c.pt")
    (tmp_path / "c.pt").write_bytes(b"nonsense")
    with pytest.raises(ConfigError, match="no checkpoint"):
        train(CONFIG, fit, fit, tmp_path / "c.pt")


def test_less_than_a_batch(tmp_path):
    with pytest.raises(ConfigError, match="less than a batch"):
        train(CONFIG, frames(2), frames(2), tmp_path / "c.pt")


def test_what_is_exported_says_what_the_network_says(tmp_path):
    from learner.vision.network import Network

    torch.manual_seed(0)
    manifest = export(Network(2).eval(), 2, tmp_path, 0.3, {"for": "a test"})
    detector = Detector(tmp_path)
    assert detector.names == manifest.names == ("rubber duck", "apple")
    assert detector.maps(np.zeros((3, HEIGHT, WIDTH, 3), np.uint8))[0].shape == (3, 2, 45, 80)
