"""The sim gate: no robot is offered a policy that has not played a few simulated episodes of every task.

It has to be harmless (finite numbers, not one emitted setpoint beyond a limit) and not clearly worse than the
policy before it. The first one only has to be harmless: robots run it at tight limits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from learner.evaluation import wilson
from shared.control.limits import LIMITS
from shared.control.motions import BODY, PITCH, ROLL, YAW, pose_of
from shared.control.pilot import Policy, decide
from shared.errors import PolicyError
from shared.spaces import TICK_S
from shared.tools import TOOL_INDEX
from sim.vector import Step, VectorEnv

F64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

EPISODES = 12
"""Simulated episodes, over all tasks; more where there are more tasks."""
_SLACK = 1.0 + 1e-6
_SLACK_RAD = 1e-9
_DEG = np.pi / 180.0
_CONE = np.array([[30.0, 45.0, 65.0]]) * _DEG * _SLACK
"""Roll, pitch, and yaw between head and body, beyond which no setpoint may ever go."""


@dataclass(frozen=True)
class Verdict:
    """What the gate says."""

    passed: bool
    reason: str = ""
    """Why not, for people."""
    figures: dict[str, float] = field(default_factory=dict)
    """`episodes`, `successes`, `violations` (emitted setpoints beyond a limit), `limited` (share of ticks on
    which the limiter stepped in), `saturated` (share of decisions with a parameter beyond its range)."""


def judge(
    policy: Policy, tasks: Sequence[str], seed: int, parent: Mapping[str, float] | None = None
) -> Verdict:
    """Play, as a robot would (actions are drawn), and judge.

    Args:
        policy: the one to be published.
        tasks: names.
        seed: of resets and actions.
        parent: the gate's figures of the policy that robots run now, if there is one.
    """
    try:
        figures = play(policy, tasks, seed, max(EPISODES, len(tasks)))
    except PolicyError as error:
        return Verdict(False, str(error))
    if figures["violations"]:
        return Verdict(False, f"{figures['violations']:.0f} setpoints beyond a limit", figures)
    if parent and _clearly_worse(figures, parent):
        reason = (
            f"{figures['successes']:.0f} of {figures['episodes']:.0f} episodes succeeded, "
            f"{parent['successes']:.0f} of {parent['episodes']:.0f} with the policy before it"
        )
        return Verdict(False, reason, figures)
    return Verdict(True, "", figures)


def _clearly_worse(figures: Mapping[str, float], parent: Mapping[str, float]) -> bool:
    """The intervals of success do not even touch."""
    _, at_best = wilson(int(figures["successes"]), int(figures["episodes"]))
    at_worst, _ = wilson(int(parent["successes"]), int(parent["episodes"]))
    return at_best < at_worst


def play(policy: Policy, tasks: Sequence[str], seed: int, episodes: int = EPISODES) -> dict[str, float]:
    """The figures of a `Verdict`.

    Raises:
        PolicyError: the policy gives numbers that are not finite.
    """
    rng = np.random.default_rng([seed, 11])
    env = VectorEnv(tasks, episodes, seed=seed, threads=1, autoreset=False)
    try:
        obs = env.reset()
        watch = _Watch(env.emitted)
        running = np.ones(episodes, np.bool_)
        successes, limited, decisions, saturated = 0, 0.0, 0, 0
        while running.any():
            decision = decide(policy(obs), None, rng)
            # What is over waits: the shortest tool there is.
            tool = np.where(running, decision.tool, TOOL_INDEX["wait"])
            step = env.step(tool, decision.params)
            watch.step(step)
            decisions += int(running.sum())
            limited += float(step.cost[running].sum())
            saturated += int((np.abs(decision.params[running]) > 1.0).any(axis=1).sum())
            successes += int((running & step.success).sum())
            running &= ~(step.terminated | step.truncated)
            obs = step.obs
    finally:
        env.close()
    return {
        "episodes": float(episodes),
        "successes": float(successes),
        "violations": float(watch.violations),
        "limited": limited / decisions,
        "saturated": saturated / decisions,
    }


class _Watch:
    """Counts emitted setpoints beyond a limit, by plain differences: it shares no code with the limiter."""

    def __init__(self, start: F64) -> None:
        self._last = np.repeat(start[:, None], 3, axis=1)
        self.violations = 0

    def step(self, step: Step) -> None:
        """One decision of every environment."""
        rows = []
        for row, ticks in enumerate(step.n_ticks):
            emitted = np.concatenate([self._last[row], step.setpoints[row, :ticks]])
            self._last[row] = emitted[-3:]
            self.violations += int(beyond_motion(emitted).sum())
            rows.append(emitted[3:])
        self.violations += int(beyond_cone(np.concatenate(rows)).sum())


def beyond_motion(emitted: F64) -> Bool:
    """(n - 3,) whether a setpoint after the first three breaks a joint's limit of position, velocity,
    acceleration or jerk; `emitted`: (n, 9) rad, one a tick."""
    vel, acc, jerk = (np.diff(emitted, k, axis=0)[3 - k :] / TICK_S**k for k in (1, 2, 3))
    now = emitted[3:]
    beyond = (now > LIMITS.high + _SLACK_RAD) | (now < LIMITS.low - _SLACK_RAD)
    beyond |= np.abs(vel) > LIMITS.vel * _SLACK
    beyond |= np.abs(acc) > LIMITS.acc * _SLACK
    beyond |= np.abs(jerk) > LIMITS.jerk * _SLACK
    return np.asarray(beyond.any(axis=1))


def beyond_cone(joints: F64) -> Bool:
    """(n,) whether these joints (n, 9) rad hold the head further over than it may ever be, or in no pose."""
    pose = pose_of(joints)
    twist = np.remainder(pose[:, YAW] - pose[:, BODY] + np.pi, 2.0 * np.pi) - np.pi
    held = np.abs(np.stack([pose[:, ROLL], pose[:, PITCH], twist], axis=1)) <= _CONE
    return np.asarray(~held.all(axis=1))  # NaN is not held
