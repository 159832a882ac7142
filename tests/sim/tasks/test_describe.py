"""What is asked has one answer, which depends on the scene and on nothing that the robot does."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from shared.control.motions import joints_of
from sim.tasks import ALL_TASKS
from sim.tasks.base import SPLITS
from sim.tasks.judge import Judge

TASK = ALL_TASKS["describe"]
HEAD = np.repeat([[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]], 20, axis=0)
STILL = joints_of(np.zeros((20, 9))), HEAD


@pytest.mark.parametrize("split", SPLITS)
def test_the_answer_is_told_by_where_things_stand(split):
    rng, kinds = np.random.default_rng(0), Counter()
    for _ in range(150):
        spec = TASK.reset(rng, split)
        (goal,) = TASK.goals(spec)
        what, *named = TASK.reading(spec.instruction)
        kinds[what, goal.answer if named else ""] += 1
        from_left = sorted(spec.objects, key=lambda thing: -thing.position[1] / thing.position[0])
        if named:
            (place,) = (thing.position for thing in spec.objects if thing.name == named[0])
            assert goal.answer == ("left" if place[1] > 0 else "right")
            assert abs(place[1]) > 0.05
        else:
            assert goal.answer == from_left[0 if what == "leftmost" else -1].name
    assert set(kinds) == {("leftmost", ""), ("rightmost", ""), ("side", "left"), ("side", "right")}
    assert min(kinds.values()) >= 10


def test_the_first_answer_counts():
    rng = np.random.default_rng(2)
    for _ in range(10):
        spec = TASK.reset(rng)
        right = TASK.goals(spec)[0].answer
        for given in (right, "left", "right", spec.objects[0].name, "nothing", "yes"):
            judge = Judge(spec)
            assert not judge.step(*STILL).terminated
            verdict = judge.step(*STILL, answer=given)
            assert verdict.terminated
            assert verdict.success == (given == right)
            assert (verdict.reward > 0.0) == verdict.success
            assert verdict.info["event"] == f"said {given!r}"
            assert verdict.info["tick"] == 20


@pytest.mark.parametrize("name", ["look", "nod", "steps", "tempo"])
def test_talking_fails_where_nobody_asked_for_words(name):
    spec = ALL_TASKS[name].reset(np.random.default_rng(3))
    verdict = Judge(spec).step(*STILL, answer="hello")
    assert verdict.terminated
    assert not verdict.success
    assert verdict.reward < -0.5


def test_what_cannot_be_answered_is_refused():
    rng = np.random.default_rng(4)
    while TASK.reading((spec := TASK.reset(rng)).instruction)[0] != "side":
        pass
    others = tuple(thing for thing in spec.objects if thing.name not in spec.instruction)
    with pytest.raises(ValueError, match="not in its scene"):
        Judge(replace(spec, objects=others))
    with pytest.raises(ValueError, match="empty scene"):
        Judge(replace(spec, instruction="what is on the far left?", objects=()))
    with pytest.raises(ValueError, match="no instruction"):
        Judge(replace(spec, instruction="do as you like"))
