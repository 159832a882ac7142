"""The bench on Reachy Mini's daemon: its arithmetic, and a small run on the daemon in simulation."""

import numpy as np
import pytest

from robot_agent.bench_reachy import _beyond, _random_pose, bench_reachy
from robot_agent.guard.watchdogs import BAND_TICKS
from shared.control.limits import LIMITS
from tools.bench import daemon


def test_how_far_a_joint_is_beyond_its_setpoints():
    targets = np.zeros((BAND_TICKS + 2, 9))
    targets[0] = 1.0
    joints = np.zeros_like(targets)
    joints[BAND_TICKS - 1 :, 0] = 0.9, 1.2, -0.3
    beyond = _beyond(targets, joints)
    np.testing.assert_allclose(beyond[:, 0], [0.0, 1.2, 0.3])
    assert not beyond[:, 1:].any()
    assert _beyond(targets[:3], joints[:3]).shape == (0, 9)


def test_random_poses_are_inside_the_limits_and_differ():
    rng = np.random.default_rng(0)
    poses = np.array([_random_pose(rng) for _ in range(50)])
    assert ((poses > LIMITS.low) & (poses < LIMITS.high)).all()
    assert (np.ptp(poses, axis=0) > 0.3).all()


@pytest.mark.daemon
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_promises_hold_on_the_daemon():
    with daemon(True) as port:
        figures = bench_reachy(port, presses=50, standstills=3)
    assert figures["missed"] == 0
    assert figures["standstill_from_full_speed"]["setpoint_as_promised"]["press_to_rest_max_ms"] < 200.0
    enabled, play = figures["enabled"], figures["normal_play"]
    for pose in ("random", "asleep"):
        assert enabled[pose]["enables"] == 1
        assert enabled[pose]["first_setpoint_jump_max_deg"] < 0.5
    assert play["decisions"] > 0
    assert play["ticks_in_fault"] == 0
