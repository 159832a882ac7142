"""Made tools that ship: programs that pass their trial, chosen by place, played by every simulated robot."""

import numpy as np
import pytest

from shared.control.motions import joints_of, pose_of
from shared.spaces import NUM_PARAMS
from shared.tools import MADE_PLACES, MADE_TICKS, TOOL_INDEX, TOOLS
from sim import made, phrases
from sim.tasks import ALL_TASKS
from sim.vector import VectorEnv

RUN_MADE = TOOL_INDEX["run_made"]
PLACE = TOOLS[RUN_MADE].params[0]
HOME = joints_of(np.zeros((1, 9)))[0]


def at(place):
    return [PLACE.raw(place), 0.0, 0.0, 0.0]


def test_places_hold_the_tools_in_their_order():
    names = [program.name for program in made.made_tools()]
    assert names[0] == "bow"
    assert len(set(names)) == len(names) <= MADE_PLACES
    for place in range(MADE_PLACES):
        found = made.chosen(at(place))
        assert (found.name if found else None) == (names[place] if place < len(names) else None)


def test_an_empty_place_stays_still_and_the_others_move():
    assert made.setpoints(at(MADE_PLACES - 1), HOME) is None
    for place in range(len(made.made_tools())):
        rows = made.setpoints(at(place), HOME)
        assert 0 < len(rows) <= MADE_TICKS
        assert np.ptp(pose_of(rows), axis=0).max() > 0.05


def test_the_environment_plays_a_made_tool_as_long_as_it_takes():
    env = VectorEnv(["nod"], 4, seed=1, threads=1, autoreset=False)
    try:
        env.reset()
        tool = np.array([RUN_MADE, TOOL_INDEX["nod"], RUN_MADE, TOOL_INDEX["wait"]])
        params = np.zeros((4, NUM_PARAMS))
        params[0], params[2] = at(0), at(MADE_PLACES - 1)
        wanted = made.setpoints(params[0], env.emitted[0])
        step = env.step(tool, params)
        assert step.n_ticks.tolist() == [len(wanted), 60, TOOLS[RUN_MADE].ticks, 10]
        np.testing.assert_allclose(step.setpoints[0, : len(wanted)], wanted, atol=1e-9)
        assert step.event[0] == "bow"
        assert (step.setpoints[1, 60:] == 0.0).all()
    finally:
        env.close()


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_words_for_a_made_tool_point_at_the_tool_that_plays_it(split):
    own = [k for k in range(len(TOOLS)) if k != RUN_MADE]
    won = []
    for text in ALL_TASKS["bow"].phrases.of(split):
        match = phrases.tool_match(phrases.embedding(text))
        won.append(match[RUN_MADE] > match[own].max())
    assert np.mean(won) > 0.6
