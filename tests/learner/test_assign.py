"""What an idle robot is given, decided from what is known about it."""

from dataclasses import replace

import numpy as np
import pytest

from learner.assign import LOST_S, RESEND_S, Assigner, Move, next_move
from learner.robots import CONNECTED_S, Assignment, Session
from shared.messages import RobotStatus

STATUS = RobotStatus("r", "ACTIVE", "", 0, 1, 0, 0, 1, np.zeros(9, np.float32), 0, 0, 0, 0, 0.0)
NOW = 1000.0


def session(status=STATUS, given=None, **changes):
    made = Session("r", b"", NOW, accepted=True, status=status, assignment=given)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def running(wire, **changes):
    given = Assignment(wire.SPEC, NOW, NOW)
    for name, value in changes.items():
        setattr(given, name, value)
    return given


ON_IT = replace(STATUS, episode_id="e")


@pytest.mark.parametrize(
    "idle",
    [
        session(status=None),
        session(accepted=False),
        session(last_seen_s=NOW - CONNECTED_S),
        session(status=replace(STATUS, state="STOPPED")),
        session(status=replace(STATUS, state="FAULT")),
        session(status=replace(STATUS, policy_version=0)),
    ],
)
def test_nothing_is_given_to_a_robot_that_cannot_work(idle):
    assert next_move(idle, NOW) is Move.NOTHING


def test_a_robot_without_a_policy_is_given_a_task_to_try_its_first_one_on():
    first = session(status=replace(STATUS, policy_version=0), on_trial=1)
    assert next_move(first, NOW) is Move.GIVE


def test_an_idle_robot_is_given_an_episode_and_a_strange_one_is_looked_up():
    assert next_move(session(), NOW) is Move.GIVE
    assert next_move(session(status=ON_IT), NOW) is Move.ADOPT


def test_a_task_that_did_not_arrive_is_sent_again(wire):
    waiting = session(given=running(wire))
    assert next_move(waiting, NOW) is Move.NOTHING
    waiting.last_seen_s = NOW + RESEND_S + 0.1
    assert next_move(waiting, NOW + RESEND_S + 0.1) is Move.RESEND


def test_a_running_episode_is_left_alone_however_long_nothing_is_heard_of_its_end(wire):
    busy = session(status=ON_IT, given=running(wire))
    for later in (0.0, RESEND_S + 1.0, LOST_S + 1.0):
        busy.last_seen_s = NOW + later
        assert next_move(busy, NOW + later) is Move.NOTHING


def test_a_closed_episode_is_followed_by_the_next(wire):
    assert next_move(session(status=ON_IT, given=running(wire, closed=True)), NOW) is Move.GIVE


def test_an_end_that_did_not_arrive_is_sent_again(wire):
    deaf = session(status=ON_IT, given=running(wire, ended_s=NOW, outcome="success"))
    assert next_move(deaf, NOW + 0.1) is Move.NOTHING
    assert next_move(deaf, NOW + RESEND_S + 0.1) is Move.END_AGAIN


def test_an_episode_that_the_robot_has_left_is_waited_for_and_then_abandoned(wire):
    gone = session(status=replace(STATUS, episode_id="other"), given=running(wire, seen_running=True))
    assert next_move(gone, NOW) is Move.NOTHING
    gone.last_seen_s = NOW + LOST_S + 0.1
    assert next_move(gone, NOW + LOST_S + 0.1) is Move.ABANDON


def test_an_episode_whose_closing_record_was_lost_does_not_last_for_ever(wire):
    stuck = session(status=ON_IT, given=running(wire))
    stuck.last_seen_s = NOW + 60.0
    assert next_move(stuck, NOW + 60.0) is Move.ABANDON


def test_tasks_take_turns_and_every_third_round_is_held_out():
    class Named:
        def __init__(self, name):
            self.name = name

        def reset(self, rng, split):
            from shared.messages import TaskSpec

            return TaskSpec(
                "?",
                self.name,
                split,
                np.zeros(384),
                np.zeros(20),
                (),
                (0, 0, 0),
                0,
                (0, 0),
                5,
                int(rng.integers(1e9)),
            )

    def assigner(seed):
        tasks = {name: Named(name) for name in ("a", "b")}
        return Assigner(store=None, robots=None, tasks=tasks, unlocking=None, seed=seed, held_out_every=3)

    names = ("a", "b")
    made = [assigner(0).make(number, names) for number in range(8)]
    assert [spec.task for spec, _ in made] == ["a", "b"] * 4
    assert [split for _, split in made] == ["train"] * 4 + ["held_out"] * 2 + ["train"] * 2
    seeds = [spec.seed for spec, _ in made]
    assert len(set(seeds)) == 8
    assert [assigner(0).make(number, names)[0].seed for number in range(8)] == seeds
    assert len({spec.episode_id for spec, _ in made}) == 8
