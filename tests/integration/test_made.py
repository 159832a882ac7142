"""A made tool travels in a policy's bundle to a running robot, which bows."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from robot_agent.rehearsal import REHEARSAL_KEY, RehearsalLearner, bundle_of
from shared.bundle import pack_bundle, read_bundle
from shared.tools import MAX_TICKS, TOOL_INDEX
from sim.made import made_tools
from sim.tasks import task_named
from sim.tasks.judge import Judges
from tests.integration.networks import always
from tests.integration.running import RunningAgent
from tests.robot_agent.made import packed


@pytest.fixture
def learner(tmp_path):
    """It asks for bows, and publishes a policy that plays the first of the made tools in its bundle."""
    rng, number, specs = np.random.default_rng(5), itertools.count(), {}

    def task():
        spec = task_named("bow").reset(rng)
        spec = replace(spec, episode_id=f"e{next(number)}", max_decisions=2)
        return specs.setdefault(spec.episode_id, spec)

    made = RehearsalLearner(tmp_path / "learner.key", tasks=task)
    plain = read_bundle(bundle_of(always("run_made", -1.0), 1))
    tools = tuple(packed(program) for program in made_tools())
    made.publish(1, pack_bundle(replace(plain.manifest, tools=tools), plain.onnx, REHEARSAL_KEY))
    made.specs = specs
    yield made
    made.close()


def test_the_robot_bows(learner, tmp_path):
    agent = RunningAgent(tmp_path, learner)
    try:
        bows = lambda: [r for r in list(learner.records.values()) if r.n_ticks > MAX_TICKS]  # noqa: E731
        assert learner.wait(lambda: len(bows()) >= 2, 60.0), agent.said()
    finally:
        agent.end()
    for record in bows():
        assert record.tool == TOOL_INDEX["run_made"]
        assert (record.violations, record.limited_ticks) == (0, 0)
        judges = Judges(1)
        judges.reset(0, learner.specs[record.episode_id])
        one = np.zeros(1, np.int64)
        found = judges.step(one, record.joints[None], record.head[None], one + record.n_ticks)
        assert (found.success[0], found.event[0]) == (True, "bow")
