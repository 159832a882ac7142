"""The contract of `Body`, executable: run it on every body there is, as Gymnasium's `check_env` is on
environments."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from shared.control.body import F64, Body, BodyState
from shared.control.limits import LimiterState, at_rest, limit
from shared.errors import BodyError
from shared.spaces import JOINTS, NUM_JOINTS, TICK_S

_SHAPES = {
    "joint_pos": (NUM_JOINTS,),
    "joint_vel": (NUM_JOINTS,),
    "head_pos": (3,),
    "head_quat": (4,),
    "imu_accel": (3,),
    "imu_gyro": (3,),
    "target": (NUM_JOINTS,),
}
_ANTENNA_STEP_RAD = 0.3
_YAW_STEP_RAD = 0.2
_MAX_TICKS = 200


def check_body(
    body: Body,
    *,
    reopen: Callable[[], Body] | None = None,
    tolerance_rad: float = 0.05,
    settle_ticks: int = 50,
    pause: Callable[[], None] = lambda: time.sleep(TICK_S),
) -> None:
    """Try every promise that `Body` makes; moves the body turn and both antennas a little, within the limits.

    Args:
        body: an open body; it is closed at the end.
        reopen: opens the same robot again, to see that closing moved nothing; skipped if absent.
        tolerance_rad: how close a joint must come to its target.
        settle_ticks: ticks to let it settle after a motion.
        pause: waits one tick, or steps a simulation by one.

    Raises:
        BodyError: a promise is broken; says which.
    """
    first = _read(body)
    home = first.target.copy()
    _hold_still(body, pause, tolerance_rad)
    for joint, step in (
        ("right_antenna", _ANTENNA_STEP_RAD),
        ("left_antenna", _ANTENNA_STEP_RAD),
        ("body_yaw", _YAW_STEP_RAD),
    ):
        away = home.copy()
        away[JOINTS.index(joint)] += step
        _moves_only(body, joint, (home, away), tolerance_rad, (settle_ticks, pause))
    _later(body, pause)
    before = _read(body)
    body.close()
    if reopen is not None:
        _closing_moves_nothing(reopen(), before, pause, tolerance_rad)


def _read(body: Body) -> BodyState:
    state = body.read()
    if not np.isfinite(state.time_s):
        raise BodyError(f"time_s is {state.time_s}")
    for name, shape in _SHAPES.items():
        value = np.asarray(getattr(state, name))
        if value.shape != shape or not np.isfinite(value).all():
            raise BodyError(f"{name}: expected {shape} finite numbers, got {value!r}")
    length = float(np.linalg.norm(state.head_quat))
    if abs(length - 1.0) > 1e-3:
        raise BodyError(f"head_quat has length {length}, not 1")
    return state


def _later(body: Body, pause: Callable[[], None]) -> None:
    first = _read(body).time_s
    for _ in range(10):
        pause()
        now = _read(body).time_s
        if now < first:
            raise BodyError(f"time went back from {first} to {now} s")
        if now > first:
            return
    raise BodyError(f"time stands still at {first} s")


def _move(body: Body, start: F64, goal: F64, pause: Callable[[], None]) -> None:
    state = LimiterState.at(start[None])
    for _ in range(_MAX_TICKS):
        state, _ = limit(state, goal[None])
        body.write(state.pos[0])
        pause()
        if bool(at_rest(state)[0]):
            return
    raise BodyError("the limiter did not come to rest")


def _moves_only(
    body: Body,
    joint: str,
    way: tuple[F64, F64],
    tolerance_rad: float,
    settle: tuple[int, Callable[[], None]],
) -> None:
    home, away = way
    settle_ticks, pause = settle
    rest = _read(body).joint_pos
    for start, goal in ((home, away), (away, home)):
        _move(body, start, goal, pause)
        for _ in range(settle_ticks):
            pause()
            state = _read(body)
        if not np.allclose(state.target, goal, rtol=0.0, atol=1e-3):
            raise BodyError(f"{joint}: wrote target {goal}, but the body holds {state.target}")
        moved = state.joint_pos - rest
        wanted = goal - home
        wrong = np.abs(moved - wanted) > tolerance_rad
        if wrong.any():
            names = ", ".join(
                f"{JOINTS[k]} {moved[k]:+.3f} for {wanted[k]:+.3f}" for k in np.flatnonzero(wrong)
            )
            raise BodyError(f"asked {joint} to move; moved [rad]: {names}. Check joint order and signs")


def _hold_still(body: Body, pause: Callable[[], None], tolerance_rad: float) -> None:
    before = _read(body)
    body.hold()
    for _ in range(5):
        pause()
        after = _read(body)
    _same(before, after, "hold", tolerance_rad)


def _closing_moves_nothing(
    body: Body, before: BodyState, pause: Callable[[], None], tolerance_rad: float
) -> None:
    pause()
    after = _read(body)
    body.close()
    _same(before, after, "close", tolerance_rad)


def _same(before: BodyState, after: BodyState, cause: str, tolerance_rad: float) -> None:
    if np.abs(after.joint_pos - before.joint_pos).max() > tolerance_rad:
        raise BodyError(f"{cause} moved the joints from {before.joint_pos} to {after.joint_pos}")
    if np.abs(after.target - before.target).max() > 1e-3:
        raise BodyError(f"{cause} changed the target from {before.target} to {after.target}")
