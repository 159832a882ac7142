"""Plans played in simulation: what is reached is judged on the motion."""

import numpy as np
import pytest

from learner.coordinator.goals import Known, Look, Plan, Use
from learner.coordinator.grammar import plan
from learner.coordinator.playing import perform
from learner.coordinator.skills import Ready, supply
from learner.coordinator.stage import Stage
from learner.coordinator.tracker import Event
from learner.coordinator.watching import Watch
from shared.errors import ConfigError
from shared.tools import TOOL_INDEX, TOOLS

OBJECTS = ("rubber duck", "apple", "book")


@pytest.fixture
def stage():
    made = Stage(OBJECTS, seed=3)
    yield made
    made.close()


def test_every_kind_of_goal_is_reached(stage):
    said = (
        "nod twice, look at the duck, bow, then look surprised, wait one second and put the apple by the book"
    )
    ready = supply(plan(said, Known(OBJECTS)), {})
    done = perform(ready, stage)
    assert [goal.brief for goal in done.progress.goals] == [
        "nod x2", "look rubber duck", "made bow", "made surprised", "wait x5", "look apple", "nod",
        "look book",
    ]  # fmt: skip
    assert done.progress.reached == tuple(range(8))
    assert np.isfinite(stage.joints).all()


def test_an_interruption_drops_the_rest(stage):
    later = [Ready(plan("no, stop that, look at the book", Known(OBJECTS)))]
    done = perform(
        Ready(plan("look at the apple, then look at the duck", Known(OBJECTS))),
        stage,
        lambda progress: later.pop() if later and progress.reached else None,
    )
    assert done.progress.goals == (Look("book"),)
    assert done.progress.reached == (0,)
    assert Event("looked", "rubber duck") not in done.events


@pytest.mark.parametrize(("asked", "answer"), [("apple", "nod"), ("blue cube", "shake")])
def test_a_question_is_answered(stage, asked, answer):
    done = perform(Ready(plan(f"is there a {asked}?", Known((*OBJECTS, "blue cube")))), stage)
    assert done.progress.reached == (0,)
    assert Event("gesture", answer) in done.events


def test_following_lasts_and_the_same_goal_twice_is_reached_twice(stage):
    done = perform(
        Ready(plan("follow the duck, then look at the apple, then do that again", Known(OBJECTS))), stage
    )
    assert done.progress.reached == (0, 1, 2)
    assert len(stage.joints) > 6.0 / 0.02


def test_what_cannot_be_reached_is_given_up(stage):
    done = perform(Ready(Plan((Look("blue cube"), Use("nod")))), stage)
    assert done.progress.reached == (1,)


@pytest.mark.parametrize(
    "names", [("elephant",), ("apple", "apple"), (*OBJECTS, "candle", "banana", "clock")]
)
def test_scenes_that_simulation_does_not_have_are_refused(names):
    with pytest.raises(ConfigError, match="at most 5 different ones"):
        Stage(names)


def test_there_may_be_no_objects_at_all():
    empty = Stage(())
    assert perform(Ready(Plan((Use("shake"),))), empty).progress.reached == (0,)
    empty.close()


def test_a_watch_tells_rests_apart_and_one_bow_once():
    watch = Watch(["apple"], np.array([[0.6, 0.0, 0.2]]))
    head = np.zeros((45, 7))
    head[:, 3] = 1.0
    joints = np.zeros((45, 9))
    away = Watch(["apple"], np.array([[0.0, 0.6, 0.2]]))
    height = 0.2 - 0.0525
    from shared.control.geometry import NEUTRAL_HEIGHT_M

    head[:, 2] = height - NEUTRAL_HEIGHT_M
    assert watch.follow(joints, head) == [Event("looked", "apple")] * 2
    assert away.follow(joints, head) == []


@pytest.mark.parametrize("tool", [t.name for t in TOOLS if t.gesture])
def test_every_gesture_of_the_robots_own_is_seen_as_such(tool):
    assert TOOL_INDEX[tool] >= 0
    stage = Stage(())
    done = perform(Ready(Plan((Use(tool),))), stage)
    stage.close()
    assert done.progress.reached == (0,)
    assert done.decisions <= 2
