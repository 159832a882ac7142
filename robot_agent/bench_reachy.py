"""`reachy-coach bench stop --body reachy`: the same agent on Reachy Mini's own daemon.

What the guard promises is about its output. Behind it are the SDK, the daemon's loop, and physics or motors:
what they add is measured here and shown apart.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robot_agent.bench_rig import START_S, Rig, in_time, rig
from robot_agent.bench_stop import press_again_and_again, rest_figures, stop_at_full_speed, stop_figures
from robot_agent.bodies.reachy import ReachyBody, from_sdk
from robot_agent.daemon import ask_daemon
from robot_agent.frames import GuardState, Mode
from robot_agent.guard.start_move import start_move
from robot_agent.guard.watchdogs import BAND_TICKS, TRACKING_RAD
from shared.control.limits import LIMITS
from shared.control.motions import joints_of
from shared.spaces import TICK_S

F64 = NDArray[np.float64]

PRESSES_A_POSE = 25
"""One enabling for so many presses."""
PLAY_S_A_PRESS = 0.2
SETTLE_S = 0.6
WATCHED_S = 0.5
"""After it is enabled, the body is watched for so long."""
SLEEP_EVERY = 5
"""Of so many poses one is the one in which the robot sleeps."""


@dataclass(frozen=True)
class Enabled:
    """What a guard did to a robot that it found somewhere."""

    asleep: bool
    jump_rad: float
    """First setpoint against the pose that was measured then, the worst joint."""
    moved_rad: float
    """How far any joint went meanwhile."""


def bench_reachy(port: int, presses: int, standstills: int) -> dict[str, Any]:
    """Measure stops, enabling and how well the body follows, on a daemon.

    Args:
        port: the daemon's.
        presses: of pedal, socket and page in turn, while a policy plays.
        standstills: stops out of motion at full speed.

    Returns:
        Percentiles [ms], jumps [deg], and what came of normal play.
    """
    rng = np.random.default_rng(0)
    report = ask_daemon(port)
    with in_time() as priority:
        with rig(daemon_port=port) as agent:
            play = _play(agent, presses * PLAY_S_A_PRESS)
            found = press_again_and_again(agent, presses, rng)
        with rig(policy=False, daemon_port=port) as agent:
            still = stop_at_full_speed(agent, standstills, rng)
            enabled = [_enable(agent, port, n, rng) for n in range(-(-presses // PRESSES_A_POSE))]
    return {
        "presses": presses,
        "missed": presses - len(found),
        "all": stop_figures(found),
        "standstill_from_full_speed": rest_figures(still),
        "enabled": _enabled_figures(enabled),
        "normal_play": play,
        "bench_priority": priority,
        "load_average": round(os.getloadavg()[0], 2),
        "body": f"reachy-mini-daemon {report.version}, {'simulated' if report.simulated else 'a robot'}",
    }


def _play(agent: Rig, seconds: float) -> dict[str, Any]:
    """Let a policy play, and see how far the body stays away from where it was sent lately."""
    states: list[GuardState] = []
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        state = agent.state()
        if not states or state.state_seq != states[-1].state_seq:
            states.append(state)
        time.sleep(0.2 * TICK_S)
    beyond = _beyond(np.array([s.target for s in states]), np.array([s.joint_pos for s in states]))
    groups = {"body_yaw": slice(0, 1), "head": slice(1, 7), "antennas": slice(7, 9)}
    return {
        "seconds": round(seconds, 1),
        "ticks_seen": len(states),
        "decisions": states[-1].decision_seq - states[0].decision_seq,
        "ticks_in_fault": sum(state.mode == Mode.FAULT for state in states),
        "faults": sorted({state.fault for state in states if state.fault}),
        "beyond_the_setpoints_of_240_ms_max_deg": {
            name: round(float(np.rad2deg(beyond[:, joints].max(initial=0.0))), 2)
            for name, joints in groups.items()
        },
        "allowed_for_half_a_second_deg": {
            name: round(float(np.rad2deg(TRACKING_RAD[joints].min())), 1) for name, joints in groups.items()
        },
    }


def _beyond(targets: F64, joints: F64) -> F64:
    """(n, 9) rad by which a joint lies outside its setpoints of the last ticks."""
    if len(targets) < BAND_TICKS:
        return np.zeros((0, targets.shape[1]))
    band = np.lib.stride_tricks.sliding_window_view(targets, BAND_TICKS, axis=0)
    here = joints[BAND_TICKS - 1 :]
    found: F64 = np.maximum(np.maximum(here - band.max(axis=-1), band.min(axis=-1) - here), 0.0)
    return found


def _enable(agent: Rig, port: int, number: int, rng: np.random.Generator) -> Enabled:
    """End the guard, leave the robot somewhere, and start a guard that finds it there."""
    asleep = number % SLEEP_EVERY == 0
    agent.free()
    agent.end("guard")
    _leave(port, _sleep() if asleep else _random_pose(rng))
    epoch = agent.state().boot_epoch
    agent.start("guard")
    deadline = time.monotonic() + START_S
    while (first := agent.state()).boot_epoch == epoch:
        if time.monotonic() > deadline:
            raise TimeoutError("the guard did not come up again within a minute")
        time.sleep(0.1 * TICK_S)
    moved, end_s = 0.0, time.monotonic() + WATCHED_S
    while time.monotonic() < end_s:
        moved = max(moved, float(np.abs(agent.state().joint_pos - first.joint_pos).max()))
        time.sleep(0.5 * TICK_S)
    return Enabled(asleep, float(np.abs(first.target - first.joint_pos).max()), moved)


def _leave(port: int, joints: F64) -> None:
    """Bring the robot somewhere as another program would, and go away."""
    body = ReachyBody(None, port)
    due = time.monotonic()
    for setpoint in start_move(body.read().joint_pos, joints):
        body.write(setpoint)
        due += TICK_S
        time.sleep(max(0.0, due - time.monotonic()))
    time.sleep(SETTLE_S)
    body.close()


def _random_pose(rng: np.random.Generator) -> F64:
    """(9,) rad that the robot can reach."""
    while True:
        body = rng.uniform(-1.7, 1.7)
        roll, pitch = rng.uniform(-0.35, 0.35, 2)
        x, y, z = rng.uniform((-0.005, -0.005, -0.01), (0.005, 0.005, 0.0))
        yaw = body + rng.uniform(-0.7, 0.7)
        pose = np.array([roll, pitch, yaw, x, y, z, body, *rng.uniform(-2.0, 2.0, 2)])
        joints: F64 = joints_of(pose[None])[0]
        if np.isfinite(joints).all() and ((joints > LIMITS.low) & (joints < LIMITS.high)).all():
            return joints


def _sleep() -> F64:
    from reachy_mini.reachy_mini import SLEEP_ANTENNAS_JOINT_POSITIONS, SLEEP_HEAD_JOINT_POSITIONS

    return from_sdk(list(SLEEP_HEAD_JOINT_POSITIONS), list(SLEEP_ANTENNAS_JOINT_POSITIONS))


def _enabled_figures(found: Sequence[Enabled]) -> dict[str, Any]:
    poses = {
        "random": [one for one in found if not one.asleep],
        "asleep": [one for one in found if one.asleep],
    }
    return {
        name: {
            "enables": len(these),
            "first_setpoint_jump_max_deg": _worst_deg([one.jump_rad for one in these]),
            "body_moved_in_500_ms_max_deg": _worst_deg([one.moved_rad for one in these]),
        }
        for name, these in poses.items()
    }


def _worst_deg(angles_rad: Sequence[float]) -> float:
    return round(float(np.rad2deg(max(angles_rad, default=0.0))), 3)
