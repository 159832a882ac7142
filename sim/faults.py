"""Faults of sensors, put into recorded observations: what the detector is measured against.

Each is a pure function of clean observations (n, T, 512), the tick from which the fault is there, and a
random generator; it gives a copy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, NUM_JOINTS, slot_range

F32 = NDArray[np.float32]
Bool = NDArray[np.bool_]
Fault = Callable[[F32, int, np.random.Generator], F32]

_GROUPS = {
    "joints": [slot_range("joint_pos")],
    "velocities": [slot_range("joint_vel")],
    "head": [slot_range("head_pos"), slot_range("head_rpy")],
    "imu": [slot_range("imu_accel"), slot_range("imu_gyro")],
    "body": [
        slot_range(name)
        for name in ("joint_pos", "joint_vel", "head_pos", "head_rpy", "imu_accel", "imu_gyro")
    ],
    "picture": [slot_range("detections")],
}
SLOTS = {name: np.concatenate([np.r_[part] for part in parts]) for name, parts in _GROUPS.items()}
"""Observation slots that fail together."""

DELAY_TICKS = (9, 30)
"""0.18 to 0.6 s; what bodies differ in anyway is up to 0.1 s."""
FACTORS = ((0.0, 0.7), (1.4, 2.5))
"""A scaled sensor reads so many times the truth."""

_FELT = {
    "joint_pos": 0.06,
    "joint_vel": 0.8,
    "head_pos": 0.004,
    "head_rpy": 0.06,
    "imu_accel": 4.0,
    "imu_gyro": 1.0,
    "frame_age": 0.5,
    "brightness": 0.3,
}
"""A fault is felt from the tick on which it puts one of these off by so much [unit of the slot]."""
FELT_PICTURE = 0.08
"""Likewise for u and v of a detection that is there: 7 degrees across or 4 down; two live pictures of the
same scene differ by up to 0.06."""


def frozen(group: str) -> Fault:
    """The group repeats its last reading for ever."""

    def fault(obs: F32, at: int, rng: np.random.Generator) -> F32:
        del rng
        out = obs.copy()
        out[:, at:, SLOTS[group]] = obs[:, at - 1 : at, SLOTS[group]]
        return out

    return fault


def delayed(group: str) -> Fault:
    """The group reads what it read some while ago; a constant delay for each stream, in `DELAY_TICKS`."""

    def fault(obs: F32, at: int, rng: np.random.Generator) -> F32:
        out = obs.copy()
        for i, delay in enumerate(rng.integers(DELAY_TICKS[0], DELAY_TICKS[1] + 1, len(obs))):
            now = np.arange(at, obs.shape[1])
            # While the buffer fills, the last reading stays.
            then = np.maximum(now - delay, at - 1)
            out[i, at:, SLOTS[group]] = obs[i, then][:, SLOTS[group]].T
        return out

    return fault


def scaled(group: str) -> Fault:
    """The group reads a multiple of the truth, by a factor in `FACTORS`."""

    def fault(obs: F32, at: int, rng: np.random.Generator) -> F32:
        out = obs.copy()
        for i, factor in enumerate(_factors(rng, len(obs))):
            out[i, at:, SLOTS[group]] *= np.float32(factor)
        return out

    return fault


def one_joint(kind: str) -> Fault:
    """A single joint, drawn at random, is `frozen`, `scaled` or `nan`; its velocity follows the fault."""

    def fault(obs: F32, at: int, rng: np.random.Generator) -> F32:
        out = obs.copy()
        first, speed = slot_range("joint_pos").start, slot_range("joint_vel").start
        factors = _factors(rng, len(obs))
        for i, joint in enumerate(rng.integers(NUM_JOINTS, size=len(obs))):
            if kind == "frozen":
                out[i, at:, first + joint] = obs[i, at - 1, first + joint]
                out[i, at:, speed + joint] = 0.0
            elif kind == "scaled":
                out[i, at:, [first + joint, speed + joint]] *= np.float32(factors[i])
            else:
                out[i, at:, first + joint] = np.nan
        return out

    return fault


def swapped_joints(obs: F32, at: int, rng: np.random.Generator) -> F32:
    """Two joints' readings, positions and velocities, are exchanged."""
    out = obs.copy()
    for i in range(len(obs)):
        a, b = rng.choice(NUM_JOINTS, 2, replace=False)
        for name in ("joint_pos", "joint_vel"):
            first = slot_range(name).start
            out[i, at:, [first + a, first + b]] = obs[i, at:, [first + b, first + a]]
    return out


def zero(group: str) -> Fault:
    """The group is not a number; that is observed as 0."""

    def fault(obs: F32, at: int, rng: np.random.Generator) -> F32:
        del rng
        out = obs.copy()
        out[:, at:, SLOTS[group]] = 0.0
        return out

    return fault


def dark_camera(obs: F32, at: int, rng: np.random.Generator) -> F32:
    """The lens is covered or the light is gone: hardly any brightness, nothing detected."""
    out = obs.copy()
    shape = out[:, at:, slot_range("brightness")].shape
    out[:, at:, slot_range("brightness")] = rng.uniform(0.0, 0.05, shape)
    out[:, at:, SLOTS["picture"]] = 0.0
    return out


def stale_camera(obs: F32, at: int, rng: np.random.Generator) -> F32:
    """The camera stopped; the age of its last picture rises and what was seen in it stays."""
    out = frozen("picture")(obs, at, rng)
    out[:, at:, slot_range("frame_age")] = 0.02 * (1 + np.arange(obs.shape[1] - at)[None, :, None])
    return out


FAULTS: dict[str, Fault] = {
    **{f"frozen {group}": frozen(group) for group in _GROUPS},
    **{f"delayed {group}": delayed(group) for group in ("joints", "velocities", "head", "imu", "body")},
    **{f"scaled {group}": scaled(group) for group in ("joints", "velocities", "head", "imu")},
    **{f"{kind} joint": one_joint(kind) for kind in ("frozen", "scaled", "nan")},
    **{f"zero {group}": zero(group) for group in ("joints", "head", "imu")},
    "swapped joints": swapped_joints,
    "dark camera": dark_camera,
    "stale camera": stale_camera,
}
"""Every kind of fault by name."""


def felt(clean: F32, faulty: F32) -> Bool:
    """(n, T): the observation is off by as much as could matter to a policy."""
    out = np.zeros(clean.shape[:2], np.bool_)
    for name, most in _FELT.items():
        part = slot_range(name)
        off = np.abs(faulty[..., part] - clean[..., part])
        out |= ~(off <= most).all(axis=-1)
    shape = (*clean.shape[:2], NUM_DETECTIONS, len(DETECTION_FIELDS))
    before, after = (part[..., slot_range("detections")].reshape(shape) for part in (clean, faulty))
    there = (before[..., 2] != 0.0) & (after[..., 2] != 0.0)
    same = (before[..., 6:] == after[..., 6:]).all(axis=-1)
    off = np.abs(after[..., :2] - before[..., :2]).max(axis=-1)
    out |= (there & same & (off > FELT_PICTURE)).any(axis=-1)
    return out


def _factors(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    spans = np.array(FACTORS)[rng.integers(len(FACTORS), size=n)]
    return np.asarray(rng.uniform(spans[:, 0], spans[:, 1]))
