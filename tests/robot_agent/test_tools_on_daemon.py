"""What each tool does to the body that Reachy Mini's own daemon simulates, measured through the SDK: what it
does in our simulation, where `tests/sim/test_tools.py` compares it with what it is meant to do.

Measured on two busy cores: the widest movement within 6 %, correlated by at least .989.
"""

import numpy as np
import pytest

from robot_agent.guard.start_move import start_move
from shared.control.kinematics import NEUTRAL
from shared.spaces import NUM_PARAMS
from shared.tools import TOOL_INDEX, TOOLS
from sim.vector import EXACT_DOMAIN, VectorEnv
from tests.robot_agent.official import play, reachy
from tests.sim.effects import NEAR, pose

pytestmark = [pytest.mark.daemon, pytest.mark.slow, pytest.mark.timeout(120)]
SETTLE_TICKS = 60
MOST_LAG = 25
"""Ticks that the daemon's loop, its stream and a busy machine may add (0.5 s)."""
STILL = ("wait", "say", "take_photo", "go_home")
"""Tools that do not move a robot that is at home."""
NEARBY = np.array([NEAR[axis] for axis in range(9)])


@pytest.fixture(scope="module")
def body(daemon_port):
    opened = reachy(daemon_port)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def env():
    env = VectorEnv(["nod"], 1, seed=3, threads=1, domain=EXACT_DOMAIN, autoreset=False)
    yield env
    env.close()


def simulated(env, name, params):
    """Setpoints (ticks, 9), joints (ticks, 9), head (ticks, 7): the tool from home, and the rest after it."""
    act(env, "go_home")
    for _ in range(6):
        act(env, "wait")
    rows = [act(env, name, params), *(act(env, "wait") for _ in range(SETTLE_TICKS // 10))]
    return tuple(np.concatenate(parts) for parts in zip(*rows, strict=True))


def act(env, name, params=(0.0,) * NUM_PARAMS):
    step = env.step(np.array([TOOL_INDEX[name]]), np.array([params]))
    k = step.n_ticks[0]
    return step.setpoints[0, :k], step.joints[0, :k], step.head[0, :k]


@pytest.mark.parametrize("name", [tool.name for tool in TOOLS])
def test_it_does_what_it_does_in_our_simulation(body, env, name):
    params = np.random.default_rng(TOOL_INDEX[name]).uniform(-0.8, 0.8, NUM_PARAMS)
    if name == "run_made":
        params[0] = -1.0  # the bow
    env.reset(seed=5)
    setpoints, *ours = simulated(env, name, params)
    play(body, start_move(body.read().joint_pos, NEUTRAL))
    play(body, np.tile(NEUTRAL, (SETTLE_TICKS, 1)))
    theirs, ours = (pose(joints, head[:, :3], head[:, 3:]) for joints, head in (play(body, setpoints), ours))

    for axis, near in NEAR.items():
        assert theirs[-1, axis] == pytest.approx(ours[-1, axis], abs=0.5 * near), axis
    widest = int((np.ptp(ours, axis=0) / NEARBY).argmax())
    if name in STILL:
        assert (np.ptp(theirs, axis=0) < 0.5 * NEARBY).all()
        return
    assert np.ptp(theirs[:, widest]) == pytest.approx(np.ptp(ours[:, widest]), rel=0.15)
    alike = [
        np.corrcoef(theirs[lag:, widest], ours[: len(ours) - lag, widest])[0, 1] for lag in range(MOST_LAG)
    ]
    assert max(alike) > 0.95
