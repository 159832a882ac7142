"""kill -9 of a latched guard beside a simulated robot: it never moves again before release and resume.

LATCH_KILLS=500 with --slow runs the nightly size.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from robot_agent.config import AgentConfig
from robot_agent.frames import GuardState, LatchState, Mode, Teleop, pack, size, unpack
from robot_agent.processes import TABLE, command
from shared.control.kinematics import NEUTRAL
from shared.simlink import TARGET_SIZE, TARGET_SLOT, unpack_target
from shared.slots import Slot

(GUARD,) = [process for process in TABLE if process.name == "guard"]


class Robot:
    """A simulated robot, guards one after the other, and a person who never lets go of the stick."""

    def __init__(self, folder, lines):
        self.lines = lines
        self.config = AgentConfig(robot_id="r1", data_dir=folder / "data", runtime_dir=folder / "run")
        self.config.runtime.folder.mkdir(parents=True)
        words = [sys.executable, "-m", "sim.robot", "--runtime-dir", str(self.config.runtime.folder)]
        self.simulated = subprocess.Popen(words)
        self.states = Slot(self.config.runtime.state, size(GuardState), create=True)
        self.latches = Slot(self.config.runtime.latch, size(LatchState), create=True)
        self.stick = Slot(self.config.runtime.teleop, size(Teleop), create=True)
        self.guard = None
        self.ending = threading.Event()
        self.person = threading.Thread(target=self.push)
        self.person.start()

    def push(self):
        while not self.ending.wait(0.05):
            away = NEUTRAL + np.where(np.arange(9) == 0, np.sin(3.0 * time.monotonic()), 0.0)
            self.stick.write(pack(Teleop(True, away, time.monotonic() + 10.0)))

    def start(self):
        arguments, inherited = command(GUARD, self.config, self.lines)
        before = self.states.seq()
        self.guard = subprocess.Popen(arguments, pass_fds=inherited, stderr=subprocess.DEVNULL)
        self.wait(lambda: self.states.seq() > before)

    def kill(self):
        self.guard.send_signal(signal.SIGKILL)
        self.guard.wait()

    def close(self):
        self.ending.set()
        self.person.join()
        for process in (self.guard, self.simulated):
            if process is not None:
                process.kill()
                process.wait()

    @property
    def state(self):
        return unpack(GuardState, self.states.read()[1])

    @property
    def target(self):
        slot = Slot(self.config.runtime.folder / TARGET_SLOT, TARGET_SIZE)
        return unpack_target(slot.read()[1])[0]

    def wait(self, condition):
        deadline = time.monotonic() + 40.0
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.002)


@pytest.fixture
def robot(tmp_path, lines):
    made = Robot(tmp_path, lines)
    yield made
    made.close()


def kill_again_and_again(robot, kills):
    robot.start()
    robot.wait(lambda: robot.state.teleop and abs(robot.state.joint_vel[0]) > 0.3)
    os.eventfd_write(robot.lines["stop_button"], 1)
    robot.kill()  # at once: nobody knows whether the latch was on tmpfs yet
    robot.start()
    robot.wait(lambda: robot.state.mode == Mode.STOPPED)
    assert robot.state.stop_source == "button"
    time.sleep(0.3)
    held = robot.target
    for _ in range(kills):
        time.sleep(random.uniform(0.0, 0.05))
        robot.kill()
        robot.start()
        assert robot.state.mode == Mode.STOPPED
        assert not robot.state.teleop
        assert unpack(LatchState, robot.latches.read()[1]).latched
        np.testing.assert_array_equal(robot.target, held)
    os.eventfd_write(robot.lines["release"], 1)
    robot.wait(lambda: robot.state.mode == Mode.DISARMED)
    np.testing.assert_array_equal(robot.target, held)
    os.eventfd_write(robot.lines["resume"], 1)
    robot.wait(lambda: robot.state.teleop)


def test_a_latched_guard_may_be_killed(robot):
    kill_again_and_again(robot, 3)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_latched_guard_may_be_killed_a_hundred_times(robot):
    kill_again_and_again(robot, int(os.environ.get("LATCH_KILLS", "100")))
