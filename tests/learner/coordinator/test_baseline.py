"""The baseline agent: detections and words in, tools out; nothing privileged."""

import inspect

import numpy as np
import pytest

from learner.coordinator import baseline
from learner.coordinator.acting import Gaze, Names, call
from learner.coordinator.baseline import Baseline
from learner.coordinator.goals import Look
from learner.coordinator.motions import taught
from learner.coordinator.scoring import baseline_scores
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, OBS_DIM, slot_range
from shared.tools import TOOL_INDEX, TOOLS
from sim import phrases

NAMES = Names.of(("apple", "book", "rubber duck"))


def obs(**seen):
    slots = np.zeros((NUM_DETECTIONS, len(DETECTION_FIELDS)), np.float32)
    for k, (name, (u, v)) in enumerate(seen.items()):
        slots[k, :4] = u, v, 0.1, 0.9
        slots[k, 6:] = phrases.class_code(phrases.embedding(name.replace("_", " ")))
    out = np.zeros(OBS_DIM, np.float32)
    out[slot_range("detections")] = slots.ravel()
    return out


def tools(agent, said, *observations):
    return [TOOLS[agent.act(said, o).tool].name for o in observations]


def test_names_come_from_class_codes_and_strangers_have_none():
    seen = NAMES.seen(obs(apple=(0.1, -0.2), rubber_duck=(0.5, 0.0))[slot_range("detections")])
    assert seen == {"apple": pytest.approx((0.1, -0.2)), "rubber duck": pytest.approx((0.5, 0.0))}
    assert Names.of(()).seen(obs(apple=(0, 0))[slot_range("detections")]) == {}
    assert NAMES.seen(obs(candle=(0, 0))[slot_range("detections")]) == {}


def test_it_looks_where_the_named_thing_is_seen_and_goes_on_once_it_has_rested():
    agent = Baseline(NAMES)
    first = agent.act("look at the apple, then nod", obs(apple=(0.4, 0.1), book=(0.0, 0.0)))
    assert first.tool == TOOL_INDEX["look"]
    assert first.params[:2] == pytest.approx([0.4, 0.1])
    centred = obs(apple=(0.0, 0.0), book=(-0.4, 0.0))
    assert tools(agent, "look at the apple, then nod", centred, centred) == ["look", "nod"]


def test_another_instruction_is_another_command_and_goes_on_where_it_is_said_so():
    agent = Baseline(NAMES)
    assert tools(agent, "nod, then shake your head", obs()) == ["nod"]
    assert tools(agent, "no, wobble", obs()) == ["wobble"]
    agent.reset()
    assert tools(agent, "nod, then shake your head", obs()) == ["nod"]
    assert tools(agent, "and then bob", *[obs()] * 2) == ["shake", "bob"]
    assert tools(agent, "then nod", *[obs()] * 2) == ["nod", "nod"]  # all else was over


def test_a_question_is_answered_by_what_is_seen():
    agent = Baseline(NAMES)
    assert tools(agent, "is there an apple?", obs(apple=(0.5, 0.0))) == ["nod"]
    assert tools(agent, "is there a book?", *[obs(apple=(0.5, 0.0))] * 3) == ["go_home", "wait", "shake"]
    assert tools(agent, "is there a book here?", *[obs()] * 2, obs(book=(0.0, 0.0))) == [
        "go_home",
        "wait",
        "nod",
    ]


def test_what_moves_is_followed_for_as_long_as_it_takes():
    agent = Baseline(NAMES)
    centred = obs(apple=(0.0, 0.0))
    assert tools(agent, "follow the apple, then nod", *[centred] * 20) == ["look"] * 19 + ["nod"]


def test_the_nearest_of_its_own_takes_a_made_tools_place():
    slow, fast = (Baseline(NAMES).act(f"nod {pace}", obs()) for pace in ("slowly", "quickly"))
    assert slow.tool == fast.tool == TOOL_INDEX["nod"]
    assert (slow.params[1], fast.params[1]) == (-1.0, 1.0)


def test_what_it_cannot_do_it_waits_out():
    assert tools(Baseline(NAMES), "draw a square", obs(), obs()) == ["wait", "wait"]
    assert tools(Baseline(NAMES), "", obs()) == ["wait"]


def test_a_motion_that_only_a_made_tool_gives_is_that_made_tool():
    assert tools(Baseline(NAMES), "draw a circle with your nose", obs()) == ["run_made"]
    assert taught("take a bow").args == {"place": 0.0}
    assert taught("take a deep bow twice") is None


def test_it_searches_for_what_it_does_not_see():
    agent = Baseline(NAMES)
    assert tools(agent, "find the apple", *[obs(book=(0, 0))] * 5) == [
        "wait", "go_home", "go_home", "turn_body", "turn_body",
    ]  # fmt: skip
    assert tools(agent, "find the apple", obs(apple=(0.3, 0.0))) == ["look"]


def test_a_slow_look_goes_a_part_of_the_way():
    slow = Gaze(Look("apple", slowly=True)).step({"apple": (0.6, 0.0)})
    assert 0.0 < slow.params[0] < 0.15
    assert Gaze(Look("apple", slowly=True)).step({"apple": (0.02, 0.0)}).params[0] == pytest.approx(0.02)


def test_arguments_left_out_are_at_their_usual_value():
    assert call("turn_head").params[0] == pytest.approx(1.0)
    assert call("turn_head", {"yaw": 0.0}).params[0] == pytest.approx(0.0)
    assert call("nod").params.tolist() == [0.0] * 4


def test_it_is_given_words_and_observations_alone():
    assert list(inspect.signature(Baseline.act).parameters) == ["self", "said", "obs"]
    assert not hasattr(baseline, "TaskSpec")


def test_success_is_counted_over_fresh_resets_and_repeats():
    scores = baseline_scores(["nod", "steps"], episodes=8, seed=3)
    assert scores["nod"].successes == 8
    assert scores["nod"].mean_decisions == 1.0
    assert scores["steps"].success >= 0.75
    assert scores["steps"].wilson_low < scores["steps"].success
    assert baseline_scores(["steps"], episodes=8, seed=3)["steps"].episodes == 8
    assert baseline_scores(["nod"], episodes=8, seed=3)["nod"] == scores["nod"]
