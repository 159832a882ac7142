"""A state and a record of the guard, to be changed where a test cares."""

from dataclasses import replace

import numpy as np

from robot_agent.frames import GuardState, Kind, Mode, Record
from shared.messages import END_REASONS
from shared.tools import TRACE_TICKS

ZERO = np.zeros(9)


def guard_state(**changes):
    """At rest between episodes."""
    state = GuardState(
        state_seq=50,
        mode=Mode.ACTIVE,
        boot_epoch=1,
        decision_seq=0,
        action_seq=0,
        kind=Kind.IDLE,
        finished=True,
        episode_id="",
        episode_step=0,
        tool=0,
        last_end=0,
        time_s=1.0,
        joint_pos=ZERO,
        joint_vel=ZERO,
        head_pos=np.zeros(3),
        head_quat=np.array([1.0, 0, 0, 0]),
        imu_accel=np.zeros(3),
        imu_gyro=np.zeros(3),
        target=ZERO,
    )
    return replace(state, **changes)


def record(**changes):
    """A decision of 12 ticks that ran to its end."""
    rows = np.ones((TRACE_TICKS, 9), np.float32)
    made = Record(
        1, 2, "e1", 3, np.ones(512, np.float32), 8, np.zeros(4, np.float32), -1.0, 0.5, 1, 3, 0,
        END_REASONS.index("completed"), 12, 100, 1, 2, 1e9, rows, rows, np.ones((TRACE_TICKS, 7), np.float32),
    )  # fmt: skip
    return replace(made, **changes)
