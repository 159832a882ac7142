from hypothesis import given
from hypothesis import strategies as st

from robot_agent.frames import Mode
from robot_agent.guard.machine import (
    ARMING_TICKS,
    DECELERATE_AGE,
    HOLD_AGE,
    Command,
    Event,
    Inputs,
    Latch,
    Memory,
    latch_after,
    step,
)

FRESH = Inputs(age=0)


def run(inputs, memory=None):
    memory = memory or Memory()
    trail = []
    for given_inputs in inputs:
        memory, command = step(memory, given_inputs)
        trail.append((memory.mode, command))
    return memory, trail


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


def test_stop_release_resume():
    memory, _ = run([FRESH] * 20)
    memory, command = step(memory, Inputs(Latch.STOPPED, 0))
    assert (memory.mode, command) == (Mode.STOPPED, Command.HOLD)
    memory, _ = step(memory, Inputs(Latch.RELEASED, 0))
    assert memory.mode is Mode.DISARMED
    memory, trail = run([FRESH] * (ARMING_TICKS + 1), memory)
    assert trail[0][0] is Mode.ARMING
    assert memory.mode is Mode.ACTIVE


def test_a_fault_stays_and_beats_a_stop():
    memory, _ = step(Memory(Mode.ACTIVE), Inputs(Latch.STOPPED, 0, failed=True))
    assert memory.mode is Mode.FAULT
    assert step(memory, FRESH)[0].mode is Mode.FAULT


EVENTS = st.lists(st.sampled_from(Event), max_size=12)


@given(EVENTS)
def test_only_release_then_resume_clears_a_stop(events):
    latch = Latch.STOPPED
    for event in events:
        latch = latch_after(latch, event)
    cleared = False
    released = False
    for event in events:
        if event is Event.STOP:
            released = cleared = False
        elif event is Event.RELEASE and not cleared:
            released = True
        elif event is Event.RESUME and released:
            cleared = True
    assert (latch is Latch.CLEAR) == cleared


@given(st.sampled_from(Mode), st.sampled_from(Latch), st.one_of(st.none(), st.integers(0, 50)), st.booleans())
def test_nothing_plays_unless_active_clear_and_fresh(mode, latch, age, failed):
    memory, command = step(Memory(mode, 5), Inputs(latch, age, failed))
    if command is Command.PLAY:
        assert memory.mode is Mode.ACTIVE
        assert latch is Latch.CLEAR
        assert age is not None
        assert age <= DECELERATE_AGE
        assert not failed
