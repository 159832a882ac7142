"""The simulated camera's process shows the task's scene in the task's light, and lives through nonsense."""

from dataclasses import replace

import numpy as np
import pytest

from robot_agent.rehearsal import empty_task
from shared.codec import encode
from shared.control.body import BodyState
from shared.messages import SceneObject, SetMode
from shared.simlink import TASK_BYTES
from shared.slots import Slot
from sim.eye import Eye, Scene, main, shot_of
from sim.shots import NAMES

ZERO = np.zeros(9)
STATE = BodyState(0.0, ZERO, ZERO, np.zeros(3), np.array([1.0, 0, 0, 0]), np.zeros(3), np.zeros(3), ZERO)


def thing(name, at=(0.6, 0.0, 0.15)):
    return SceneObject(name, at, 0.08, 0.5, (0.5, -0.5))


def task(*things, brightness=0.5):
    return replace(empty_task("e1"), objects=things, brightness=brightness)


def test_what_can_be_drawn_is_drawn_where_it_stands():
    shot = shot_of(STATE, task(thing("apple"), thing("a thing that nobody can draw")))
    assert [NAMES[k] for k in shot.names] == ["apple"]
    np.testing.assert_allclose(shot.positions, [[0.6, 0.0, 0.15]])
    assert shot_of(STATE, None).names == ()


def test_a_picture_shows_the_scene_in_its_light(needs_gl):
    eye = Eye()
    try:
        empty, apple, dim = (
            eye.picture(STATE, one).astype(float)
            for one in (task(), task(thing("apple")), task(thing("apple"), brightness=0.1))
        )
    finally:
        eye.close()
    changed = np.abs(apple - empty).max(axis=2) > 40
    assert 20 < changed.sum() < 0.2 * changed.size
    _, columns = np.nonzero(changed)
    assert abs(columns.mean() / changed.shape[1] - 0.5) < 0.06  # straight ahead
    assert dim.mean() < 0.5 * apple.mean()


def test_what_is_no_task_is_told_and_left_out(tmp_path, capsys):
    slot = Slot(tmp_path / "task.slot", TASK_BYTES, create=True)
    scene = Scene(slot)
    assert scene.look() is None
    slot.write(encode(task(thing("apple"))))
    assert scene.look().objects[0].name == "apple"
    for nonsense in (b"\xc1 nonsense", encode(SetMode("suggest"))):
        slot.write(nonsense)
        assert scene.look().objects[0].name == "apple"
    assert capsys.readouterr().err.count("ignored") == 2


@pytest.mark.parametrize("rate", ["0", "1000", "nan"])
def test_a_rate_that_makes_no_sense_is_refused(rate, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--runtime-dir", str(tmp_path), "--rate", rate])
    assert "0.1 to 60" in capsys.readouterr().err
