"""Traces out of stored episodes: pieces that follow one another, and nothing after a gap."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from learner.store.engine import Store
from learner.store.queries.episodes import insert_episode
from learner.store.queries.steps import insert_steps
from learner.sysid.stored import from_transitions, newest
from shared.codec import pack_transition
from shared.errors import ConfigError
from shared.messages import Transition
from tests.learner.samples import EPISODE, STEP


def decision(episode, step, state_seq, ticks=40):
    rows = np.full((ticks, 9), 0.01 * step, np.float32)
    return Transition(
        robot_id="r",
        boot_epoch=1,
        decision_seq=state_seq,
        episode_id=episode,
        episode_step=step,
        obs=np.zeros(512, np.float32),
        tool=0,
        params=np.zeros(4, np.float32),
        log_prob=0.0,
        value=0.0,
        tool_mask=1,
        policy_version=0,
        source="script",
        end_reason="completed",
        n_ticks=ticks,
        state_seq=state_seq,
        limited_ticks=0,
        violations=0,
        time_unix_s=100.0,
        setpoints=rows,
        joints=rows + np.float32(0.001),
        head=np.tile(np.array([0, 0, 0, 1, 0, 0, 0], np.float32), (ticks, 1)),
    )


def test_every_episode_is_a_piece_up_to_its_first_gap():
    trace = from_transitions(
        [
            decision("a", 0, 100),
            decision("a", 1, 140),
            decision("a", 2, 180, ticks=0),
            decision("b", 0, 300),
            decision("b", 1, 341),
            decision("b", 2, 381),
            decision("c", 1, 500),
            decision("d", 0, 600),
        ]
    )
    assert trace.pieces == [slice(0, 80), slice(80, 120), slice(120, 160)]
    assert trace.joints[0] == pytest.approx(0.001, abs=1e-6)
    assert trace.setpoints[79] == pytest.approx(0.01)


@pytest.mark.parametrize("records", [[], [decision("a", 1, 100)]])
def test_nothing_to_go_by_is_an_error(records):
    with pytest.raises(ConfigError, match="let the robot play first"):
        from_transitions(records)


def test_too_little_is_an_error():
    with pytest.raises(ConfigError, match="too short"):
        from_transitions([decision("a", 0, 100)])


def test_the_newest_episodes_of_one_robot_are_read_oldest_first(tmp_path):
    with closing(Store(tmp_path / "coach.db")) as store:
        with store.write() as connection:
            for n, (episode, robot) in enumerate([("a", "r"), ("b", "r"), ("c", "other"), ("d", "r")]):
                insert_episode(
                    connection, replace(EPISODE, episode_id=episode, robot_id=robot, started_unix_s=float(n))
                )
                payload = pack_transition(decision(episode, 0, n))
                step = replace(STEP, episode_id=episode, robot_id=robot, decision_seq=n, payload=payload)
                insert_steps(connection, [step])
        with store.read() as connection:
            assert [one.episode_id for one in newest(connection, "r", 2)] == ["b", "d"]
            with pytest.raises(ConfigError, match="'nobody' has played no episode"):
                newest(connection, "nobody", 2)
