import numpy as np
import pytest

from robot_agent.guard.start_move import EFFORT, start_move
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS
from shared.spaces import TICK_S


def needed_s(distance, effort):
    """Shortest time of a minimum-jerk motion within that share of every joint's speed and acceleration.

    Over unit distance in unit time it peaks at 15/8 and at 10/sqrt(3) (Flash & Hogan 1985).
    """
    by_speed = 15 / 8 * distance / (effort * LIMITS.vel)
    by_acceleration = np.sqrt(10 / np.sqrt(3) * distance / (effort * LIMITS.acc))
    return max(by_speed.max(), by_acceleration.max())


@pytest.mark.parametrize("effort", [EFFORT, 0.1])
def test_a_start_move_arrives_within_its_effort_and_takes_a_tick_longer_than_it_must(effort):
    rng = np.random.default_rng(0)
    for size in np.geomspace(0.003, 3.0, 40):
        start = NEUTRAL + rng.uniform(-1.0, 1.0, 9)
        target = start + size * rng.uniform(-1.0, 1.0, 9)
        rows = start_move(start, target, effort)
        np.testing.assert_allclose(rows[-1], target, rtol=0.0, atol=1e-12)
        assert 1.0 <= len(rows) - needed_s(np.abs(target - start), effort) / TICK_S < 2.01, size
        still = np.concatenate([[start, start], rows, [target, target]])
        assert (np.abs(np.diff(still, axis=0)) / TICK_S <= effort * LIMITS.vel * 1.001).all()
        assert (np.abs(np.diff(still, 2, axis=0)) / TICK_S**2 <= effort * LIMITS.acc * 1.001).all()


def test_the_effort_is_gentle_if_none_is_given():
    target = NEUTRAL + 0.5
    np.testing.assert_array_equal(start_move(NEUTRAL, target), start_move(NEUTRAL, target, 0.4))


def test_a_robot_that_is_there_already_stays_for_a_tick():
    np.testing.assert_array_equal(start_move(NEUTRAL, NEUTRAL), NEUTRAL[None])


def test_a_start_move_follows_the_minimum_jerk_curve_on_a_straight_way():
    way = np.linspace(-1.0, 1.0, 9)
    rows = start_move(NEUTRAL, NEUTRAL + way)
    s = np.arange(1, len(rows) + 1) / len(rows)
    np.testing.assert_allclose(rows, NEUTRAL + np.outer(10 * s**3 - 15 * s**4 + 6 * s**5, way), atol=1e-12)
