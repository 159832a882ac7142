"""The guard process's shell, run in this process: failures of the body and of the tick, the end."""

import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from robot_agent import processes
from robot_agent.frames import Action, GuardState, Kind, LatchState, Mode, Record, Teleop, pack, size, unpack
from robot_agent.guard import guard, watchdogs
from robot_agent.guard.check import SetpointCheck
from robot_agent.guard.stops import StopLines
from shared.control.kinematics import NEUTRAL
from shared.control.still_body import StillBody
from shared.errors import AlreadyRunning, BodyError
from shared.files import locked
from shared.slots import Slot
from shared.spaces import TICK_S

BEGIN = 30
"""Read at which a body below goes wrong: the motion is fast by then."""


class Body(StillBody):
    """Remembers what was written; `fail` is called with the number of each read."""

    def __init__(self, fail=lambda reads: None):
        super().__init__()
        self.fail, self.reads, self.written, self.held = fail, 0, [NEUTRAL], False

    def read(self):
        self.reads += 1
        self.fail(self.reads)
        return super().read()

    def write(self, target):
        super().write(target)
        self.written.append(np.array(target))

    def hold(self):
        super().hold()
        self.held = True


@pytest.fixture
def run(config, lines, monkeypatch):
    """Runs a guard with a body, at ten times real time, while somebody asks it to nod."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)}
    monkeypatch.setattr(guard, "BODY_WAIT_S", 0.2)
    ending = threading.Event()
    threads = []

    def nod():
        states = Slot(config.runtime.state, size(GuardState), create=True)
        actions = Slot(config.runtime.action, size(Action), create=True)
        params = np.array([1.0, 0.0, 0.0, 0.0], np.float32)
        while not ending.is_set():
            if (found := states.read()) is not None:
                state = unpack(GuardState, found[1])
                number = state.action_seq + (state.mode == Mode.ACTIVE and state.finished)
                actions.write(
                    pack(Action(number, Kind.DECISION, state.state_seq, "e1", tool=8, params=params))
                )
                os.eventfd_write(lines["action_bell"], 1)
            time.sleep(0.0005)

    def _run(body, speed=10.0, **settings):
        ending.clear()
        threads.append(threading.Thread(target=nod))
        threads[-1].start()
        bells = guard.Lines(
            StopLines.of(lines), lines["state_bell"], lines["record_bell"], lines["action_bell"]
        )
        try:
            return guard.run(body, config.runtime, config.state, bells, guard.Settings(speed, **settings))
        finally:
            ending.set()
            threads[-1].join()

    yield _run
    for number, handler in kept.items():
        signal.signal(number, handler)


def last_state(config):
    return unpack(GuardState, Slot(config.runtime.state, size(GuardState)).read()[1])


def rests_inside_limits(body):
    check = SetpointCheck(body.written[0])
    inside = not any(check(setpoint) for setpoint in body.written[1:])
    return inside and np.array_equal(body.written[-1], body.written[-2])


def moved(body):
    return np.abs(body.written[-1] - NEUTRAL).max() > 0.02


def test_an_exception_in_the_tick_brakes_holds_and_ends_with_an_error(run, config, caplog):
    def fail(reads):
        if reads == BEGIN:
            raise RuntimeError("a bug")

    body = Body(fail)
    assert run(body) == 1
    assert moved(body)
    assert rests_inside_limits(body)
    assert body.held
    assert last_state(config).mode == Mode.FAULT
    assert "a bug" in caplog.text


def test_a_body_that_falls_silent_for_a_moment_is_waited_for(run, config):
    def fail(reads):
        if BEGIN <= reads < BEGIN + 5:
            raise BodyError("silent")
        if reads == 3 * BEGIN:
            os.kill(os.getpid(), signal.SIGTERM)

    body = Body(fail)
    assert run(body) == 0
    assert rests_inside_limits(body)


@pytest.mark.parametrize("kind", ["silent", "nan"])
def test_a_body_that_is_lost_ends_the_guard(run, config, kind):
    def fail(reads):
        if reads >= BEGIN and kind == "silent":
            raise BodyError("silent")

    class Nan(Body):
        def read(self):
            state = super().read()
            return replace(state, joint_pos=np.full(9, np.nan)) if self.reads >= BEGIN else state

    body = Nan() if kind == "nan" else Body(fail)
    assert run(body) == 1
    assert BEGIN + guard.BODY_LOST_TICKS <= body.reads <= BEGIN + guard.BODY_LOST_TICKS + 2
    assert rests_inside_limits(body)


def test_no_body_at_all(run):
    def fail(reads):
        raise BodyError("nobody there")

    body = Body(fail)
    assert run(body) == 1
    assert len(body.written) == 1


def test_the_end_brakes_first(run, config):
    def fail(reads):
        if reads == BEGIN:
            os.kill(os.getpid(), signal.SIGTERM)

    body = Body(fail)
    assert run(body) == 0
    assert moved(body)
    assert rests_inside_limits(body)
    assert last_state(config).mode != Mode.FAULT


def test_sigusr1_stops_and_the_next_guard_stays_stopped(run, config):
    def fail(reads):
        if reads == BEGIN:
            os.kill(os.getpid(), signal.SIGUSR1)
        if reads == 4 * BEGIN:
            os.kill(os.getpid(), signal.SIGTERM)

    body = Body(fail)
    assert run(body) == 0
    assert last_state(config).mode == Mode.STOPPED
    assert rests_inside_limits(body)
    latch = unpack(LatchState, Slot(config.runtime.latch, size(LatchState)).read()[1])
    assert latch.latched
    epoch = last_state(config).boot_epoch
    again = Body(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == BEGIN else None)
    assert run(again) == 0
    assert last_state(config).mode == Mode.STOPPED
    assert last_state(config).boot_epoch == epoch + 1
    assert np.array_equal(again.written[-1], again.written[0])


def test_a_decision_is_shown_as_ended_only_after_its_record_is_in_the_ring(run, config, monkeypatch):
    shown = []

    class Ring(guard.Ring):
        def push(self, record):
            pushed = unpack(Record, record)
            shown.append((pushed.decision_seq, last_state(config).decision_seq))
            assert abs(pushed.time_unix_s - time.time()) < 60.0
            return super().push(record)

    monkeypatch.setattr(guard, "Ring", Ring)
    body = Body(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == 6 * BEGIN else None)
    assert run(body) == 0
    assert len(shown) >= 2
    assert all(state <= record for record, state in shown)


def test_a_second_guard_does_not_touch_the_body(config, lines, monkeypatch):
    monkeypatch.setattr(processes, "OTHER_GUARD_S", 0.05)
    config.runtime.folder.mkdir(parents=True)
    (row,) = [process for process in processes.TABLE if process.name == "guard"]
    with locked(config.runtime.guard_lock, "busy"), pytest.raises(AlreadyRunning, match="another guard"):
        row.start(config, lines)
    assert not config.state.epoch.exists()


def test_after_a_power_cut_the_robot_comes_up_stopped_and_says_why(run, config):
    config.state.folder.mkdir(parents=True)
    config.state.running.write_text("another boot")
    body = Body(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == 2 * BEGIN else None)
    assert run(body) == 0
    state = last_state(config)
    assert (state.mode, state.stop_source) == (Mode.STOPPED, "unclean boot")
    assert not moved(body)
    assert not config.state.running.exists(), "a clean end"


def test_the_mark_of_a_running_guard_stays_where_it_fails(run, config):
    def fail(reads):
        if reads == BEGIN:
            raise RuntimeError("a bug")

    assert run(Body(fail)) == 1
    assert config.state.running.exists()
    body = Body(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == 2 * BEGIN else None)
    assert run(body) == 0
    assert last_state(config).mode != Mode.STOPPED, "started again within the same boot: it goes on"


def test_a_robot_that_does_not_arm_itself_stays_where_it_is(run, config):
    body = Body(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == 2 * BEGIN else None)
    assert run(body, armed=False) == 0
    assert last_state(config).mode == Mode.DISARMED
    assert np.array_equal(body.written[-1], NEUTRAL)


def test_what_the_body_says_is_broken_is_latched_and_shown(run, config):
    class Broken(Body):
        def faults(self):
            return ("daemon: motor 13 overheats",) if self.reads >= BEGIN else ()

    body = Broken(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == 3 * BEGIN else None)
    assert run(body) == 0
    assert (last_state(config).mode, last_state(config).fault) == (Mode.FAULT, "daemon: motor 13 overheats")
    assert rests_inside_limits(body)


def test_a_body_that_goes_elsewhere_is_a_fault(run, config):
    class Stuck(Body):
        def write(self, target):
            super().write(target)
            self._target = np.where(np.arange(9) == 0, -1.0, self._target)

    body = Stuck(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == 5 * BEGIN else None)
    assert run(body) == 0
    assert last_state(config).mode == Mode.FAULT
    assert "another program" in last_state(config).fault


def test_a_pressed_antenna_stops_the_robot_if_so_configured(run, config):
    class Pressed(Body):
        def read(self):
            state = super().read()
            bent = state.joint_pos + np.where(np.arange(9) == 7, 0.5, 0.0)
            return replace(state, joint_pos=bent) if self.reads >= 3 * BEGIN else state

    body = Pressed(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == 6 * BEGIN else None)
    assert run(body, antenna_stop=True) == 0
    assert (last_state(config).mode, last_state(config).stop_source) == (Mode.STOPPED, "antenna")


def test_motors_go_off_and_stay_off_until_the_end(run, config, lines):
    def fail(reads):
        if reads == BEGIN:
            os.eventfd_write(lines["stop_button"], 1)
        if reads == 2 * BEGIN:
            os.eventfd_write(lines["limp"], 1)
        if reads == 6 * BEGIN:
            os.kill(os.getpid(), signal.SIGTERM)

    body = Body(fail)
    assert run(body) == 0
    assert last_state(config).limp
    assert body.relaxed
    assert not body.held, "holding would turn the motors on"


class Person:
    """Writes the teleoperation slot from another thread."""

    def __init__(self, config, lines):
        config.runtime.folder.mkdir(parents=True, exist_ok=True)
        self.slot = Slot(config.runtime.teleop, size(Teleop), create=True)

    def wants(self, target, active=True, for_s=10.0):
        self.slot.write(pack(Teleop(active, target, time.monotonic() + for_s)))


def test_a_person_is_followed_while_the_word_is_fresh(run, config, lines):
    person, shown = Person(config, lines), []
    person.wants(NEUTRAL + 0.5)  # left behind by a person of another life

    def fail(reads):
        if reads > 2:
            shown.append(last_state(config).teleop)
        if reads == BEGIN:
            assert not any(shown), "what was there before the start is void"
            person.wants(NEUTRAL + 0.1)
        if reads == 2 * BEGIN:
            person.wants(NEUTRAL + 0.1, active=False)
        if reads == 3 * BEGIN:
            person.wants(np.full(9, np.nan))
        if reads == 4 * BEGIN:
            person.wants(NEUTRAL + 0.1, for_s=-1.0)
        if reads == 5 * BEGIN:
            person.wants(NEUTRAL + 0.1)
        if reads == 5 * BEGIN + 20:
            time.sleep(guard.TELEOP_S)
        if reads == 6 * BEGIN:
            os.kill(os.getpid(), signal.SIGTERM)

    body = Body(fail)
    assert run(body) == 0
    assert any(shown[BEGIN - 2 : 2 * BEGIN - 2])
    assert not any(shown[2 * BEGIN - 2 : 5 * BEGIN - 2]), "let go; not finite; too late"
    assert any(shown[5 * BEGIN - 2 :])
    assert not any(shown[5 * BEGIN + 19 :]), "a word that is not repeated is void, whatever its deadline says"
    assert rests_inside_limits(body)


def test_a_policy_is_late_until_it_has_answered_the_newest_state(config, lines):
    config.runtime.folder.mkdir(parents=True)
    shell = guard._Shell(Body(), config.runtime, lines, None, guard.Settings(), None)
    assert not shell.action_is_late(), "there is no policy yet"
    shell._published = 5
    actions = Slot(config.runtime.action, size(Action), create=True)
    for answered, late in ((4, True), (5, False), (6, False)):
        actions.write(pack(Action(1, Kind.IDLE, answered)))
        assert shell.action_is_late() == late


def test_in_real_time_the_policy_is_not_waited_for(run, config):
    body = Body(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == BEGIN else None)
    assert run(body, speed=1.0) == 0
    assert rests_inside_limits(body)


def test_sped_up_a_policy_that_never_answers_is_waited_for_no_longer_than_a_tick(lines):
    begun = time.monotonic()
    os.eventfd_write(lines["action_bell"], 1)
    guard._Rhythm(10.0, lambda: True, lines["action_bell"])()
    assert time.monotonic() - begun >= TICK_S


def test_the_end_does_not_wait_for_a_brake_that_does_not_end(run, config, monkeypatch):
    monkeypatch.setattr(guard, "BRAKE_TICKS", 2)
    body = Body(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == BEGIN else None)
    assert run(body) == 0
    assert body.held


def test_ticks_that_are_always_late_are_a_fault_in_real_time_only(run, config, monkeypatch):
    monkeypatch.setattr(watchdogs, "LATE_TICKS", 5)

    def slow(reads):
        if reads > 2:
            time.sleep(0.025)
        if reads == 40:
            os.kill(os.getpid(), signal.SIGTERM)

    assert run(Body(slow)) == 0
    assert last_state(config).mode != Mode.FAULT
    assert run(Body(slow), speed=1.0) == 0
    assert last_state(config).mode == Mode.FAULT
    assert "too busy" in last_state(config).fault


@pytest.mark.parametrize("field", ["joint_pos", "joint_vel", "head_pos", "head_quat", "target"])
def test_a_state_with_a_number_that_is_not_finite_is_refused_with_what_was_read(field):
    state = StillBody().read()
    assert guard.checked(state) is state
    values = getattr(state, field).copy()
    values[-1] = np.inf
    with pytest.raises(BodyError) as caught:
        guard.checked(replace(state, **{field: values}))
    assert str(caught.value) == f"the body reports numbers that are not finite: {values}"


def test_a_body_that_is_still_starting_is_waited_for_but_not_for_ever():
    def starting(reads):
        if reads < 4:
            raise BodyError("not yet")

    body = Body(starting)
    begun = time.monotonic()
    assert guard.first_state(body, 5.0).time_s == TICK_S
    assert body.reads == 4
    assert time.monotonic() - begun >= 3 * TICK_S, "it is not asked without pause"

    def never(reads):
        raise BodyError("never")

    begun = time.monotonic()
    with pytest.raises(BodyError, match="never"):
        guard.first_state(Body(never), 0.1)
    assert 0.1 <= time.monotonic() - begun < 2.0


def test_ctrl_c_in_the_agents_terminal_is_the_supervisors_matter(run, config):
    def fail(reads):
        if reads == BEGIN:
            os.kill(os.getpid(), signal.SIGINT)
        if reads == 2 * BEGIN:
            os.kill(os.getpid(), signal.SIGTERM)

    body = Body(fail)
    assert run(body) == 0
    assert body.reads == 2 * BEGIN


def test_the_body_is_let_go_and_no_thread_is_left_however_it_ends(run):
    before = {thread.name for thread in threading.enumerate()}

    def bug(reads):
        if reads == BEGIN:
            raise RuntimeError("a bug")

    for fail in (bug, lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == BEGIN else None):
        body = Body(fail)
        run(body)
        with pytest.raises(BodyError, match="closed"):
            body.read()
        assert {thread.name for thread in threading.enumerate()} == before


def test_every_state_and_every_record_rings_its_bell(run, config, lines):
    body = Body(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == 6 * BEGIN else None)
    assert run(body) == 0
    assert os.eventfd_read(lines["state_bell"]) == last_state(config).state_seq
    assert os.eventfd_read(lines["record_bell"]) == last_state(config).decision_seq >= 2


def test_silences_that_are_short_enough_do_not_add_up(run, config):
    def fail(reads):
        if reads > BEGIN and reads % (guard.BODY_LOST_TICKS + 1):
            raise BodyError("silent")
        if reads > BEGIN + 5 * guard.BODY_LOST_TICKS:
            os.kill(os.getpid(), signal.SIGTERM)

    body = Body(fail)
    assert run(body) == 0
    assert rests_inside_limits(body)


def test_motors_that_are_off_are_told_so_once_and_now_and_then_again(run, config, lines):
    relaxed = []

    class Slack(Body):
        def relax(self):
            relaxed.append(self.reads)
            super().relax()

    def fail(reads):
        if reads == 2:
            os.eventfd_write(lines["stop_button"], 1)
        if reads == 10:
            os.eventfd_write(lines["limp"], 1)
        if reads == BEGIN + 2 * guard.RELAX_TICKS:
            os.kill(os.getpid(), signal.SIGTERM)

    assert run(Slack(fail)) == 0
    assert relaxed[0] <= BEGIN
    assert np.diff(relaxed[1:]).tolist() == [guard.RELAX_TICKS]


def test_a_guard_that_is_started_again_goes_on_from_the_target_that_the_body_holds(run, config, caplog):
    caplog.set_level("INFO")

    class Sagging(Body):
        def read(self):
            state = super().read()
            return replace(state, joint_pos=state.joint_pos - 0.05)

    body = Sagging(lambda reads: os.kill(os.getpid(), signal.SIGTERM) if reads == 5 else None)
    assert run(body) == 0
    assert all(np.array_equal(setpoint, NEUTRAL) for setpoint in body.written)
    epoch = last_state(config).boot_epoch
    assert f"epoch {epoch}, taking over at {np.round(NEUTRAL, 3).tolist()}" in caplog.text


def test_a_robot_that_arms_itself_in_real_time_is_what_is_had_without_settings():
    assert guard.Settings() == guard.Settings(speed=1.0, armed=True, antenna_stop=False)
