"""Scenes are fair, the judge reads motion and nothing else, and one judge agrees with many."""

import math

import numpy as np
import pytest

from shared.control.motions import joints_of, plan
from shared.control.rotations import matrix_to_quat, rpy_to_matrix
from shared.control.vision import gaze_angle
from shared.errors import UnknownTask
from shared.tools import TOOL_INDEX, TOOLS
from sim import phrases
from sim.tasks import TASKS, task_named
from sim.tasks.base import SCENE, SPLITS, named_object
from sim.tasks.judge import DWELL_S, Judge
from sim.things import THINGS, names

HOME = np.zeros(9)


def spec_of(task, seed=0, split="train"):
    return TASKS[task].reset(np.random.default_rng(seed), split)


def trace(pose):
    """Pose coordinates (k, 9) -> exact joints and head traces."""
    head = np.concatenate([pose[:, 3:6], matrix_to_quat(rpy_to_matrix(pose[:, :3]))], axis=1)
    return joints_of(pose), head


def wave(axis, amplitude, cycles=2.0, ticks=60):
    pose = np.zeros((ticks, 9))
    pose[:, axis] = amplitude * np.sin(2 * np.pi * cycles * np.arange(ticks) / ticks)
    return pose


def looking_at(point, ticks=25):
    direction = np.asarray(point) - (0.0395, 0.0, 0.2295)
    pose = np.zeros((ticks, 9))
    for _ in range(5):
        yaw, pitch = (
            math.atan2(direction[1], direction[0]),
            math.atan2(-direction[2], math.hypot(*direction[:2])),
        )
        R = rpy_to_matrix(np.array([[0, pitch, yaw]]))[0]
        direction = np.asarray(point) - (R @ (0.0395, 0.0, 0.0525) + (0, 0, 0.177))
    pose[:, 1], pose[:, 2], pose[:, 6] = pitch, yaw, 0.5 * yaw
    return pose


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("task", TASKS)
def test_scenes_are_fair(task, split):
    rng = np.random.default_rng(4)
    for _ in range(60):
        spec = TASKS[task].reset(rng, split)
        points = np.array([[o.position for o in spec.objects]])
        head = np.zeros((1, 3)), rpy_to_matrix(np.array([spec.start_head_rpy]))
        assert np.rad2deg(gaze_angle(*head, points).min()) >= SCENE.start_clear_deg
        rays = points[0] - (0.0395, 0.0, 0.2295)
        rays /= np.linalg.norm(rays, axis=1, keepdims=True)
        between = np.rad2deg(np.arccos(np.clip(rays @ rays.T, -1, 1)))[np.triu_indices(len(rays), 1)]
        assert between.min() >= 14.0
        assert 3 <= len(spec.objects) <= 4
        assert {o.name for o in spec.objects} <= set(names(split))
        assert spec.tool_match.mean() == pytest.approx(0.0, abs=1e-5)
        assert spec.tool_match.std() == pytest.approx(1.0, abs=1e-4)


def test_a_seed_is_an_episode():
    assert spec_of("look", 7).instruction == spec_of("look", 7).instruction
    assert spec_of("look", 7).episode_id == spec_of("look", 7).episode_id
    assert spec_of("look", 7).episode_id != spec_of("look", 8).episode_id


def test_phrase_books():
    for task in TASKS.values():
        assert len(task.phrases.train) >= 12
        assert len(task.phrases.held_out) >= 6
        assert not set(task.phrases.train) & set(task.phrases.held_out)
    assert any(thing.held_out for thing in THINGS)


def test_held_out_things_stay_out_of_training():
    held_out = {thing.name for thing in THINGS if thing.held_out}
    rng = np.random.default_rng(0)
    seen = {o.name for _ in range(80) for o in TASKS["look"].reset(rng, "train").objects}
    assert not seen & held_out


def test_every_text_has_a_unit_embedding():
    table = phrases.table()
    assert set(phrases.all_texts()) == set(table)
    for text in phrases.all_texts():
        assert np.linalg.norm(table[text]) == pytest.approx(1.0, abs=1e-4)


def test_missing_embedding_says_what_to_do():
    with pytest.raises(KeyError, match=r"python -m learner\.text"):
        phrases.embedding("no such text")


def test_tool_match_points_at_the_right_tool():
    three = [TOOL_INDEX[name] for name in TASKS]
    for split, least in (("train", 0.85), ("held_out", 0.85)):
        right = []
        for t, task in enumerate(TASKS.values()):
            pool = names(split)
            for wording in task.phrases.of(split):
                for name in pool if task.looks else pool[:1]:
                    match = phrases.tool_match(phrases.embedding(wording.format(object=name)))
                    right.append(int(np.argmax(match[three])) == t)
        assert np.mean(right) >= least


def test_the_named_object_matches_best():
    for seed in range(40):
        for split in SPLITS:
            spec = spec_of("look", seed, split)
            assert max(spec.objects, key=lambda o: o.match).name == spec.objects[named_object(spec)].name


@pytest.mark.parametrize(
    ("axis", "amplitude", "event"),
    [(1, 0.1, "nod"), (2, 0.15, "shake"), (0, 0.1, "wobble"), (5, 0.005, "bob"), (7, 0.4, "wave_antennas")],
)
@pytest.mark.parametrize("task", ["nod", "shake"])
def test_gestures_are_told_apart(task, axis, amplitude, event):
    verdict = Judge(spec_of(task)).step(*trace(wave(axis, amplitude)))
    assert verdict.info["event"] == event
    assert verdict.terminated
    assert verdict.success == (event == task)
    assert (verdict.reward > 0) == verdict.success


def test_swaying_is_not_shaking():
    pose = wave(6, 0.1)
    pose[:, 2] = pose[:, 6]
    assert Judge(spec_of("shake")).step(*trace(pose)).info["event"] == "sway"


def test_a_bow_is_not_a_nod():
    pose = np.zeros((60, 9))
    pose[:, 1] = 0.2 * np.sin(np.pi * np.arange(60) / 60)
    pose = np.concatenate([pose, np.zeros((10, 9))])
    verdict = Judge(spec_of("nod")).step(*trace(pose))
    assert verdict.info["event"] == "bow"
    assert not verdict.success


@pytest.mark.parametrize(
    "pose", [wave(1, 0.02), wave(1, 0.1, cycles=0.5), wave(1, 0.1, cycles=2, ticks=400)[:100]]
)
def test_too_small_too_short_too_slow_is_no_nod(pose):
    assert not Judge(spec_of("nod")).step(*trace(pose)).terminated


def test_a_gesture_may_span_decisions():
    joints, head = trace(wave(1, 0.1))
    judge = Judge(spec_of("nod"))
    verdicts = [judge.step(joints[i : i + 10], head[i : i + 10]) for i in range(0, 60, 10)]
    assert [v.success for v in verdicts][-1]
    assert not verdicts[0].terminated
    whole = Judge(spec_of("nod")).step(joints, head)
    assert next(v for v in verdicts if v.terminated).info["tick"] == whole.info["tick"]


def test_looking_at_the_named_object_succeeds():
    spec = spec_of("look", 3)
    target = named_object(spec)
    verdict = Judge(spec).step(*trace(looking_at(spec.objects[target].position)))
    assert verdict.success
    assert verdict.info["tick"] == round(DWELL_S / 0.02) - 1


def test_dwelling_on_another_object_fails():
    spec = spec_of("look", 3)
    other = next(i for i in range(len(spec.objects)) if i != named_object(spec))
    verdict = Judge(spec).step(*trace(looking_at(spec.objects[other].position)))
    assert verdict.terminated
    assert not verdict.success
    assert spec.objects[other].name in verdict.info["event"]


def test_a_glance_is_not_a_look():
    spec = spec_of("look", 3)
    poses = [looking_at(o.position, 15) for o in spec.objects]
    judge = Judge(spec)
    for pose in poses * 2:
        verdict = judge.step(*trace(np.concatenate([pose, np.zeros((3, 9))])))
        assert not verdict.success
        if verdict.terminated:  # darting to and fro may read as a shake, never as a look
            assert "looked" not in verdict.info["event"]


def test_any_gesture_fails_a_look_but_bowing_is_only_looking_down():
    assert Judge(spec_of("look")).step(*trace(wave(1, 0.1))).info["event"] == "nod"
    pose = np.zeros((70, 9))
    pose[:60, 1] = -0.2 * np.sin(np.pi * np.arange(60) / 60)
    assert not Judge(spec_of("look")).step(*trace(-pose)).terminated


def test_nearer_is_rewarded_and_going_to_and_fro_earns_nothing():
    spec = spec_of("look", 3)
    target = looking_at(spec.objects[named_object(spec)].position, 2)[0]
    steps = [0.5 * target, 0.0 * target]
    judge = Judge(spec)
    judge.step(*trace(np.zeros((1, 9))))
    rewards = [judge.step(*trace(np.repeat(p[None], 10, 0))).reward for p in steps]
    cost = TASKS["look"].reward.decision
    assert rewards[0] > cost
    assert sum(rewards) == pytest.approx(2 * cost, abs=1e-9)


def test_verdict_repeats_after_the_end():
    judge = Judge(spec_of("nod"))
    judge.step(*trace(wave(1, 0.1)))
    after = judge.step(*trace(wave(2, 0.2)))
    assert (after.reward, after.terminated, after.success) == (0.0, True, True)
    assert judge.step(np.zeros((0, 9)), np.zeros((0, 7))).success


def test_unknown_task_names_the_nearest():
    with pytest.raises(UnknownTask, match="'shake'"):
        task_named("shaek")


def test_tool_motions_are_what_they_claim():
    for tool in ("nod", "shake", "wobble", "bob", "sway", "wave_antennas"):
        start = joints_of(np.zeros((1, 9)))
        setpoints = plan(np.array([TOOL_INDEX[tool]]), np.array([[0.5, 0, 0, 0]]), start)[
            0, : TOOLS[TOOL_INDEX[tool]].ticks
        ]
        from shared.control.motions import pose_of

        pose = pose_of(setpoints)
        assert Judge(spec_of("nod")).step(*trace(pose)).info["event"] == tool
