"""The state machine and the latch: every combination there is, and random sequences of what may happen."""

import itertools
import runpy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot_agent.frames import Mode
from robot_agent.guard import draw
from robot_agent.guard.machine import (
    ARMING_TICKS,
    DECELERATE_AGE,
    HOLD_AGE,
    STANDING,
    Command,
    Event,
    Inputs,
    Latch,
    Latched,
    Memory,
    latch_after,
    step,
)

FRESH = Inputs(age=0)
AGES = (None, 0, DECELERATE_AGE, DECELERATE_AGE + 1, HOLD_AGE, HOLD_AGE + 1, 10**9)
TICKS = (0, ARMING_TICKS - 2, ARMING_TICKS - 1, ARMING_TICKS)
EVERYTHING = [
    (Memory(mode, ticks), Inputs(latch, age, failed, teleop))
    for mode, ticks, latch, age, failed, teleop in itertools.product(
        Mode, TICKS, Latch, AGES, (False, True), (False, True)
    )
]


def run(inputs, memory=None):
    memory = memory or Memory()
    trail = []
    for given_inputs in inputs:
        memory, command = step(memory, given_inputs)
        trail.append((memory.mode, command))
    return memory, trail


def test_every_combination_has_an_answer():
    assert len(EVERYTHING) == 8 * 4 * 4 * 7 * 4
    for memory, inputs in EVERYTHING:
        after, command = step(memory, inputs)
        assert isinstance(after.mode, Mode)
        assert isinstance(command, Command)
        assert 0 <= after.ticks <= ARMING_TICKS
        assert after.mode is not Mode.BOOT, "nobody stays in BOOT"


def test_the_most_severe_cause_wins():
    for memory, inputs in EVERYTHING:
        mode = step(memory, inputs)[0].mode
        if inputs.failed or inputs.latch is Latch.FAULT:
            assert mode is Mode.FAULT
        elif inputs.latch is Latch.STOPPED:
            assert mode is Mode.STOPPED
        elif inputs.latch is Latch.RELEASED:
            assert mode is Mode.DISARMED
        else:
            assert mode in (Mode.ARMING, Mode.ACTIVE, Mode.FALLBACK, Mode.SAFE_HOLD)


def test_motion_is_commanded_in_active_only_and_only_from_what_is_fresh_or_a_person():
    for memory, inputs in EVERYTHING:
        after, command = step(memory, inputs)
        assert (command is not Command.HOLD) == (after.mode is Mode.ACTIVE)
        if command is Command.HOLD:
            continue
        assert inputs.latch is Latch.CLEAR
        assert not inputs.failed
        if command is Command.FOLLOW:
            assert inputs.teleop
        else:
            assert not inputs.teleop
            assert inputs.age is not None
            assert inputs.age <= DECELERATE_AGE


def test_nobody_becomes_active_without_arming():
    unarmed = (Mode.BOOT, Mode.DISARMED, Mode.STOPPED, Mode.FAULT)
    for memory, inputs in EVERYTHING:
        after, _ = step(memory, inputs)
        if after.mode is Mode.ACTIVE:
            assert memory.mode not in unarmed
            assert memory.mode is not Mode.ARMING or memory.ticks + 1 >= ARMING_TICKS


@pytest.mark.parametrize("standing", STANDING)
@pytest.mark.parametrize("limp", [False, True])
def test_a_latched_stop_is_left_through_release_then_resume_and_no_other_way(standing, limp):
    """All sequences of up to five events."""
    for length in range(6):
        for events in itertools.product(Event, repeat=length):
            value = Latched(standing, "page", "", limp)
            released = cleared = False
            for event in events:
                value = latch_after(value, event, "again")
                if event in (Event.STOP, Event.FAULT):
                    released = cleared = False
                elif event is Event.RELEASE and not cleared:
                    released = True
                elif event is Event.RESUME and released:
                    cleared = True
            assert (value.latch is Latch.CLEAR) == cleared, events
            assert not value.limp or value.latch in STANDING


def test_the_latch_names_who_asked_first_and_what_is_broken():
    latched = latch_after(Latched(), Event.STOP, "page")
    assert latch_after(latched, Event.STOP, "button") == Latched(Latch.STOPPED, "page")
    broken = latch_after(latched, Event.FAULT, "a motor")
    assert broken == Latched(Latch.FAULT, "", "a motor")
    assert latch_after(broken, Event.STOP, "button") == broken
    assert latch_after(broken, Event.FAULT, "another") == broken
    assert latch_after(broken, Event.RELEASE) == Latched(Latch.RELEASED)
    assert latch_after(latch_after(broken, Event.RELEASE), Event.STOP, "usb") == Latched(Latch.STOPPED, "usb")


def test_motors_go_off_only_while_stopped_and_stay_off_if_a_fault_follows():
    assert latch_after(Latched(), Event.LIMP) == Latched()
    limp = latch_after(Latched(Latch.STOPPED, "usb"), Event.LIMP)
    assert limp == Latched(Latch.STOPPED, "usb", "", True)
    broken = latch_after(limp, Event.FAULT, "a motor")
    assert broken == Latched(Latch.FAULT, "", "a motor", True)
    assert latch_after(Latched(Latch.FAULT, "", "a motor"), Event.LIMP) == broken
    assert not latch_after(limp, Event.RELEASE).limp


def test_permission_to_move_comes_after_arming():
    _, trail = run([FRESH] * (ARMING_TICKS + 1))
    assert [mode for mode, _ in trail] == [Mode.ARMING] * ARMING_TICKS + [Mode.ACTIVE]
    assert all(command is Command.HOLD for _, command in trail[:-1])
    assert trail[-1][1] is Command.PLAY


def test_an_ageing_action_decelerates_then_holds():
    memory, _ = run([FRESH] * 20)
    modes = {}
    for age in range(HOLD_AGE + 3):
        memory, command = step(memory, Inputs(age=age))
        modes[age] = memory.mode
        assert (command is Command.PLAY) == (age <= DECELERATE_AGE)
    assert modes[DECELERATE_AGE] is Mode.ACTIVE
    assert modes[DECELERATE_AGE + 1] is modes[HOLD_AGE] is Mode.FALLBACK
    assert modes[HOLD_AGE + 1] is Mode.SAFE_HOLD
    assert step(memory, Inputs(age=HOLD_AGE))[0].mode is Mode.SAFE_HOLD, "half a recovery is none"
    assert step(memory, FRESH)[0].mode is Mode.ACTIVE


def test_no_action_ever_holds():
    memory, trail = run([Inputs()] * 40)
    assert memory.mode is Mode.SAFE_HOLD
    assert all(command is Command.HOLD for _, command in trail)


def test_a_person_may_move_the_robot_though_the_policy_is_silent():
    memory, _ = run([Inputs()] * 40)
    memory, command = step(memory, Inputs(teleop=True))
    assert (memory.mode, command) == (Mode.ACTIVE, Command.FOLLOW)
    assert step(memory, Inputs())[0].mode is Mode.SAFE_HOLD


def test_stop_release_resume():
    memory, _ = run([FRESH] * 20)
    memory, command = step(memory, Inputs(Latch.STOPPED, 0))
    assert (memory.mode, command) == (Mode.STOPPED, Command.HOLD)
    memory, _ = step(memory, Inputs(Latch.RELEASED, 0))
    assert memory.mode is Mode.DISARMED
    memory, trail = run([FRESH] * (ARMING_TICKS + 1), memory)
    assert trail[0][0] is Mode.ARMING
    assert memory.mode is Mode.ACTIVE


HAPPENINGS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(Event), max_size=2),
        st.sampled_from(AGES),
        st.booleans(),
    ),
    max_size=60,
)


@given(HAPPENINGS)
def test_machine_and_latch_together_never_command_motion_between_a_stop_and_its_resume(happenings):
    memory, value, forbidden = Memory(), Latched(), False
    for events, age, teleop in happenings:
        for event in events:
            value = latch_after(value, event, "x")
            if event in (Event.STOP, Event.FAULT):
                forbidden = True
        if forbidden and value.latch is Latch.CLEAR:
            forbidden = False
        memory, command = step(memory, Inputs(value.latch, age, teleop=teleop))
        assert command is Command.HOLD or not forbidden


def test_the_documented_drawing_is_the_codes(capsys):
    page = (Path(__file__).parents[2] / "docs" / "guard.md").read_text()
    assert f"```mermaid\n{draw.mermaid()}```" in page, "paste what `python -m robot_agent.guard.draw` prints"
    runpy.run_path(draw.__file__, run_name="__main__")
    assert capsys.readouterr().out == draw.mermaid()
