"""The fifteen tasks of the benchmark: each is found here, and five are held out whole."""

from sim.tasks import ALL_TASKS, TASKS
from sim.tasks.benchmark import ENTRIES, HELD_OUT_WHOLE


def test_there_are_fifteen_and_five_are_held_out_whole():
    assert len(ENTRIES) == 15
    assert sum(entry.held_out for entry in ENTRIES) == 5
    assert len({entry.wording for entry in ENTRIES}) == 15


def test_every_task_named_is_there_and_none_twice():
    named = [entry.task for entry in ENTRIES if entry.task]
    assert set(named) <= set(ALL_TASKS)
    assert len(named) == len(set(named))


def test_what_is_held_out_whole_is_not_trained_by_default():
    assert not set(HELD_OUT_WHOLE) & set(TASKS)
