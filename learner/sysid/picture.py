"""Measured joints beside those of the body that was found, and of the one the search began from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from learner.sysid.fit import Fitted
from learner.sysid.replay import replay
from learner.sysid.trace import Trace
from shared.errors import ConfigError, MissingExtra
from shared.spaces import JOINTS
from sim.randomize import Dynamics

ENDINGS = (".png", ".svg", ".webp")
SHOWN = ("body_yaw", "stewart_1", "right_antenna")
SHOWN_S = (2.0, 8.0)


def check_ending(path: Path) -> None:
    """Refuse a file that cannot be written, before anything is computed.

    Raises:
        ConfigError: an ending that stands for no picture, or a folder that is not there.
    """
    if path.suffix.lower() not in ENDINGS or not path.parent.is_dir():
        raise ConfigError(f"cannot write {path}: an existing folder and {', '.join(ENDINGS)} are expected")


def draw(path: Path, trace: Trace, fitted: Fitted) -> None:
    """Write the picture.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("learner", "matplotlib") from None
    stock = Dynamics(strength_nm=fitted.dynamics.strength_nm)
    before, after = replay(trace, [stock, fitted.dynamics])
    t = trace.t_s - trace.t_s[0]
    first = trace.pieces[0]
    last_s = min(SHOWN_S[1], float(t[first.stop - 1]))
    some = (t >= min(SHOWN_S[0], 0.5 * last_s)) & (t <= last_s)
    figure = Figure(figsize=(8.0, 6.0), layout="constrained")
    for k, (axis, name) in enumerate(zip(figure.subplots(len(SHOWN), 1, sharex=True), SHOWN, strict=True)):
        joint = JOINTS.index(name)
        for values, style, label in (
            (trace.setpoints, {"color": "#b9bec7", "linewidth": 1.0}, "setpoint"),
            (before, {"color": "#d9822b", "linewidth": 1.0, "linestyle": "--"}, "the model as shipped"),
            (trace.joints, {"color": "#1b1f27", "linewidth": 2.2}, "recorded"),
            (after, {"color": "#2f7ed8", "linewidth": 1.1}, "fitted"),
        ):
            axis.plot(t[some], np.rad2deg(values[some, joint]), label=label, **style)
        axis.set_ylabel(f"{name} [deg]")
        axis.spines[["top", "right"]].set_visible(False)
        if k == 0:
            left = f"left over: {fitted.before_deg:.2f}° as shipped, {fitted.rms_deg:.2f}° fitted"
            axis.set_title(left, loc="left", fontsize="medium")
            figure.legend(
                *axis.get_legend_handles_labels(), frameon=False, ncols=4, loc="outside lower center"
            )
    axis.set_xlabel("s")
    figure.savefig(path, dpi=110)
