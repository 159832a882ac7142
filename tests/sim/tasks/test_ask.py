"""A question's answer is what stands on the table, and can be told from what is observed."""

import numpy as np
import pytest

from shared.control.vision import scenes
from sim.tasks import ALL_TASKS
from sim.tasks.base import SPLITS
from sim.tasks.gestures import GESTURES
from sim.tasks.judge import Judge

TASK = ALL_TASKS["ask"]


@pytest.mark.parametrize("split", SPLITS)
def test_the_answer_is_yes_where_the_object_is_there(split):
    rng, answers = np.random.default_rng(0), []
    for _ in range(80):
        spec = TASK.reset(rng, split)
        (goal,) = TASK.goals(spec)
        (asked,) = TASK.reading(spec.instruction)
        there = asked in [thing.name for thing in spec.objects]
        assert GESTURES[goal.gesture] == ("nod" if there else "shake")
        answers.append(there)
    assert 0.3 < np.mean(answers) < 0.7


def test_the_best_match_tells_whether_it_is_there():
    rng, match = np.random.default_rng(1), {1: [], 2: []}
    for _ in range(300):
        spec = TASK.reset(rng)
        match[TASK.goals(spec)[0].gesture].append(scenes([spec.objects]).match[0, 0])
    yes, no = match[GESTURES.index("nod")], match[GESTURES.index("shake")]
    assert np.quantile(yes, 0.05) > np.quantile(no, 0.95)


def test_the_wrong_answer_fails():
    from tests.sim.test_tasks import trace, wave

    rng = np.random.default_rng(2)
    for _ in range(6):
        spec = TASK.reset(rng)
        right = TASK.goals(spec)[0].gesture
        for axis, amplitude, gesture in ((1, 0.1, "nod"), (2, 0.15, "shake")):
            verdict = Judge(spec).step(*trace(wave(axis, amplitude)))
            assert verdict.terminated
            assert verdict.success == (GESTURES.index(gesture) == right)
