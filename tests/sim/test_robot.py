"""The simulated robot's process: moves to its target, keeps it when nobody writes, ends when asked to."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from shared.control.motions import joints_of
from shared.errors import ConfigError
from shared.simlink import STATE_SIZE, STATE_SLOT, TARGET_SIZE, TARGET_SLOT, pack_target, unpack_state
from shared.slots import Slot
from sim.robot import SimulatedRobot, run

HOME = joints_of(np.zeros((1, 9)))[0]


@pytest.fixture
def start(tmp_path):
    running = []

    def launch(*extra):
        command = [sys.executable, "-m", "sim.robot", "--runtime-dir", str(tmp_path), "--speed", "8", *extra]
        running.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield launch
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def state(path):
    found = path.read()
    return unpack_state(found[1]) if found else None


def wait(condition, timeout_s=20.0):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.01)


def test_robot_process(start, tmp_path):
    slot = Slot(tmp_path / STATE_SLOT, STATE_SIZE, create=True)
    target = Slot(tmp_path / TARGET_SLOT, TARGET_SIZE, create=True)
    first = start()
    wait(lambda: slot.seq() > 3)
    np.testing.assert_allclose(state(slot).joint_pos, HOME, atol=0.02)
    goal = HOME.copy()
    goal[0] = 0.4
    target.write(pack_target(goal))
    wait(lambda: abs(state(slot).joint_pos[0] - 0.4) < 0.02)
    time.sleep(0.2)  # nobody writes: it stays
    assert state(slot).joint_pos[0] == pytest.approx(0.4, abs=0.02)

    second = start()
    assert second.wait(20) == 2
    assert "another simulated robot" in second.stderr.read()

    target.write(b"x" * TARGET_SIZE)  # rubbish is told of and ignored
    seq = slot.seq()
    wait(lambda: slot.seq() > seq + 10)
    assert state(slot).joint_pos[0] == pytest.approx(0.4, abs=0.02)

    target.write(pack_target(goal))
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0

    seq = slot.seq()
    start()  # anew: it stands where it was sent
    wait(lambda: slot.seq() > seq)
    assert state(slot).joint_pos[0] == pytest.approx(0.4, abs=0.02)


def test_speed_must_be_positive(tmp_path):
    with pytest.raises(ConfigError, match="speed"):
        run(tmp_path, speed=0.0)


def test_a_relaxed_robot_does_not_follow_until_it_is_written_to_again():
    robot = SimulatedRobot()
    goal = HOME.copy()
    goal[0] = 0.3
    robot.write(goal, relax=True)
    for _ in range(30):
        robot.tick()
    assert robot.read().joint_pos[0] == pytest.approx(0.0, abs=0.01)
    robot.write(goal)
    for _ in range(30):
        robot.tick()
    assert robot.read().joint_pos[0] == pytest.approx(0.3, abs=0.02)


def test_state_follows_time_and_target():
    robot = SimulatedRobot()
    robot.tick()
    now = robot.read()
    assert now.time_s == pytest.approx(0.02)
    np.testing.assert_array_equal(now.target, HOME)
    assert now.imu_accel[2] == pytest.approx(9.81, abs=0.5)
    assert np.linalg.norm(now.head_quat) == pytest.approx(1.0)
