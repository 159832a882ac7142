"""How much of the motion limits robots may use: tight at first, wider with every episode that went well.

Evidence counts for each robot from its last roll-back on, and the robot with the least decides.
"""

from __future__ import annotations

import time

from learner.store import queries
from learner.store.engine import Store

LADDER = ((0, 0.7), (8, 0.85), (20, 1.0))
"""Clean robot episodes -> share of the motion limits."""
SEEN_S = 600.0
"""Robots that were not heard of for longer have no say."""


def profile_of(episodes: int) -> float:
    """The share that so many clean episodes allow."""
    return max(share for least, share in LADDER if episodes >= least)


def earned_profile(store: Store, now_unix_s: float | None = None) -> float:
    """The share of the motion limits that the next policy is published with."""
    now = time.time() if now_unix_s is None else now_unix_s
    with store.read() as connection:
        seen = [r.robot_id for r in queries.list_robots(connection) if now - r.last_seen_unix_s < SEEN_S]
        clean = [queries.clean_episodes(connection, robot_id) for robot_id in seen]
    return profile_of(min(clean, default=0))
