"""How fast the simulation is, against bare physics and the official daemon's settings, and at what error.

All speeds are measured in turns within one run, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import mujoco
import numpy as np
from mujoco import rollout
from numpy.typing import NDArray

from shared.control.kinematics import NEUTRAL
from shared.control.motions import plan
from shared.control.vision import EXACT, NOISE, Noise
from shared.spaces import NUM_PARAMS, NUM_TOOLS, TICK_S
from shared.tools import MAX_TICKS, TOOL_INDEX
from sim.model import STOCK, Physics, Poser, build
from sim.tasks import TASKS
from sim.vector import DOMAIN, VectorEnv

F64 = NDArray[np.float64]

TRACES: tuple[tuple[str, tuple[tuple[str, tuple[float, ...]], ...]], ...] = (
    ("looks", (("look", (0.5, 0.3)), ("look", (-0.8, 0.1)), ("look", (0.3, -0.2)))),
    ("nods", (("look", (0.3, 0.2)), ("nod", (0.6, 0.0)), ("nod", (-0.2, 1.0)))),
    ("shakes", (("look", (-0.3, 0.1)), ("shake", (0.6, 0.0)), ("shake", (0.0, 1.0)))),
    ("rolls", (("roll_head", (0.8,)), ("wobble", (0.5, 0.5)), ("track", (0.5, 0.5, 0.5, 0.5)))),
    ("dances", (("turn_body", (0.7,)), ("sway", (1.0, 0.5)), ("bob", (0.7, 0.0)))),
    ("antennas", (("wave_antennas", (0.8, 0.5)), ("scan", (0.6,)), ("go_home", ()))),
)
"""Motions over which the error is measured: name, and the tools played in turn from the neutral pose."""


def bench_sim(quick: bool = False, num_envs: int = 64, seed: int = 0) -> dict[str, Any]:
    """Measure; takes one to two minutes.

    Args:
        quick: fewer turns: a look, not a figure to quote.
        num_envs: environments, and robots of bare physics.
        seed: of the random decisions that the environments play.

    Returns:
        Figures with units in their names and the configuration, for JSON. Speeds are medians over the
        turns, ratios medians of the ratio within a turn; both on one physics thread and on two.
    """
    rounds = 2 if quick else 7
    error = trace_errors()
    return {
        "one_thread": _speeds(num_envs, 1, rounds, seed),
        "two_threads": _speeds(num_envs, 2, rounds, seed),
        "error_mm": max(trace["error_mm"] for trace in error.values()),
        "error_deg": max(trace["error_deg"] for trace in error.values()),
        "traces": error,
        "config": {
            "num_envs": num_envs,
            "rounds": rounds,
            "seed": seed,
            "tick_s": TICK_S,
            "timestep_s": Physics().timestep_s,
            "stock_timestep_s": STOCK.timestep_s,
            "mujoco": mujoco.__version__,
        },
    }


def _speeds(num_envs: int, threads: int, rounds: int, seed: int) -> dict[str, float]:
    """Ticks/s of the environments (with the usual errors of seeing, with the shipped detector's,
    and with none), of bare physics at their settings and at the daemon's; their ratios."""
    setpoints = _setpoints(num_envs, seed)
    seeing = {"env": NOISE, "env_detector": Noise.fitted(), "env_exact": EXACT}
    envs = {
        name: VectorEnv(
            tuple(TASKS), num_envs, seed=seed, threads=threads, domain=replace(DOMAIN, detection=noise)
        )
        for name, noise in seeing.items()
    }
    for env in envs.values():
        env.reset()
    rng = np.random.default_rng(seed)
    contenders: dict[str, Callable[[], float]] = {
        **{name: partial(_env_speed, env, rng) for name, env in envs.items()},
        "physics": _bare(build(), setpoints, threads),
        "stock_empty": _bare(build(STOCK), setpoints, threads),
        "stock_task_scene": _bare(build(STOCK, "minimal"), setpoints, threads),
    }
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, measure in contenders.items():
            speed = measure()
            if turn > 0:  # the first turn warms up
                speeds[name].append(speed)
    for env in envs.values():
        env.close()
    return {
        **{f"{name}_ticks_per_s": round(statistics.median(found)) for name, found in speeds.items()},
        "env_over_physics": _ratio(speeds, "env", "physics"),
        "env_detector_over_exact": _ratio(speeds, "env_detector", "env_exact"),
        "physics_over_stock_empty": _ratio(speeds, "physics", "stock_empty"),
        "physics_over_stock_task_scene": _ratio(speeds, "physics", "stock_task_scene"),
        "env_over_stock_task_scene": _ratio(speeds, "env", "stock_task_scene"),
    }


def trace_errors(physics: Physics | None = None) -> dict[str, dict[str, float]]:
    """Largest difference of the head pose from the daemon's 2 ms reference over each trace of `TRACES`.

    Returns:
        Per trace `error_mm`, `error_deg` (largest over its ticks) and `ticks`.
    """
    fast, stock = build(physics), build(STOCK)
    found = {}
    for name, tools in TRACES:
        setpoints = _played(tools)
        here, there = _head_poses(fast, setpoints), _head_poses(stock, setpoints)
        distance = np.linalg.norm(here[:, :3] - there[:, :3], axis=1)
        turn = 2.0 * np.arccos(np.clip(np.abs((here[:, 3:] * there[:, 3:]).sum(axis=1)), 0.0, 1.0))
        found[name] = {
            "error_mm": round(1e3 * float(distance.max()), 3),
            "error_deg": round(float(np.rad2deg(turn.max())), 3),
            "ticks": len(setpoints),
        }
    return found


def _played(tools: tuple[tuple[str, tuple[float, ...]], ...]) -> F64:
    """Setpoints (k, 9) of these tools one after another, from the neutral pose."""
    joints = NEUTRAL[None]
    parts = []
    for name, params in tools:
        raw = np.array([[*params, *[0.0] * (NUM_PARAMS - len(params))]])
        parts.append(plan(np.array([TOOL_INDEX[name]]), raw, joints)[0])
        joints = parts[-1][-1:]
    return np.concatenate(parts)


def _head_poses(model: mujoco.MjModel, setpoints: F64) -> F64:
    """Head position and quaternion (k, 7) after each tick of following the setpoints from rest."""
    data = _at_home(model)
    site = model.site("head").id
    poses = np.empty((len(setpoints), 7))
    for k, target in enumerate(setpoints):
        data.ctrl[:] = target
        mujoco.mj_step(model, data, round(TICK_S / model.opt.timestep))
        mujoco.mj_kinematics(model, data)  # a step leaves positions one step behind
        poses[k, :3] = data.site_xpos[site]
        mujoco.mju_mat2Quat(poses[k, 3:], data.site_xmat[site])
    return poses


def _at_home(model: mujoco.MjModel) -> mujoco.MjData:
    """The robot at rest in its neutral pose."""
    data = mujoco.MjData(model)
    data.qpos[:] = Poser(model).qpos(NEUTRAL, np.zeros(3), np.eye(3))
    return data


def _setpoints(n: int, seed: int) -> F64:
    """(n, MAX_TICKS, 9): random tools from the neutral pose."""
    rng = np.random.default_rng(seed)
    tool = rng.integers(NUM_TOOLS, size=n)
    return plan(tool, rng.uniform(-1.0, 1.0, (n, NUM_PARAMS)), np.tile(NEUTRAL, (n, 1)))


def _bare(model: mujoco.MjModel, setpoints: F64, threads: int) -> Callable[[], float]:
    """A function that rolls the physics out through the setpoints in one call and returns ticks/s."""
    data = _at_home(model)
    full = mujoco.mjtState.mjSTATE_FULLPHYSICS
    state = np.empty(mujoco.mj_stateSize(model, full.value))
    mujoco.mj_getState(model, data, state, full.value)
    n, ticks, _ = setpoints.shape
    start = np.tile(state, (n, 1))
    control = np.repeat(setpoints, round(TICK_S / model.opt.timestep), axis=1)
    workers = [mujoco.MjData(model) for _ in range(max(threads, 1))]
    pool = rollout.Rollout(nthread=threads if threads > 1 else 0)

    def measure() -> float:
        began = time.perf_counter()
        pool.rollout(model, workers, start, control)
        return float(n * ticks / (time.perf_counter() - began))

    return measure


def _env_speed(env: VectorEnv, rng: np.random.Generator) -> float:
    """Ticks/s of random decisions, about as many ticks as one turn of bare physics."""
    ticks, began = 0, time.perf_counter()
    while ticks < env.num_envs * MAX_TICKS:
        step = env.step(
            rng.integers(NUM_TOOLS, size=env.num_envs), rng.uniform(-1.0, 1.0, (env.num_envs, NUM_PARAMS))
        )
        ticks += int(step.n_ticks.sum())
    return float(ticks / (time.perf_counter() - began))


def _ratio(speeds: dict[str, list[float]], a: str, b: str) -> float:
    """Median over the turns of the ratio within a turn."""
    return round(statistics.median(x / y for x, y in zip(speeds[a], speeds[b], strict=True)), 3)
