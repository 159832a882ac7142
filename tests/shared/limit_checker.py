"""An independent judge of setpoints: sees emitted setpoints and the limits' figures, not the limiter."""

from __future__ import annotations

import numpy as np

DT_S = 0.02
DEG = np.pi / 180.0

# Written out again on purpose: a slip in the limiter's own table must not hide itself.
LOW = np.array([-157, -45, -77, -45, -77, -67, -77, -176, -176]) * DEG
HIGH = np.array([157, 77, 67, 77, 45, 77, 45, 176, 176]) * DEG
VEL = np.array([2, 4, 4, 4, 4, 4, 4, 6, 6], float)
ACC = np.array([20, 60, 60, 60, 60, 60, 60, 100, 100], float)
JERK = np.array([500, 1500, 1500, 1500, 1500, 1500, 1500, 3000, 3000], float)


def worst(start: np.ndarray, emitted: np.ndarray, factor: float = 1.0) -> dict[str, float]:
    """Largest use of each limit, 1 = at the limit, for setpoints (n, T, 9) emitted from rest at start (n, 9).

    `position` is how far [rad] a setpoint lies outside, negative inside; a start outside widens
    the range to itself.
    """
    still = np.repeat(start[:, None], 3, axis=1)
    p = np.concatenate([still, emitted], axis=1)
    v = np.diff(p, axis=1) / DT_S
    a = np.diff(v, axis=1) / DT_S
    j = np.diff(a, axis=1) / DT_S
    low, high = np.minimum(LOW, start)[:, None], np.maximum(HIGH, start)[:, None]
    return {
        "position": float(np.maximum(low - emitted, emitted - high).max()),
        "velocity": float((np.abs(v) / VEL).max()) / factor,
        "acceleration": float((np.abs(a) / ACC).max()) / factor,
        "jerk": float((np.abs(j) / JERK).max()) / factor,
    }


def assert_inside(start: np.ndarray, emitted: np.ndarray, factor: float = 1.0) -> None:
    """Not one setpoint outside any limit."""
    assert np.isfinite(emitted).all()
    found = worst(start, emitted, factor)
    assert found["position"] <= 0.0, found
    assert max(found["velocity"], found["acceleration"], found["jerk"]) <= 1.0, found


def head_rpy(joints: np.ndarray) -> np.ndarray:
    """Roll, pitch, yaw of the head as seen from the body, (..., 3) rad, for joints (..., 9).

    From the SDK's own data file: six rods of fixed length, by Newton's method with numeric derivatives.
    """
    arms, branches, crank_m, rod_m, height_m = _platform()
    q = joints[..., 1:7].reshape(-1, 6)
    tip = np.einsum("kij,nkj->nki", arms[:, :3, :3], np.stack([np.cos(q), np.sin(q), 0 * q], -1) * crank_m)
    tip = tip + arms[:, :3, 3]
    x = np.zeros((len(q), 6))

    def misfit(x):
        cr, cp, cy = np.cos(x[:, :3]).T
        sr, sp, sy = np.sin(x[:, :3]).T
        R = np.array(
            [
                [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
                [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
                [-sp, cp * sr, cp * cr],
            ]
        )
        end = np.einsum("ijn,kj->nki", R, branches) + x[:, None, 3:] * 0.03 + [0, 0, height_m]
        return (np.linalg.norm(end - tip, axis=2) - rod_m) / 0.03

    for _ in range(40):
        now = misfit(x)
        slope = np.stack([(misfit(x + 1e-6 * e) - now) / 1e-6 for e in np.eye(6)], axis=2)
        step = np.linalg.solve(slope + 1e-12 * np.eye(6), now[..., None])[..., 0]
        x = x - np.clip(step, -0.3, 0.3)
    assert np.abs(misfit(x)).max() < 1e-6
    return x[:, :3].reshape(*joints.shape[:-1], 3)


def _platform():
    import json
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("reachy_mini")
    assert spec is not None
    data = json.loads((Path(spec.origin).parent / "assets" / "kinematics_data.json").read_text())
    arms = np.linalg.inv(np.array([m["T_motor_world"] for m in data["motors"]]))
    branches = np.array([m["branch_position"] for m in data["motors"]])
    return arms, branches, data["motor_arm_length"], data["rod_length"], data["head_z_offset"]
