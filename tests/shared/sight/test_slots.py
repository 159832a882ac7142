"""Perfect detections give the observation that projected positions give."""

import numpy as np

from shared.control.rotations import rpy_to_matrix
from shared.control.vision import EXACT, HALF_TAN_U, detect, project, scenes
from shared.messages import SceneObject
from shared.sight.detections import DETECTION
from shared.sight.slots import observation_slots
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS

NAMES = tuple(f"thing {i}" for i in range(12))
CONFIDENCE = DETECTION_FIELDS.index("confidence")


def scene(rng, count):
    return [
        SceneObject(
            name=NAMES[i],
            position=(float(rng.uniform(0.4, 0.9)), *rng.uniform(-0.6, 0.6, 2).tolist()),
            size_m=float(rng.uniform(0.03, 0.15)),
            match=float(rng.uniform(-0.1, 0.9)),
            code=(float(rng.normal()), float(rng.normal())),
        )
        for i in rng.permutation(12)[:count]
    ]


def perfect(objects, head_pos, head):
    points = np.array([o.position for o in objects])[None]
    u, v, depth = (a[0] for a in project(head_pos, head, points))
    inside = (depth > 0.05) & (abs(u) <= 1.0) & (abs(v) <= 1.0)
    seen = np.zeros(len(objects), DETECTION)
    seen["name"] = [NAMES.index(o.name) for o in objects]
    seen["u"], seen["v"], seen["confidence"] = u, v, 0.9
    seen["size"] = np.array([o.size_m for o in objects]) / (depth * 2.0 * HALF_TAN_U)
    return seen[inside]


def test_perfect_eyes_see_what_is_projected():
    rng = np.random.default_rng(0)
    shown = 0
    for count in (1, 3, 4, 8, 11):
        for _ in range(20):
            objects = scene(rng, count)
            head = rpy_to_matrix(rng.normal(0.0, 0.4, (1, 3)))
            head_pos = rng.normal(0.0, 0.01, (1, 3))
            wanted = detect(scenes([objects]), head_pos, head, rng, EXACT).reshape(NUM_DETECTIONS, -1)
            seen = rng.permutation(perfect(objects, head_pos, head))
            found = observation_slots(seen, NAMES, objects).reshape(NUM_DETECTIONS, -1)
            wanted[wanted[:, CONFIDENCE] > 0.0, CONFIDENCE] = 0.9
            np.testing.assert_allclose(found, wanted, atol=1e-6)
            shown += int((found[:, CONFIDENCE] > 0.0).sum())
    assert shown > 100


def test_the_surest_of_a_name_counts_and_strangers_are_left_out():
    rng = np.random.default_rng(1)
    objects = scene(rng, 3)
    seen = np.zeros(3, DETECTION)
    stranger = next(i for i, name in enumerate(NAMES) if name not in {o.name for o in objects})
    mine = NAMES.index(objects[0].name)
    seen["name"], seen["confidence"], seen["u"] = [mine, mine, stranger], [0.4, 0.8, 0.95], [0.1, 0.2, 0.3]
    slots = observation_slots(seen, NAMES, objects, age_s=0.25).reshape(NUM_DETECTIONS, -1)
    assert slots[0, 0] == np.float32(0.2)
    assert slots[0, DETECTION_FIELDS.index("age_s")] == np.float32(0.25)
    assert not slots[1:].any()
    assert not observation_slots(seen[:0], NAMES, objects).any()
