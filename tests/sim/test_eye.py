"""The simulated camera's process shows the newest task, and lives through nonsense."""

from dataclasses import replace

import pytest

from robot_agent.rehearsal import empty_task
from shared.codec import encode
from shared.messages import SceneObject, SetMode
from shared.simlink import TASK_BYTES
from shared.slots import Slot
from sim.eye import Scene, main


def thing(name, at=(0.6, 0.0, 0.15)):
    return SceneObject(name, at, 0.08, 0.5, (0.5, -0.5))


def task(*things, brightness=0.5):
    return replace(empty_task("e1"), objects=things, brightness=brightness)


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
