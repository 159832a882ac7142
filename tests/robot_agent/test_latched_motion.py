"""Random lives of a robot: after a stop has braked, no setpoint changes before a release and then a resume.

LATCH_SEQUENCES=100000 with --slow runs the nightly size.
"""

import os
from dataclasses import replace

import numpy as np
import pytest

from robot_agent.frames import Action, Kind, Mode
from robot_agent.guard.core import Core
from robot_agent.guard.latch_file import read_latch, to_bytes
from robot_agent.guard.machine import STANDING, Event, Latch, Latched, latch_after
from shared.control.body import BodyState
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS
from shared.spaces import NUM_TOOLS, TICK_S

BRAKE_TICKS = 30
EVENTS = {Event.STOP: 0.25, Event.RELEASE: 0.3, Event.RESUME: 0.35, Event.LIMP: 0.06, Event.FAULT: 0.04}


class QuickBody:
    """Joints that follow with a lag; the head is not looked at. With motors off a hand moves it about."""

    def __init__(self, rng):
        self.rng, self.joints, self.target, self.ticks, self.limp = rng, NEUTRAL.copy(), NEUTRAL, 0, False

    def read(self):
        self.ticks += 1
        goal = self.joints + self.rng.normal(0.0, 0.02, 9) if self.limp else self.target
        self.joints = self.joints + 0.5 * (goal - self.joints)
        head, none = np.array([1.0, 0.0, 0.0, 0.0]), np.zeros(3)
        return BodyState(self.ticks * TICK_S, self.joints, np.zeros(9), none, head, none, none, self.target)


class Life:
    """A guard with a policy, a person and a latch, all of them at random."""

    def __init__(self, seed, folder):
        self.rng = np.random.default_rng(seed)
        self.body, self.file = QuickBody(self.rng), folder / "latch"
        self.core, self.epoch = Core(1, NEUTRAL), 1
        self.latch, self.action, self.teleop, self.state = Latched(), None, None, None
        self.violations = 0
        self.emitted = NEUTRAL
        self.since_stop = None
        self.moved_while_latched = 0
        self.stops = 0

    def event(self, event):
        before = self.latch
        self.latch = latch_after(before, event, "x")
        self.file.write_bytes(to_bytes(self.latch))
        if self.latch.latch in STANDING and before.latch not in STANDING:
            self.since_stop, self.stops = 0, self.stops + 1
        elif self.latch.latch is Latch.CLEAR:
            self.since_stop = None

    def kill(self):
        """The guard is killed and started anew; all it knows is in shared memory and the latch's file."""
        self.epoch += 1
        self.latch = read_latch(self.file) or Latched()
        start = self.body.joints if self.state.limp else self.emitted
        self.violations += self.state.violations_applied
        self.core = Core(self.epoch, start, self.state)

    def tick(self):
        was_limp = self.body.limp
        tick = self.core.tick(self.body.read(), self.action, self.latch, 0.0, teleop=self.teleop)
        self.state = tick.state
        before, self.emitted = self.emitted, tick.setpoint
        self.body.limp = tick.state.limp
        if tick.state.limp or was_limp:
            # Motors off, or on again: the setpoint is where the robot is.
            assert np.array_equal(tick.setpoint, self.body.joints)
            before = tick.setpoint
        if not tick.state.limp:
            self.body.target = tick.setpoint
        if tick.fault:
            self.event(Event.FAULT)
        if self.since_stop is not None:
            self.since_stop += 1
            if self.since_stop > BRAKE_TICKS and not np.array_equal(before, tick.setpoint):
                self.moved_while_latched += 1

    def policy(self):
        state = self.state
        if self.action is None or (state.finished and self.rng.random() < 0.7):
            kind = Kind(self.rng.choice([Kind.DECISION, Kind.DECISION, Kind.START, Kind.CLOSING, Kind.IDLE]))
            self.action = Action(
                state.action_seq + 1,
                kind,
                state.state_seq,
                "e1",
                tool=int(self.rng.integers(NUM_TOOLS)),
                params=self.rng.uniform(-1.5, 1.5, 4).astype(np.float32),
                target=np.clip(self.rng.normal(NEUTRAL, 0.5), LIMITS.low, LIMITS.high),
                limits_profile=float(self.rng.choice([1.0, 0.5])),
            )
        self.action = replace(self.action, state_seq=state.state_seq)

    def person(self):
        self.teleop = None if self.rng.random() < 0.6 else self.rng.normal(NEUTRAL, 1.0)

    def sequence(self):
        """Half a second in which anything may happen."""
        if self.rng.random() < 0.3:
            self.person()
        if self.rng.random() < 0.05:
            self.kill()
        awake = self.rng.random() < 0.9
        at = self.rng.integers(0, 25, 3)
        kinds = self.rng.choice(list(EVENTS), 3, p=list(EVENTS.values()))
        for k in range(25):
            for when, event in zip(at, kinds, strict=True):
                if when == k:
                    self.event(Event(event))
            self.tick()
            if awake:
                self.policy()


def live(seed, sequences, folder):
    life = Life(seed, folder)
    life.tick()
    moving = 0
    for _ in range(sequences):
        life.sequence()
        moving += life.state.mode == Mode.ACTIVE
    assert life.moved_while_latched == 0
    assert life.violations + life.state.violations_applied == 0
    return life.stops, moving


def test_nothing_moves_after_a_stop_without_release_and_resume(tmp_path):
    stops, moving = live(1, 80, tmp_path)
    assert stops > 10, "too few stops to mean anything"
    assert moving > 5, "the robot hardly ever moved"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(int(os.environ.get("LATCH_SEQUENCES", "20000")) // 1000))
def test_nothing_moves_in_a_thousand_random_sequences(tmp_path, seed):
    live(seed, 1000, tmp_path)
