"""Little light makes detections fewer and worse, is observed, and changes nothing for other tasks."""

import numpy as np
import pytest

from shared.control.vision import EXACT, NOISE, Noise
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, slot_range
from sim.light import ENOUGH, noise_in
from sim.tasks import ALL_TASKS
from sim.tasks.dim import BRIGHT, DIM
from sim.vector import Domain, VectorEnv


def test_enough_light_changes_nothing():
    for brightness in (ENOUGH, 0.5, 1.0):
        assert noise_in(NOISE, brightness) == NOISE
    assert noise_in(EXACT, 0.05) == EXACT


def test_the_darker_the_worse():
    levels = [noise_in(NOISE, b) for b in (0.4, 0.3, 0.2, 0.1, 0.0)]
    for part in ("centre", "size", "miss"):
        values = [getattr(level, part) for level in levels]
        assert values == sorted(values)
        assert values[-1] > 2 * values[0]
    assert levels[-1].miss < 0.5


@pytest.mark.parametrize(("split", "light"), [("train", BRIGHT), ("held_out", DIM)])
def test_the_light_is_observed(split, light):
    env = VectorEnv(["dim", "look"], 6, seed=1, split=split, threads=1)
    seen = env.reset()[:, slot_range("brightness")].ravel()
    env.close()
    np.testing.assert_allclose(seen, [spec.brightness for spec in env.specs], atol=1e-6)
    assert (seen[1::2] == 0.5).all()
    assert light[0] <= seen[::2].min() <= seen[::2].max() <= light[1]


def test_more_is_missed_in_the_dark():
    def missed(split):
        env = VectorEnv(["dim"], 40, seed=2, split=split, threads=1)
        rows, count = 0, 0
        for seed in range(5):
            obs = env.reset(seed=seed)
            slots = obs[:, slot_range("detections")].reshape(40, NUM_DETECTIONS, -1)
            rows += sum(len(spec.objects) for spec in env.specs)
            count += int((slots[..., 2] > 0).sum())
        env.close()
        return 1.0 - count / rows

    assert missed("held_out") > missed("train") + 0.05


def test_words_are_those_of_look():
    assert ALL_TASKS["dim"].phrases == ALL_TASKS["look"].phrases


def test_a_measured_detector_knows_the_dark_by_itself():
    def sure(split):
        env = VectorEnv(["dim"], 48, split=split, threads=1, domain=Domain(detection=Noise.fitted()))
        slots = env.reset(seed=3)[:, slot_range("detections")].reshape(48 * NUM_DETECTIONS, -1)
        env.close()
        confidence = slots[:, DETECTION_FIELDS.index("confidence")]
        return confidence[confidence > 0.0].mean()

    assert sure("held_out") < sure("train")
