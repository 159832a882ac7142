"""What a person says in the middle of an episode is what the robot observes from that decision on."""

from dataclasses import replace

import numpy as np
import pytest

from robot_agent.inference import OnnxPolicy
from robot_agent.rehearsal import empty_task, random_policy
from shared.codec import MAX_CHANGES, encode
from shared.messages import Change, SceneObject
from shared.simlink import TASK_BYTES
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, slot_range
from tests.robot_agent.policies import chooser, together


@pytest.fixture(scope="module")
def policy():
    return OnnxPolicy(random_policy(3), 7)


def text(seed):
    vector = np.random.default_rng(seed).standard_normal(384).astype(np.float32)
    return vector / np.linalg.norm(vector)


def interrupted(changes=1):
    things = tuple(
        SceneObject(f"thing {k}", (5.0, 0.1 * k, 0.2), 0.3, match, (float(k + 1), 0.0))
        for k, match in enumerate((0.9, 0.1))
    )
    tools = np.linspace(-1, 1, 20, dtype=np.float32)
    return replace(
        empty_task("e1", max_decisions=4),
        objects=things,
        changes=tuple(Change(2 + k, f"wish {k}", text(k), tools, (0.1, 0.9)) for k in range(changes)),
    )


def test_the_new_wish_is_observed_from_its_decision_on(bench, policy):
    spec = interrupted()
    robot, mind = bench(), chooser(policy, seed=1)[0]
    mind.give(spec)
    together(robot, mind, 500)
    assert [record.episode_step for record in robot.records] == [0, 1, 2, 3, 4]
    best = {False: set(), True: set()}
    for record in robot.records:
        asked = spec.changes[0] if record.episode_step >= 2 else spec
        np.testing.assert_array_equal(record.obs[slot_range("instruction")], asked.embedding)
        np.testing.assert_array_equal(record.obs[slot_range("tool_match")], asked.tool_match)
        slots = record.obs[slot_range("detections")].reshape(NUM_DETECTIONS, len(DETECTION_FIELDS))
        match, code = (slots[:, DETECTION_FIELDS.index(name)] for name in ("match", "class_a"))
        best[record.episode_step >= 2] |= set(code[match > 1.0].tolist())
    assert best == {False: {1.0}, True: {2.0}}


def test_as_many_changes_as_there_may_be_fit_into_the_robots_slot():
    spec = interrupted(MAX_CHANGES)
    many = tuple(replace(spec.objects[0], name=f"thing {k}") for k in range(8))
    changes = tuple(replace(change, match=(0.1,) * 8) for change in spec.changes)
    assert len(encode(replace(spec, objects=many, changes=changes))) < TASK_BYTES
