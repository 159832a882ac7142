"""A look succeeds only if the limiter had next to nothing to do on the way to it."""

import numpy as np
import pytest

from shared.tools import TOOL_INDEX
from sim.experts import expert
from sim.tasks import ALL_TASKS
from sim.tasks.judge import Judge
from sim.vector import VectorEnv
from tests.sim.test_tasks import looking_at, trace

TASK = ALL_TASKS["safe"]


@pytest.mark.parametrize(("limited", "success"), [(0, True), (1, False)])
def test_what_the_limiter_did_decides(limited, success):
    spec = TASK.reset(np.random.default_rng(0))
    joints, head = trace(looking_at(spec.objects[TASK.goals(spec)[0].target].position, 25))
    verdict = Judge(spec).step(joints, head, limited)
    assert (verdict.terminated, verdict.success) == (True, success)
    assert verdict.info["measure"] == limited / 25
    assert ("limited on 4% of the ticks" in verdict.info["event"]) != success


def test_one_tick_in_more_than_a_hundred_is_forgiven():
    spec = TASK.reset(np.random.default_rng(0))
    judge = Judge(spec)
    away = trace(np.tile(np.eye(9)[2] * 1.5, (60, 1)))
    assert not judge.step(*away, 1).terminated
    judge.step(*away)
    joints, head = trace(looking_at(spec.objects[TASK.goals(spec)[0].target].position, 25))
    assert judge.step(joints, head).success


def test_a_limited_tick_costs_reward():
    spec = TASK.reset(np.random.default_rng(0))
    still = trace(np.tile(np.eye(9)[2] * 1.5, (10, 1)))
    free, limited = (Judge(spec).step(*still, ticks).reward for ticks in (0, 4))
    assert limited - free == pytest.approx(0.4 * TASK.reward.limited)


def test_going_home_at_once_is_what_the_limiter_tames_and_the_expert_does_not_ask_for_it():
    env = VectorEnv(["safe"], 8, seed=3, threads=1)
    obs = env.reset()
    first = np.array([expert(spec, row)[0] for spec, row in zip(env.specs, obs, strict=True)])
    assert TOOL_INDEX["go_home"] not in first
    step = env.step(np.full(8, TOOL_INDEX["go_home"]), np.zeros((8, 4)))
    assert step.cost.min() > 0.2
    env.close()
