"""The limiter with pose limits: also the head's cone, its reach and its distance from the trunk are kept.

Each joint's limiter knows only its own joint. Here its proposal counts only if every setpoint of the braking
path from it lies in the pose set too. Where it does not, the robot gets the largest step between braking and
the proposal of which that is true. Braking one tick along a path that has been proven stays on that path, so
from a proven start every emitted setpoint, and all of the braking from it, is inside every limit.

A start outside a pose limit (a sleeping robot, a head moved by hand) may not go further out: either no limit
is exceeded by more than it is on the braking path already, or the whole path comes nearer to the neutral
pose. On either way cone and clearance, once both are kept, stay kept: a path that would come inside and
leave again is refused before it begins. From where the head's pose is proven no way leads to where it is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.control import limits as joints
from shared.control import pose_set
from shared.control.braking import F64, Limits
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS, MIN_PROFILE, LimiterState, at_rest, brake
from shared.spaces import NUM_JOINTS

__all__ = ["LIMITS", "MIN_PROFILE", "LimiterState", "at_rest", "brake", "limit", "limit_many"]

Bool = NDArray[np.bool_]

SHARES: F64 = np.array([0.08, 0.25, 0.5, 0.75])
"""Steps tried between braking (0) and the proposal (1), smallest first."""
_WEIGHT: F64 = np.array([0.0, *[1.0] * 6, 0.3, 0.3])
"""Of each joint in the distance from neutral."""
_PROMISED = np.array([0, 1, 2, 4, 5, 6])
"""Columns of cone and clearance in a pose's excess; the reach between them is only a means to keep them."""
_RELAPSE, _AWAY = 7, 8
"""Columns after the seven excesses of `worst_ahead`."""
_NEARLY = 2.0 * pose_set.HAIR
"""Up to this a setpoint may count as inside elsewhere, where no hair is taken off."""
_OUTSIDE = 0.5 * pose_set.HAIR
"""Above this a braking path is outside the set; below, it is inside and rounding shows."""


def limit(state: LimiterState, target: F64, limits: Limits = LIMITS) -> tuple[LimiterState, Bool]:
    """One tick; arguments and results as `limits.limit`."""
    proposed, changed = joints.limit(state, target, limits)
    rows = np.flatnonzero(~at_rest(proposed) | (proposed.pos != state.pos).any(axis=1))
    if len(rows) == 0:
        return proposed, changed
    over = worst_ahead(_rows(proposed, rows), limits)
    beyond = np.flatnonzero((over[:, :_RELAPSE] > 0.0).any(axis=1))
    if len(beyond) == 0:
        return proposed, changed
    rows = rows[beyond]
    pos = proposed.pos.copy()
    pos[rows] = _largest(_rows(state, rows), proposed.pos[rows], over[beyond], limits)
    return joints.emit(state, pos, np.asarray(target, np.float64))


def limit_many(
    state: LimiterState, setpoints: F64, limits: Limits = LIMITS
) -> tuple[LimiterState, F64, Bool]:
    """`limit` for T ticks: setpoints (n, T, 9) -> last state, emitted (n, T, 9), changed (n, T)."""
    return joints.limit_many(state, setpoints, limits, limit)


def worst_ahead(state: LimiterState, limits: Limits = LIMITS) -> F64:
    """What the present setpoint and all of braking from it lead to, (n, 9): the largest excess of each pose
    limit, 1 where cone and clearance are kept and then left again, the largest distance from neutral."""
    path = joints.braking_path(state, limits)
    ticks, n, _ = path.shape
    flat = path.reshape(-1, NUM_JOINTS)
    excess = pose_set.excess(flat).reshape(ticks, n, -1)
    promised = excess[..., _PROMISED].max(axis=2)
    was_inside = np.logical_or.accumulate(promised <= _NEARLY, axis=0)[:-1]
    relapse = (was_inside & (promised[1:] > 0.0) & (promised[1:] > promised[:-1])).any(axis=0)
    away = np.sqrt((((flat - NEUTRAL) * _WEIGHT) ** 2).sum(axis=1)).reshape(ticks, n)
    return np.concatenate([excess.max(axis=0), relapse[:, None], away.max(axis=0)[:, None]], axis=1)


def _largest(before: LimiterState, proposed: F64, over: F64, limits: Limits) -> F64:
    """The largest step from braking towards `proposed`, (m, 9) rad, that keeps the pose set; `over` (m, 9) is
    what lies ahead of the proposal."""
    braked = brake(before, limits).pos
    shares = np.concatenate([[0.0], SHARES])[:, None]
    ways = braked[:, None, :] + shares * (proposed - braked)[:, None, :]
    flat, tries = ways.reshape(-1, NUM_JOINTS), len(shares)
    states = _rows(before, np.repeat(np.arange(len(ways)), tries))
    ahead = worst_ahead(joints.emit(states, flat, flat)[0], limits).reshape(-1, tries, over.shape[1])
    # The proposal has the limiter's word for its joints already.
    ahead = np.concatenate([ahead, over[:, None]], axis=1)
    ways = np.concatenate([ways, proposed[:, None]], axis=1)
    fits = np.ones(ahead.shape[:2], np.bool_)
    fits[:, :-1] = joints.admits(states, flat, limits).reshape(-1, tries)
    fits &= _keeps(ahead, ahead[:, :1])
    fits[:, 0] = True
    best = tries - fits[:, ::-1].argmax(axis=1)
    return np.asarray(ways[np.arange(len(ways)), best])


def _keeps(ahead: F64, braking: F64) -> Bool:
    """Whether what lies `ahead` is inside the pose set, or no further out than what braking leads to."""
    outside = braking[..., :_RELAPSE] > _OUTSIDE
    room = np.where(outside & np.isfinite(braking[..., :_RELAPSE]), braking[..., :_RELAPSE], 0.0)
    no_worse = (ahead[..., :_RELAPSE] <= room).all(axis=-1)
    kept = (ahead[..., _PROMISED] <= 0.0).all(axis=-1) | outside[..., _PROMISED].any(axis=-1)
    proven = np.isfinite(ahead[..., 0]) | np.isinf(braking[..., 0])
    nearer = outside.any(axis=-1) & kept & proven & (ahead[..., _AWAY] <= braking[..., _AWAY])
    return np.asarray((no_worse | nearer) & (ahead[..., _RELAPSE] == 0.0))


def _rows(state: LimiterState, rows: NDArray[np.intp]) -> LimiterState:
    return LimiterState(state.pos[rows], state.vel[rows], state.acc[rows], state.on_target[rows])
