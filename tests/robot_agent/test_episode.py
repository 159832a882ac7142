from dataclasses import replace

import pytest

from robot_agent.episode import Wish, next_wish, waiting_for
from robot_agent.frames import Kind, Mode
from robot_agent.rehearsal import empty_task
from tests.robot_agent.samples import guard_state

SPEC = empty_task("e1", max_decisions=3)
IDLE = guard_state()


def at(kind, step=0, finished=True, episode="e1", **values):
    return replace(IDLE, kind=kind, episode_step=step, finished=finished, episode_id=episode, **values)


@pytest.mark.parametrize(
    ("state", "spec", "ended", "expected"),
    [
        (IDLE, None, False, None),
        (IDLE, SPEC, False, Wish(Kind.START, "e1", 0)),
        (IDLE, SPEC, True, None),
        (at(Kind.START, finished=False), SPEC, False, None),
        (at(Kind.START), SPEC, False, Wish(Kind.DECISION, "e1", 0)),
        (at(Kind.DECISION, 0, finished=False), SPEC, False, None),
        (at(Kind.DECISION, 0), SPEC, False, Wish(Kind.DECISION, "e1", 1)),
        (at(Kind.DECISION, 2), SPEC, False, Wish(Kind.CLOSING, "e1", 3)),
        (at(Kind.DECISION, 1, finished=False), SPEC, True, Wish(Kind.CLOSING, "e1", 2)),
        (at(Kind.START, finished=False), SPEC, True, Wish(Kind.CLOSING, "e1", 0)),
        (at(Kind.DECISION, 1, finished=False, episode="e0"), SPEC, False, Wish(Kind.CLOSING, "e0", 2)),
        (at(Kind.CLOSING, 3), SPEC, False, None),
        (at(Kind.CLOSING, 3, episode="e0"), SPEC, False, Wish(Kind.START, "e1", 0)),
        # The guard was started anew in the middle of an episode: its trace has a gap.
        (at(Kind.IDLE, 1), SPEC, False, Wish(Kind.CLOSING, "e1", 2)),
        # No policy (spec withheld): what is in force is finished, nothing new begins.
        (at(Kind.DECISION, 1), None, False, None),
    ],
)
def test_what_comes_next(state, spec, ended, expected):
    assert next_wish(state, spec, ended) == expected


@pytest.mark.parametrize("mode", [Mode.BOOT, Mode.DISARMED, Mode.ARMING, Mode.STOPPED, Mode.FAULT])
def test_nothing_is_asked_of_a_guard_that_does_not_listen(mode):
    assert next_wish(replace(IDLE, mode=mode), SPEC, False) is None


def test_what_it_waits_for():
    assert waiting_for(IDLE, None, has_policy=False, ended=False) == "a policy"
    assert waiting_for(IDLE, None, has_policy=True, ended=False) == "a task"
    assert waiting_for(at(Kind.CLOSING, 3), SPEC, has_policy=True, ended=True) == "a task"
    assert waiting_for(at(Kind.DECISION), SPEC, has_policy=True, ended=False) == ""
    assert "release" in waiting_for(replace(IDLE, mode=Mode.STOPPED), SPEC, has_policy=True, ended=False)
