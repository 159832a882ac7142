"""What is seen of a decision: poses by hand, and simulated episodes where left is left."""

import dataclasses
from dataclasses import replace

import numpy as np
import pytest

from learner.reward.encoding import describe
from learner.reward.feedback.context import MIDDLE_RAD, Decisions, context_of, contexts, decisions_of
from learner.reward.feedback.outcome import OUTCOME_FIELDS, gaze_features, outcome_features
from shared.control import vision
from shared.control.rotations import matrix_to_quat, rpy_to_matrix
from shared.messages import SceneObject
from shared.spaces import OBS_DIM, slot_range
from shared.tools import TOOL_INDEX
from sim.vector import EXACT_DOMAIN, VectorEnv
from tests.shared import samples


def record(before_deg=(0.0, 0.0, 0.0), after_deg=(0.0, 0.0, 0.0), tool="wait", n=5, **changes):
    """A decision from one head orientation (roll, pitch, yaw) to another."""
    obs = np.zeros(OBS_DIM, np.float32)
    obs[slot_range("head_rpy")] = np.deg2rad(before_deg)
    head = np.zeros((n, 7), np.float32)
    head[:, 3:] = matrix_to_quat(rpy_to_matrix(np.deg2rad([after_deg])))[0]
    joints = np.zeros((n, 9), np.float32)
    values = {
        "obs": obs,
        "head": head,
        "joints": joints,
        "tool": TOOL_INDEX[tool],
        "params": np.zeros(4, np.float32),
    }
    return samples.transition(n, **(values | changes))


@pytest.mark.parametrize(
    ("after", "field", "value"),
    [
        ((0.0, 0.0, 20.0), "turned_deg", 20.0),  # positive yaw is left
        ((0.0, 10.0, 0.0), "raised_deg", -10.0),  # positive pitch looks down
        ((8.0, 0.0, 0.0), "rolled_deg", 8.0),  # positive roll is ear to the right
    ],
)
def test_directions_by_hand(after, field, value):
    seen = context_of(record(after_deg=after), samples.task())
    moved = {name: getattr(seen, name) for name in ("turned_deg", "raised_deg", "rolled_deg")}
    assert moved.pop(field) == pytest.approx(value, abs=1e-3)
    assert list(moved.values()) == pytest.approx([0.0, 0.0], abs=1e-3)


def test_a_turn_across_the_back_is_the_short_way():
    seen = context_of(record((0.0, 0.0, 170.0), (0.0, 0.0, -170.0)), samples.task())
    assert seen.turned_deg == pytest.approx(20.0, abs=1e-3)


def test_motion_and_parameters_have_units():
    joints = np.zeros((5, 9), np.float32)
    joints[:, 3] = [0.0, 0.1, 0.2, 0.3, 0.3]
    params = np.array([1.0, -1.0, 9.0, 9.0], np.float32)
    seen = context_of(record(tool="nod", joints=joints, params=params), samples.task(), "success")
    assert seen.range_deg == pytest.approx(np.rad2deg(0.3), rel=1e-5)
    assert seen.speed_deg_s == pytest.approx(np.rad2deg(0.1 / 0.02), rel=1e-5)
    assert seen.params == pytest.approx((17.0, 1.6))  # the tool's two, from -1..1 to degrees and cycles
    assert (seen.duration_s, seen.outcome, seen.tool) == (pytest.approx(0.1), "success", "nod")


def test_nothing_was_played():
    seen = context_of(record(n=0, before_deg=(0.0, 5.0, 5.0)), samples.task())
    assert (seen.turned_deg, seen.range_deg, seen.duration_s) == pytest.approx((0.0, 0.0, 0.0), abs=1e-4)


def test_a_gaze_names_what_is_in_the_middle_and_nothing_else():
    neutral = np.zeros((1, 3)), np.eye(3)[None]
    eye = vision.camera_position(*neutral)[0]
    ahead = SceneObject("duck", tuple(eye + np.array([0.6, 0.0, 0.0])), 0.05, 0.7, (0.0, 0.0))
    turn = np.tan(np.deg2rad(20.0)) * 0.6
    aside = SceneObject("cup", tuple(eye + np.array([0.6, turn, 0.0])), 0.05, 0.2, (0.0, 0.0))
    seen = context_of(record(after_deg=(0.0, 0.0, 21.0)), samples.task(objects=(ahead, aside)))
    assert (seen.gaze_before, seen.gaze_after) == ("duck", "cup")
    over = np.rad2deg(MIDDLE_RAD) + 1.0
    assert (
        context_of(record(after_deg=(0.0, 0.0, -over)), samples.task(objects=(ahead, aside))).gaze_after == ""
    )
    assert context_of(record(), samples.task(objects=())).gaze_after == ""


def test_no_decisions_no_contexts():
    empty = Decisions(*(np.zeros((0, *shape)) for shape in ((512,), (), (4,), (), (1, 9), (1, 7))))
    assert contexts(empty, [], []) == []


def played(tool, params, tasks=("look", "nod", "shake"), seed=3):
    """One decision of each environment."""
    env = VectorEnv(tasks, len(tasks), seed=seed, threads=1, domain=EXACT_DOMAIN, autoreset=False)
    try:
        obs = env.reset()
        tools, rows = np.full(len(tasks), TOOL_INDEX[tool]), np.zeros((len(tasks), 4), np.float32)
        rows[:, : len(params)] = params
        specs, step = list(env.specs), env.step(tools, rows)
        return Decisions(obs, tools, rows, step.n_ticks, step.joints, step.head), specs, step
    finally:
        env.close()


@pytest.mark.parametrize(
    ("tool", "raw", "word"),
    [
        ("turn_body", (0.9,), "to the left"),
        ("turn_body", (-0.9,), "to the right"),
        ("look", (0.6, 0.0), "to the right"),
        ("look", (0.0, -0.6), "up"),
    ],
)
def test_simulated_motion_goes_where_it_was_told(tool, raw, word):
    decisions, specs, _ = played(tool, raw)
    for context in contexts(decisions, specs, ["running"] * 3):
        assert word in describe(context)


def test_a_big_nod_is_faster_and_larger_than_a_small_one():
    (small, *_), (big, *_) = (
        contexts(decisions, specs, ["running"] * 3)
        for decisions, specs, _ in (played("nod", (-0.9,)), played("nod", (0.9,)))
    )
    assert big.range_deg > 2.0 * small.range_deg
    assert big.speed_deg_s > 2.0 * small.speed_deg_s
    assert abs(big.raised_deg) < 3.0  # it comes back


def test_looking_at_the_named_object_is_seen_as_that():
    from sim.experts import expert
    from sim.tasks.base import named_object

    env = VectorEnv(("look",), 8, seed=5, threads=1, domain=EXACT_DOMAIN, autoreset=False)
    try:
        obs = env.reset()
        right = 0
        for _ in range(3):
            answers = [expert(spec, row) for spec, row in zip(env.specs, obs, strict=True)]
            tool, params = np.array([a[0] for a in answers]), np.stack([a[1] for a in answers])
            specs, step = list(env.specs), env.step(tool, params)
            seen = Decisions(obs, tool, params, step.n_ticks, step.joints, step.head)
            found = contexts(seen, specs, ["running"] * 8)
            features = gaze_features(seen)
            obs = step.obs
        for spec, context, row in zip(specs, found, features, strict=True):
            right += context.gaze_after == spec.objects[named_object(spec)].name
            assert (row[0] > 0.4) == (context.gaze_after == spec.objects[named_object(spec)].name)
        assert right >= 7
    finally:
        env.close()


def test_records_and_simulation_give_the_same_context():
    decisions, specs, _ = played("shake", (0.2, 0.1))
    records = [
        samples.transition(
            int(decisions.n_ticks[i]),
            obs=decisions.obs[i],
            tool=int(decisions.tool[i]),
            params=decisions.params[i],
            joints=decisions.joints[i, : decisions.n_ticks[i]].astype(np.float32),
            head=decisions.head[i, : decisions.n_ticks[i]].astype(np.float32),
        )
        for i in range(3)
    ]
    from_records = contexts(decisions_of(records), specs, ["running"] * 3)
    for a, b in zip(contexts(decisions, specs, ["running"] * 3), from_records, strict=True):
        for field in dataclasses.fields(a):
            one, other = getattr(a, field.name), getattr(b, field.name)
            assert one == (pytest.approx(other, abs=1e-2) if isinstance(one, float) else other)
    np.testing.assert_allclose(
        outcome_features(decisions), outcome_features(decisions_of(records)), atol=1e-3
    )


def test_gaze_features_worked_by_hand():
    obs = np.zeros((1, OBS_DIM), np.float32)
    slots = obs[:, slot_range("detections")].reshape(1, 8, 8)
    u = np.tan(np.deg2rad(10.0)) / vision.HALF_TAN_U
    slots[0, 0, :3] = [u, 0.0, 0.1]  # best match: 10 degrees to the right
    obs[:, slot_range("detections")] = slots.reshape(1, -1)
    head = np.zeros((1, 1, 7))
    head[0, 0, 3:] = matrix_to_quat(rpy_to_matrix(np.deg2rad([[0.0, 0.0, -9.43]])))[0]
    turned = Decisions(
        obs, np.array([0]), np.zeros((1, 4), np.float32), np.array([1]), np.zeros((1, 1, 9)), head
    )
    on, other, nearer = gaze_features(turned)[0]
    # The camera sits 4 cm before the turning point: seen from there, at 0.65 m, the thing is
    # atan(0.65 sin 10 / (0.65 cos 10 + 0.0395)) = 9.43 degrees off.
    assert on == pytest.approx(1.0, abs=0.01)
    assert other == 0.0
    assert nearer == pytest.approx(np.deg2rad(10.0), abs=0.01)
    still = replace(turned, n_ticks=np.array([0]))
    assert gaze_features(still)[0, 0] == pytest.approx(np.exp(-((np.deg2rad(10.0) / 0.09) ** 2)), abs=1e-3)
    assert gaze_features(replace(turned, obs=np.zeros_like(obs)))[0].tolist() == [0.0, 0.0, 0.0]
    assert outcome_features(turned).shape == (1, len(OUTCOME_FIELDS))
    assert all(np.isfinite(outcome_features(turned)).ravel())
