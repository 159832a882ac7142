"""Who is told of the guard's ticks, and when a guard that hangs is killed."""

import pytest

from robot_agent import ticking
from robot_agent.ticking import HUNG_S, PING_S, START_S, Silence, Watchdog
from shared.slots import Slot


@pytest.fixture
def states(tmp_path):
    """The guard's state slot, with a tick of an earlier guard."""
    slot = Slot(tmp_path / "state.slot", 8, create=True)
    slot.write(b"x")
    return slot


def test_the_service_manager_hears_of_ticks_and_of_nothing_else(states):
    said = []

    class Manager:
        def ready(self):
            said.append("ready")
            return True

        def watchdog(self):
            said.append("ping")

        def stopping(self):
            said.append("stopping")

    watchdog = Watchdog(Manager(), states)
    watchdog.look(0.0)
    assert not said, "no tick yet"
    states.write(b"tick")
    watchdog.look(0.1)
    assert said == ["ready", "ping"]
    states.write(b"tick")
    watchdog.look(0.1 + 0.5 * PING_S)
    watchdog.look(10.0)
    watchdog.look(20.0)
    watchdog.end()
    assert said == ["ready", "ping", "ping", "stopping"], "a guard that hangs is not vouched for"


class Clock:
    """Looks so often that no rounding adds up."""

    period_s = 0.125

    def __init__(self, states):
        self.silence, self.now_s = Silence(states, self.period_s), 0.0

    def looks(self, seconds, pid):
        """The instants at which the guard is to be killed, from now on."""
        begun_s, found = self.now_s, []
        while self.now_s - begun_s < seconds:
            self.now_s += self.period_s
            if self.silence.look(self.now_s, pid):
                found.append(self.now_s - begun_s)
        return found


def test_a_guard_that_ticked_and_stops_to_is_killed_and_again_if_it_does_not_end(states):
    clock = Clock(states)
    clock.looks(clock.period_s, 7)
    for _ in range(30):
        states.write(b"tick")
        assert clock.looks(HUNG_S, 7) == []
    states.write(b"tick")
    noticed_s = HUNG_S + clock.period_s
    assert clock.looks(3.0 * HUNG_S, 7) == [noticed_s, noticed_s + HUNG_S]


def test_a_guard_that_starts_has_longer(states):
    clock = Clock(states)
    assert clock.looks(START_S, 7) == []
    assert clock.looks(1.0, 7) == [clock.period_s]
    assert clock.looks(START_S, 8) == [], "the next one has its own time"
    states.write(b"tick")
    assert clock.looks(2.0 * HUNG_S, 8) == [HUNG_S + clock.period_s]


def test_no_guard_cannot_hang(states):
    assert Clock(states).looks(2.0 * START_S, None) == []


def test_time_in_which_nobody_looked_does_not_count(states):
    clock = Clock(states)
    clock.looks(clock.period_s, 7)
    states.write(b"tick")
    clock.looks(clock.period_s, 7)
    for _ in range(5):
        clock.now_s += 3600.0
        assert not clock.silence.look(clock.now_s, 7)


def test_the_guard_is_killed_before_the_service_manager_ends_everything():
    from importlib.resources import files

    (line,) = [
        line
        for line in (files("robot_agent.deploy") / "reachy-coach.service").read_text().splitlines()
        if line.startswith("WatchdogSec=")
    ]
    assert float(line.partition("=")[2]) > ticking.HUNG_S + 1.0
