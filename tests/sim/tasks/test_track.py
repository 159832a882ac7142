"""What moves does so smoothly, on the table, and the same for judge and camera; following it is judged."""

import numpy as np
import pytest

from shared.control.vision import camera_position
from shared.spaces import slot_range
from shared.tools import TOOL_INDEX
from sim.tasks import ALL_TASKS
from sim.tasks.base import SCENE, SPLITS, Goal
from sim.tasks.course import Seen
from sim.tasks.paths import Path
from sim.tasks.similarity import similarity
from sim.tasks.track import _TICKS, Pursuit
from sim.vector import EXACT_DOMAIN, VectorEnv

TASK = ALL_TASKS["track"]
LENS = np.array([0.04, 0.0, 0.23])
PATH = Path(0, (0.64, 0.0, 0.1), 0.15, 8.0, 0.0)


def directions(ticks, lag=0):
    to = PATH.at(np.maximum(np.arange(1, ticks + 1) - lag, 0)) - LENS
    return to / np.linalg.norm(to, axis=1, keepdims=True)


def seen(gaze, gestures=None):
    k = len(gaze)
    gestures = np.zeros(k, np.int64) if gestures is None else gestures
    return Seen(gestures, np.zeros((k, 8), bool), gaze, np.tile(LENS, (k, 1)), np.zeros((k, 7)))


def followed(gaze, piece=20):
    pursuit = Pursuit(PATH)
    for i in range(0, len(gaze), piece):
        found = pursuit.follow(seen(gaze[i : i + piece]))
        if found.tick >= 0:
            return found, i + found.tick
    return found, -1


@pytest.mark.parametrize("split", SPLITS)
def test_the_way_is_smooth_and_on_the_table(split):
    rng = np.random.default_rng(0)
    for _ in range(60):
        spec = TASK.reset(rng, split)
        path = TASK.path(spec)
        assert path == TASK.path(spec)
        assert TASK.goals(spec) == (Goal(target=path.thing),)
        where = path.at(np.arange(1500))
        np.testing.assert_allclose(where[0], spec.objects[path.thing].position, atol=1e-12)
        assert np.abs(where[:, 1]).max() <= SCENE.table_y_m
        assert np.linalg.norm(np.diff(where, axis=0), axis=1).max() / 0.02 < 0.2  # m/s
        to = where - LENS
        turned = np.rad2deg(np.ptp(np.arctan2(to[:, 1], to[:, 0])))
        assert 24.0 < turned < 36.0


def test_following_succeeds_and_says_how_alike_it_is():
    found, tick = followed(directions(600, lag=20))
    assert found.success
    assert tick == _TICKS - 1
    assert found.measure > 0.95


def test_holding_still_loses_it():
    found, _ = followed(np.tile(directions(1), (600, 1)))
    assert (found.success, found.event) == (False, "lost it")
    assert found.measure < 0.9


def test_a_jump_fails_but_not_on_the_way_to_it():
    gaze = directions(600)
    gaze[:60] = [np.cos(0.9), np.sin(0.9), 0.0]
    assert followed(gaze)[0].success
    gaze[200:203] = [np.cos(0.9), np.sin(0.9), 0.0]
    found, tick = followed(gaze)
    assert (found.success, found.event) == (False, "the gaze jumped")
    assert 200 <= tick <= 213


def test_a_gesture_fails():
    gestures = np.zeros(20, np.int64)
    gestures[4] = 1
    found = Pursuit(PATH).follow(seen(directions(20), gestures))
    assert (found.tick, found.event) == (4, "nod")


def test_pieces_do_not_matter():
    gaze = directions(600, lag=20)
    one, other = followed(gaze, 10), followed(gaze, 60)
    assert one[1] == other[1]
    assert one[0].measure == pytest.approx(other[0].measure)


def test_the_camera_sees_it_move():
    env = VectorEnv(["track"], 3, seed=4, threads=1, domain=EXACT_DOMAIN)
    obs = env.reset()
    for _ in range(6):
        for row, spec in enumerate(env.specs):
            path = TASK.path(spec)
            slots = obs[row, slot_range("detections")].reshape(8, 8)
            here = np.abs(slots[:, 6:] - spec.objects[path.thing].code).max(axis=1) < 1e-4
            u = slots[here & (slots[:, 2] > 0), 0]
            tick = int(env._elapsed[row])
            lens = camera_position(env._state.head_pos[row], env._state.head_matrix[row])
            ray = env._state.head_matrix[row].T @ (path.at(tick) - lens)
            assert u == pytest.approx([-ray[1] / ray[0] / (np.tan(np.deg2rad(40)) * 16 / 9)], abs=1e-5)
            assert env.objects(row)[path.thing].position == pytest.approx(path.at(tick))
        obs = env.step(np.full(3, TOOL_INDEX["wait"]), np.zeros((3, 4))).obs
    env.close()


def arc(angles):
    return np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)


def test_similarity_by_hand():
    there = arc(np.linspace(0.0, 0.4, 101))
    assert similarity(there, there) == pytest.approx(1.0)
    # Always 0.1 rad beside a demonstration that is 0.3 rad wide, at right angles to its way.
    wide = arc(np.linspace(0.0, 0.3, 101))
    beside = np.cos(0.1) * wide + np.sin(0.1) * np.array([0.0, 0.0, 1.0])
    assert similarity(beside, wide) == pytest.approx(1.0 - 0.1 / 0.3, abs=1e-3)
    assert similarity(-there, there) == 0.0


def test_similarity_forgives_being_late_and_little_else():
    wanted = directions(400)
    assert similarity(directions(400, lag=25), wanted) > 0.97
    assert similarity(np.tile(wanted[:1], (400, 1)), wanted) < 0.8


@pytest.mark.parametrize(("k", "m"), [(0, 10), (10, 0), (100, 161)])
def test_paths_that_cannot_be_compared(k, m):
    with pytest.raises(ValueError, match="cannot be compared"):
        similarity(directions(k), directions(m))
