"""What the agent and the simulated robot's processes say to each other, by way of slots in one folder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.control.body import BodyState
from shared.errors import CodecError
from shared.spaces import NUM_JOINTS

STATE_DTYPE = np.dtype(
    [
        ("time_s", "<f8"),
        ("joint_pos", "<f8", (NUM_JOINTS,)),
        ("joint_vel", "<f8", (NUM_JOINTS,)),
        ("head_pos", "<f8", (3,)),
        ("head_quat", "<f8", (4,)),
        ("imu_accel", "<f8", (3,)),
        ("imu_gyro", "<f8", (3,)),
        ("target", "<f8", (NUM_JOINTS,)),
    ]
)
TARGET_DTYPE = np.dtype([("target", "<f8", (NUM_JOINTS,)), ("relax", "u1")])

STATE_SLOT = "sim_state.slot"
"""Robot -> guard: a state record after every tick."""
TARGET_SLOT = "sim_target.slot"
"""Guard -> robot: the newest joint target; kept for ever, as the real daemon keeps it."""

FRAMES_SLOT = "frames.slot"
"""Simulated camera -> eyes: the newest frame, as `shared.sight.detections.pack_frame` makes it."""
TASK_SLOT = "task.slot"
"""Link -> policy and simulated camera: the newest TaskSpec in codec bytes."""
TASK_BYTES = 64 * 1024
"""Longest TaskSpec."""

STATE_SIZE = STATE_DTYPE.itemsize
TARGET_SIZE = TARGET_DTYPE.itemsize

_FIELDS = STATE_DTYPE.names or ()


def pack_state(state: BodyState) -> bytes:
    """A state as one record of `STATE_SIZE` bytes."""
    record = np.zeros((), STATE_DTYPE)
    for name in _FIELDS:
        record[name] = getattr(state, name)
    return record.tobytes()


def unpack_state(data: bytes) -> BodyState:
    """The state in a record.

    Raises:
        CodecError: the record has another size or holds numbers that are not finite.
    """
    record = _record(data, STATE_DTYPE)
    arrays = {name: np.array(record[name], np.float64) for name in _FIELDS[1:]}
    return BodyState(time_s=float(record["time_s"]), **arrays)


def pack_target(target: NDArray[np.float64], relax: bool = False) -> bytes:
    """A joint target, (9,) rad; `relax` asks for motors off."""
    record = np.zeros((), TARGET_DTYPE)
    record["target"] = target
    record["relax"] = relax
    return record.tobytes()


def unpack_target(data: bytes) -> tuple[NDArray[np.float64], bool]:
    """The joint target, (9,) rad, and whether motors are to be off.

    Raises:
        CodecError: the record has another size or holds numbers that are not finite.
    """
    record = _record(data, TARGET_DTYPE)
    return np.array(record["target"], np.float64), bool(record["relax"])


def _record(data: bytes, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    if len(data) != dtype.itemsize:
        raise CodecError(f"record of {len(data)} bytes where {dtype.itemsize} belong: other version?")
    record: NDArray[np.void] = np.frombuffer(data, dtype)[0]
    for name in dtype.names or ():
        if not np.isfinite(record[name]).all():
            raise CodecError(f"{name} is not finite: {record[name]}")
    return record
