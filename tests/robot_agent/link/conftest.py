"""A learner's end that speaks the real wire, and a robot whose link takes its turns from here."""

import dataclasses

import pytest

from robot_agent.rehearsal import RehearsalLearner
from tests.robot_agent.link.rig import Robot


@pytest.fixture
def learner(tmp_path):
    made = []

    def _make(**options):
        made.append(RehearsalLearner(tmp_path / "learner.key", **options))
        return made[-1]

    yield _make
    for one in made:
        one.close()


@pytest.fixture
def robot(config, lines, tmp_path):
    made = []

    def _make(port, **changes):
        changes = {"learner_key": str(tmp_path / "learner.pub"), **changes}
        made.append(Robot(dataclasses.replace(config, **{"learner": f"127.0.0.1:{port}", **changes}), lines))
        return made[-1]

    yield _make
    for one in made:
        one.link.close()
