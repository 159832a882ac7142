"""Draws docs/img/limits.svg: what a bang-bang target becomes in the shield. Run from the repository root."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("svg")
import matplotlib.pyplot as plt

from shared.control import pose_set, shield
from shared.control.kinematics import NEUTRAL
from shared.control.limits import LIMITS, LimiterState
from shared.control.rotations import matrix_to_rpy
from shared.spaces import TICK_S

TICKS = 100
CRANK = 1


def main() -> None:
    """Draw one crank, its target and limits; below, the head's angles in their cone and the head's distance
    from the trunk."""
    mpl.rcParams["svg.hashsalt"] = "limits"
    rng = np.random.default_rng(4)
    targets = np.repeat(np.where(rng.random((TICKS // 10, 9)) < 0.5, LIMITS.low, LIMITS.high), 10, axis=0)
    _, out, _ = shield.limit_many(LimiterState.at(NEUTRAL[None]), targets[None])
    emitted, t = out[0], np.arange(TICKS) * TICK_S
    pos, R, _ = pose_set.head_pose(emitted)
    rpy = np.rad2deg(matrix_to_rpy(R))
    figure, axes = plt.subplots(3, 1, figsize=(8, 7), sharex=True)
    axes[0].step(t, np.rad2deg(targets[:, CRANK]), "0.7", where="post", label="asked for")
    axes[0].plot(t, np.rad2deg(emitted[:, CRANK]), "C0", label="emitted")
    axes[0].set_ylabel("crank 1 [deg]")
    axes[0].legend(loc="upper right")
    for k, name in enumerate(("roll", "pitch", "yaw against the body")):
        axes[1].plot(t, rpy[:, k] / np.rad2deg(pose_set.POSE_CAPS[k]), label=name)
    for edge in (-1.0, 1.0):
        axes[1].axhline(edge, color="k", linewidth=0.7)
    axes[1].set_ylabel("share of the cone")
    axes[1].legend(loc="upper right")
    axes[2].plot(t, 1e3 * pose_set.head_clearance(pos, R), "C0")
    axes[2].axhline(1e3 * pose_set.MARGIN_M, color="k", linewidth=0.7)
    axes[2].set(ylabel="head to trunk [mm]", xlabel="time [s]", ylim=(0, None))
    figure.tight_layout()
    figure.savefig(Path("docs/img/limits.svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
