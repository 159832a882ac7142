"""Faults of sensors, put into recorded observations: what the detector is measured against.

Each is a pure function of clean observations (n, T, 512), the tick from which the fault is there, and a
random generator; it gives a copy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from shared.control.vision import NOISE
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, NUM_JOINTS, TICK_S, slot_range
from sim.traces import BODIES, VELOCITY_SHARE

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

SIGMAS = 5.0
"""An error is more than noise from so many standard deviations on: less comes by chance in hours."""
_NOISE = {
    "joint_pos": max(max(body.joint_noise_rad, body.encoder_step_rad) for body in BODIES.values()),
    "joint_vel": max(  # or one step of the encoder, differenced and smoothed
        max(body.velocity_noise, VELOCITY_SHARE * body.encoder_step_rad / TICK_S) for body in BODIES.values()
    ),
    # What the cranks' noise comes to through the linkage: arms of 40 mm, a platform of 30 mm.
    "head_pos": 0.0002,
    "head_rpy": 0.003,
    "imu_accel": max(body.accel_noise for body in BODIES.values()),
    "imu_gyro": max(body.gyro_noise for body in BODIES.values()),
}
"""The stated noise of each sensor, of the noisiest body [unit of the slot]."""
AGE_TICKS = max(body.delay[1] for body in BODIES.values())
"""The stated age of what bodies measure: a healthy reading may be so many ticks early or late."""
FELT_OF_TEN = 5
"""An error that is felt is there on so many of ten ticks."""
_CAMERA = {"frame_age": 0.5, "brightness": 0.3}
"""The camera has no stated noise of these: a picture half a second late [s], or far darker."""


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
    """(n, T): from here on the observation is wrong by more than a healthy sensor could be.

    A reading is wrong on a tick when it is further than `SIGMAS` of stated noise from all that the sensor
    truly read within `AGE_TICKS`; it is felt on a wrong tick that begins ten with `FELT_OF_TEN` wrong ones.
    """
    wrong = _wrong(clean, faulty)
    ahead = np.concatenate([wrong, np.zeros((len(wrong), 9), np.bool_)], axis=1)
    among = np.lib.stride_tricks.sliding_window_view(ahead, 10, axis=1).sum(axis=2)
    return np.asarray(wrong & (among >= FELT_OF_TEN))


def _wrong(clean: F32, faulty: F32) -> Bool:
    """(n, T)."""
    out = np.zeros(clean.shape[:2], np.bool_)
    for name, noise in _NOISE.items():
        part = slot_range(name)
        low, high = _span(clean[..., part])
        off = np.maximum(faulty[..., part] - high, low - faulty[..., part])
        # Whatever compares as false is not a number.
        out |= ~(off <= SIGMAS * noise).all(axis=-1)
    for name, most in _CAMERA.items():
        part = slot_range(name)
        out |= (np.abs(faulty[..., part] - clean[..., part]) > most).any(axis=-1)
    shape = (*clean.shape[:2], NUM_DETECTIONS, len(DETECTION_FIELDS))
    before, after = (part[..., slot_range("detections")].reshape(shape) for part in (clean, faulty))
    there = (before[..., 2] != 0.0) & (after[..., 2] != 0.0)
    same = (before[..., 6:] == after[..., 6:]).all(axis=-1)
    off = np.abs(after[..., :2] - before[..., :2]).max(axis=-1)
    # Both pictures are noisy.
    out |= (there & same & (off > np.sqrt(2.0) * SIGMAS * NOISE.centre)).any(axis=-1)
    return out


def _span(clean: F32) -> tuple[F32, F32]:
    """Least and largest of each reading within `AGE_TICKS` before and after."""
    padded = np.pad(clean, ((0, 0), (AGE_TICKS, AGE_TICKS), (0, 0)), mode="edge")
    near = np.lib.stride_tricks.sliding_window_view(padded, 2 * AGE_TICKS + 1, axis=1)
    return near.min(axis=-1), near.max(axis=-1)


def _factors(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    spans = np.array(FACTORS)[rng.integers(len(FACTORS), size=n)]
    return np.asarray(rng.uniform(spans[:, 0], spans[:, 1]))
