"""The whole agent looks at a named thing through the pixels of its simulated camera."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from robot_agent.eyes import Sight
from robot_agent.rehearsal import RehearsalLearner, bundle_of
from shared.control.ood import DARK
from shared.errors import CoachError, CodecError
from shared.spaces import slot_range
from sim.camera import choose_gl
from sim.tasks import task_named
from sim.tasks.judge import Judges
from tests.integration.networks import looks_at_the_best_match
from tests.integration.running import RunningAgent


def renders():
    try:
        return bool(choose_gl())
    except CoachError:
        return False


pytestmark = pytest.mark.skipif(not renders(), reason="no OpenGL")


class Looker:
    """An agent with eyes on its simulated camera, and a learner that gives it looks to do."""

    def __init__(self, folder, split="train", decisions=5):
        rng, number = np.random.default_rng(5), itertools.count()
        self.specs = {}

        def task():
            spec = task_named("look").reset(rng, split)
            spec = replace(spec, episode_id=f"e{next(number)}", max_decisions=decisions)
            return self.specs.setdefault(spec.episode_id, spec)

        self.learner = RehearsalLearner(folder / "learner.key", tasks=task)
        self.agent = RunningAgent(folder, self.learner, eyes="camera")

    def sees(self):
        """Whether a first picture has been looked at."""
        try:
            newest = Sight(self.agent.config.runtime.folder).newest()
        except (FileNotFoundError, CodecError):
            return False
        return newest is not None and newest.frame > 0

    def records(self, episode):
        return sorted(
            (r for r in list(self.learner.records.values()) if r.episode_id == episode),
            key=lambda r: r.episode_step,
        )

    def closed(self):
        """Episodes that were played to their end, the oldest first."""
        return [r.episode_id for _, r in sorted(self.learner.records.items()) if r.end_reason == "closing"]

    def verdict(self, episode):
        """Whether it succeeded, and the event that decided it."""
        judges = Judges(1)
        judges.reset(0, self.specs[episode])
        for r in self.records(episode):
            if r.end_reason == "completed":
                ticks = np.array([r.n_ticks])
                found = judges.step(np.array([0]), r.joints[None], r.head[None], ticks, np.array([0]))
                if found.terminated[0]:
                    return found.success[0], found.event[0]
        return False, "out of decisions"

    def end(self):
        self.agent.end()
        self.learner.close()


@pytest.fixture
def looker(tmp_path):
    made = Looker(tmp_path)
    yield made
    made.end()


def test_it_looks_at_what_it_was_asked_for(looker):
    # A busy machine takes its time to start renderer and detector; a robot would decide blind meanwhile.
    assert looker.learner.wait(looker.sees, 90.0), looker.agent.said()
    looker.learner.publish(1, bundle_of(looks_at_the_best_match(), 1))
    assert looker.learner.wait(lambda: len(looker.closed()) >= 3, 60.0), looker.agent.said()
    verdicts = {episode: looker.verdict(episode) for episode in looker.closed()[:3]}
    # The detector is real, and may miss a thing.
    assert sum(success for success, _ in verdicts.values()) >= 2, f"{verdicts}; {looker.agent.said()}"
    for episode in verdicts:
        for record in looker.records(episode):
            age, light = (float(record.obs[slot_range(n)][0]) for n in ("frame_age", "brightness"))
            assert 0.0 < age < 2.0
            assert light == pytest.approx(looker.specs[episode].brightness, abs=0.1)
            assert light > DARK
