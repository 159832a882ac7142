import pytest

from robot_agent.sources.press import LONG_S, RING_S, TOO_LONG_S, Act, Press


def hold(press, begin_s, seconds):
    """Press for a while, looking whenever something is due; returns what was asked for."""
    acts = press.change(True, begin_s)
    while (due := press.due_s()) is not None and due < begin_s + seconds:
        acts += press.look(due)
    return acts, press.change(False, begin_s + seconds)


def test_the_first_instant_stops():
    press = Press()
    assert press.change(True, 0.0) == [Act.STOP]
    assert press.pressed


@pytest.mark.parametrize("seconds", [0.0, 0.03, 1.0, LONG_S - 0.01])
def test_a_short_press_never_takes_the_motors_power(seconds):
    while_held, at_end = hold(Press(), 5.0, seconds)
    assert set(while_held) == {Act.STOP}
    assert at_end == [Act.STOP]


@pytest.mark.parametrize("seconds", [LONG_S + 2 * RING_S, 5.0, TOO_LONG_S - 0.01])
def test_a_long_press_warns_once_and_takes_the_power_when_it_ends(seconds):
    while_held, at_end = hold(Press(), 5.0, seconds)
    assert while_held.count(Act.WARN) == 1
    assert Act.LIMP not in while_held
    assert at_end == [Act.STOP, Act.LIMP]


def test_a_cable_that_was_pulled_out_drops_nothing_not_even_when_it_is_put_back():
    press = Press()
    while_held, at_end = hold(press, 0.0, 3600.0)
    assert Act.LIMP not in while_held
    assert not press.warned
    assert at_end == [Act.STOP]


def test_while_it_is_pressed_nobody_can_release_the_robot():
    while_held, _ = hold(Press(), 0.0, 2.0)
    assert while_held.count(Act.STOP) >= 0.9 * 2.0 / RING_S


def test_a_press_on_a_press_and_an_end_of_none_are_nothing():
    press = Press()
    assert press.change(False, 1.0) == []
    press.change(True, 2.0)
    assert press.change(True, 4.0) == []
    assert press.change(False, 2.0 + LONG_S) == [Act.STOP, Act.LIMP]
    assert press.look(9.0) == []
    assert press.due_s() is None


def test_a_reader_that_was_starved_still_sees_how_long_it_was():
    press = Press()
    press.change(True, 0.0)
    assert press.change(False, 4.0) == [Act.STOP, Act.LIMP]
