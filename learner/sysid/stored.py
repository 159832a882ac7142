"""Traces out of what robots have done anyway: setpoints and measured joints of every decision are kept.

So a robot needs no motion of its own to be identified; all of it went through its guard.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from learner.store.queries.episodes import list_episodes
from learner.store.queries.steps import episode_steps
from learner.sysid.trace import GAP_S, MIN_PIECE, Trace
from shared.codec import unpack_transition
from shared.errors import ConfigError
from shared.messages import Transition
from shared.spaces import TICK_S

F64 = NDArray[np.float64]


def newest(connection: Connection, robot_id: str, episodes: int) -> list[Transition]:
    """The records of a robot's newest episodes, oldest first.

    Raises:
        ConfigError: the robot has none.
    """
    found = list_episodes(connection, limit=episodes, robot_id=robot_id)
    if not found:
        raise ConfigError(f"robot {robot_id!r:.60} has played no episode that is stored here")
    steps = [step for episode in reversed(found) for step in episode_steps(connection, episode.episode_id)]
    return [unpack_transition(step.payload) for step in steps]


def from_transitions(transitions: Iterable[Transition]) -> Trace:
    """A trace of one robot's records, in their order: every episode is a piece, up to its first gap.

    Episodes begin after the robot has moved to a start pose and stands still.

    Raises:
        ConfigError: there is not enough.
    """
    setpoints, joints, t_s = list[F64](), list[F64](), list[F64]()
    episode, due, end_s = "", -1, 0.0
    for one in transitions:
        begins = one.episode_step == 0
        if not begins and (one.episode_id != episode or one.state_seq != due):
            due = -1  # something in between is missing
            continue
        if begins:
            end_s += 2.0 * GAP_S
        episode, due = one.episode_id, one.state_seq + one.n_ticks
        setpoints.append(np.asarray(one.setpoints, np.float64))
        joints.append(np.asarray(one.joints, np.float64))
        t_s.append(end_s + TICK_S * np.arange(1, one.n_ticks + 1, dtype=np.float64))
        end_s += TICK_S * one.n_ticks
    if not t_s:
        raise ConfigError(f"no episode has {MIN_PIECE} ticks from its start on; let the robot play first")
    return Trace(np.concatenate(t_s), np.concatenate(setpoints), np.concatenate(joints))
