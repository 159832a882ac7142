"""A made tool is performed where the motion is the one that its program asks for, whoever made it."""

import numpy as np
import pytest

from shared.program_reading import from_data
from shared.spaces import NUM_PARAMS
from shared.tools import MADE_PLACES, TOOL_INDEX
from sim import made, phrases
from sim.experts import expert
from sim.tasks import ALL_TASKS, perform
from sim.tasks.likeness import shape, unlikeness
from sim.vector import VectorEnv

TASK = ALL_TASKS["perform"]
WAVE = {
    "format": 1,
    "name": "hooray",
    "description": "throw up your antennas and cheer",
    "params": [],
    "start": {},
    "steps": [
        {"move": {"right": 60, "left": -60, "pitch": -10}, "seconds": 0.8},
        {"move": {"right": 0, "left": 0, "pitch": 0}, "seconds": 0.8},
    ],
}


@pytest.fixture
def hooray():
    """A tool that somebody made, at the first free place."""
    program = from_data(WAVE)
    before = dict(phrases.table())
    made.take_up([program], {})
    texts = [text for text in phrases.all_texts() if text not in before]
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(len(texts), 384)).astype(np.float32)
    phrases.learn(dict(zip(texts, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), strict=True)))
    yield program
    made.take_up([], {})
    for text in texts:
        del phrases.table()[text]


def play(choose, n=12, decisions=1):
    """Verdicts of the last decision; `choose(spec, obs)` gives tool and raw parameters."""
    env = VectorEnv(["perform"], n, seed=4, threads=1, autoreset=False)
    try:
        obs = env.reset()
        for _ in range(decisions):
            actions = [choose(spec, row) for spec, row in zip(env.specs, obs, strict=True)]
            step = env.step(np.array([a for a, _ in actions]), np.stack([p for _, p in actions]))
            obs = step.obs
        return step, list(env.specs)
    finally:
        env.close()


def tool(name, *params):
    raw = np.zeros(NUM_PARAMS, np.float32)
    raw[: len(params)] = params
    return TOOL_INDEX[name], raw


def at(place):
    return 2.0 * place / (MADE_PLACES - 1) - 1.0


def test_the_asked_for_tool_succeeds():
    step, specs = play(expert)
    assert step.success.all()
    asked = {TASK.goals(spec)[0].made for spec in specs}
    assert asked == set(perform.asked_for())
    for spec, event in zip(specs, step.event, strict=True):
        (goal,) = TASK.goals(spec)
        assert event == f"performed: {made.made_tools()[goal.made].description}"


def test_another_made_tool_fails():
    others = {1: 2, 2: 3, 3: 1}
    step, _ = play(lambda spec, _: tool("run_made", at(others[TASK.goals(spec)[0].made])))
    assert step.terminated.all()
    assert not step.success.any()


def test_a_gesture_fails_and_stillness_goes_on():
    step, _ = play(lambda *_: tool("nod"))
    assert step.terminated.all()
    assert not step.success.any()
    assert set(step.event) == {"nod"}
    step, _ = play(lambda *_: tool("wait"))
    assert not step.terminated.any()
    step, _ = play(lambda *_: tool("run_made", at(MADE_PLACES - 1)))
    assert not step.terminated.any()


def test_what_people_made_is_asked_for_too(hooray):
    assert perform.asked_for()[4] is hooray
    assert "please throw up your antennas and cheer" in TASK.instructions()
    step, specs = play(expert, 24)
    assert step.success.all()
    assert 4 in {TASK.goals(spec)[0].made for spec in specs}
    words = phrases.embedding("please throw up your antennas and cheer")
    best = phrases.embedding(hooray.description)
    assert phrases.tool_match(best).argmax() == TOOL_INDEX["run_made"] != phrases.tool_match(words).argmin()


def test_there_are_only_so_many_places():
    program = from_data(WAVE)
    with pytest.raises(ValueError, match="5 tools for 4 places"):
        made.take_up([program] * 5, {})
    assert made.made_tools() == made.shipped()


def test_words_that_name_no_made_tool_are_refused():
    spec = ALL_TASKS["nod"].reset(np.random.default_rng(0))
    with pytest.raises(ValueError, match="no instruction of the task 'perform'"):
        TASK.goals(spec)


def test_unlikeness():
    shapes = [shape(program, {}) for program in made.made_tools()]
    for k, one in enumerate(shapes):
        assert np.argmin([unlikeness(one, other) for other in shapes]) == k
    circle = shapes[2]
    assert unlikeness(circle, circle) == 0.0
    late = np.concatenate([np.repeat(circle[:1], 30, axis=0), circle])
    assert unlikeness(late, circle) < 0.05
    lagged = np.concatenate([np.repeat(circle[:1], 5, axis=0), circle[:-5]])
    assert unlikeness(lagged, circle) < 0.05
    off = np.array([0.1, -0.2, 0.05, 0.01, 0.3, 0.4, -0.4])
    assert unlikeness(circle + off, circle) == pytest.approx(0.0, abs=1e-9)
    assert unlikeness(np.zeros_like(circle), circle) == pytest.approx(1.0, abs=0.05)
    assert unlikeness(circle[:10], circle) == np.inf
    assert unlikeness(circle, np.zeros((50, 7))) == np.inf
