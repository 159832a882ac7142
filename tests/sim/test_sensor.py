"""A camera's frame is as bright as was drawn, noisy where it is dark, and the same for the same camera."""

import numpy as np
import pytest

from sim.sensor import BRIGHT, DIM, Sensor, brightness, draw_sensor, expose

GREY = np.full((60, 80, 3), 120, np.uint8)


@pytest.mark.parametrize("wanted", [0.08, 0.2, 0.5, 0.8])
def test_brightness(wanted):
    assert brightness(expose(GREY, Sensor(wanted))) == pytest.approx(wanted, abs=0.01)


def test_a_part_of_a_frame_is_exposed_as_the_whole():
    part = expose(np.full((10, 10, 3), 60, np.uint8), Sensor(0.5), mean=120.0)
    assert brightness(part) == pytest.approx(0.25, abs=0.01)


def test_noise_is_repeatable_and_grows_in_the_dark():
    def spread(light, seed=0):
        return expose(GREY, Sensor(light, noise=4.0, seed=seed)).astype(float)

    np.testing.assert_array_equal(spread(0.5), spread(0.5))
    assert (spread(0.5) != spread(0.5, seed=1)).any()
    assert spread(0.5).std() == pytest.approx(4.0, rel=0.15)
    assert spread(0.15).std() > 1.4 * spread(0.5).std()


def test_blur_and_motion_smear_an_edge():
    edge = np.zeros((40, 40, 3), np.uint8)
    edge[:, 20:] = 200

    def between(sensor):
        row = expose(edge, sensor)[20, 10:30, 0]
        return int(((row > row.min()) & (row < row.max())).sum())

    light = float(edge.mean()) / 255.0
    assert between(Sensor(light)) == 0
    assert between(Sensor(light, blur=0.6)) == 2
    assert between(Sensor(light, motion=(3, 0))) >= 2
    assert between(Sensor(light, motion=(0, 3))) == 0


def test_a_cast_changes_the_colours():
    found = expose(GREY, Sensor(0.4, cast=(1.2, 1.0, 0.8))).mean(axis=(0, 1))
    assert found[0] > found[1] > found[2]


def test_draws_keep_to_their_light():
    rng = np.random.default_rng(0)
    for dim, (low, high) in ((True, DIM), (False, BRIGHT)):
        assert all(low <= draw_sensor(rng, dim).brightness <= high for _ in range(50))
