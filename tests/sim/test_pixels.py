"""What is seen in pictures stands where projection says, in the same slots; in any light, also what moves."""

from contextlib import closing

import numpy as np
import pytest

from learner.coordinator.scoring import baseline_scores
from shared.control.vision import EXACT, scenes
from shared.messages import SceneObject
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS, slot_range
from shared.tools import TOOL_INDEX
from sim.pixels import Eye, Pixels, shot_of
from sim.shots import NAMES
from sim.vector import EXACT_DOMAIN, VectorEnv

HERE = np.zeros(3), np.eye(3)


def thing(name, at=(0.6, 0.0, 0.15)):
    return SceneObject(name, at, 0.08, 0.5, (0.5, -0.5))


def slots_of(obs):
    return obs[..., slot_range("detections")].reshape(*obs.shape[:-1], NUM_DETECTIONS, len(DETECTION_FIELDS))


@pytest.fixture(scope="module")
def pixels(needs_gl):
    with closing(Pixels()) as found:
        yield found


def test_what_can_be_drawn_is_drawn_where_it_stands():
    shot = shot_of([thing("apple"), thing("a thing that nobody can draw")], *HERE)
    assert [NAMES[k] for k in shot.names] == ["apple"]
    np.testing.assert_allclose(shot.positions, [[0.6, 0.0, 0.15]])
    assert shot_of([], *HERE).names == ()


def test_a_picture_shows_the_scene_in_its_light(needs_gl):
    with closing(Eye()) as eye:
        empty, apple, dim = (
            eye.picture(things, *HERE, light).astype(float)
            for things, light in (((), 0.5), ([thing("apple")], 0.5), ([thing("apple")], 0.1))
        )
    changed = np.abs(apple - empty).max(axis=2) > 40
    assert 20 < changed.sum() < 0.2 * changed.size
    _, columns = np.nonzero(changed)
    assert abs(columns.mean() / changed.shape[1] - 0.5) < 0.06  # straight ahead
    assert dim.mean() < 0.5 * apple.mean()


def test_a_thing_is_seen_where_it_is_projected(pixels):
    things = [thing("apple", (0.6, 0.1, 0.2)), thing("clock", (0.7, -0.2, 0.25))]
    slots, brightness = pixels(things, *HERE, 0.5)
    assert brightness == pytest.approx(0.5, abs=0.05)
    seen = slots.reshape(NUM_DETECTIONS, -1)
    assert (seen[:, 3] > 0.0).sum() == 2
    assert {tuple(row[6:]) for row in seen[:2]} == {tuple(code) for code in scenes([things]).code[0, :2]}


@pytest.mark.parametrize("task", ["look", "track", "interrupt"])
def test_episodes_are_seen_in_pictures(pixels, task):
    drawn, told = (
        VectorEnv([task], 4, seed=3, domain=EXACT_DOMAIN, threads=1, sight=sight) for sight in (pixels, None)
    )
    assert EXACT_DOMAIN.detection == EXACT
    with closing(drawn), closing(told):
        agreed = found = 0
        one, other = drawn.reset(), told.reset()
        for _ in range(4):
            for a, b in zip(slots_of(one), slots_of(other), strict=True):
                for row in b[b[:, 3] > 0.0]:
                    # Codes tell the things apart; matches follow what is asked for now.
                    same = a[(a[:, 6:] == row[6:]).all(axis=1) & (a[:, 4] == row[4])]
                    found += 1
                    agreed += bool(len(same)) and np.abs(same[0, :2] - row[:2]).max() < 0.04
            look = np.full(4, TOOL_INDEX["look"])
            aim = np.tile([0.2, 0.1, 0.0, 0.0], (4, 1))
            one, other = drawn.step(look, aim).obs, told.step(look, aim).obs
    assert found >= 20
    assert agreed >= 0.9 * found


def test_the_baseline_agent_works_from_pictures(pixels):
    score = baseline_scores(["look"], episodes=5, num_envs=5, sight=pixels)["look"]
    assert score.episodes == 5
    assert score.successes >= 4
