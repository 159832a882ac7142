"""How the eyes are is told in words, whatever state their memory is in."""

from dataclasses import replace

import numpy as np
import pytest

from robot_agent.eyes import SIGHTING_SLOT
from robot_agent.eyesight import OLD_S, SILENT_S, eyesight, last_photo
from robot_agent.frames import PhotoState, pack, size
from shared.control.ood import DARK
from shared.errors import ConfigError
from shared.sight.detections import DETECTION, SIGHTING_SIZE, Sighting, pack_sighting
from shared.slots import Slot

NOW = 100.0


@pytest.fixture
def looking(config):
    config.runtime.folder.mkdir(parents=True)
    return replace(config, eyes="camera")


def sight(config, time_s=NOW, alive_s=NOW, frame=1, light=0.5):
    seen = np.zeros(2, DETECTION)
    slot = Slot(config.runtime.folder / SIGHTING_SLOT, SIGHTING_SIZE, create=True)
    slot.write(pack_sighting(Sighting(time_s, alive_s, frame, 1, light, seen)))


def test_a_robot_that_does_not_look_is_well(config):
    found = eyesight(config)
    assert (found.well, found.found) == (True, "no camera: known positions, projected")


@pytest.mark.parametrize(
    ("sighting", "well", "words"),
    [
        ({}, True, "2 things seen, brightness 0.50"),
        ({"alive_s": NOW - SILENT_S - 1.0}, False, "silent for 3 s"),
        ({"frame": 0}, False, "no picture yet"),
        ({"time_s": NOW - OLD_S - 4.0}, False, "5 s old"),
        ({"light": DARK / 2}, False, "next to nothing"),
    ],
)
def test_what_is_seen_or_why_nothing_is(looking, sighting, well, words):
    sight(looking, **sighting)
    found = eyesight(looking, lambda: NOW)
    assert found.well == well
    assert words in found.found


def test_eyes_that_never_began_and_memory_that_makes_no_sense(looking):
    assert "not been started" in eyesight(looking).found
    slot = Slot(looking.runtime.folder / SIGHTING_SLOT, SIGHTING_SIZE, create=True)
    assert "not looked yet" in eyesight(looking).found
    slot.write(b"\xff" * SIGHTING_SIZE)
    found = eyesight(looking)
    assert not found.well
    assert "makes no sense" in found.found
    (looking.runtime.folder / SIGHTING_SLOT).write_bytes(b"short")
    assert not eyesight(looking).well


def test_the_last_photo_or_why_there_is_none(looking):
    assert last_photo(looking) == ""
    slot = Slot(looking.runtime.photo, size(PhotoState), create=True)
    assert last_photo(looking) == ""
    slot.write(pack(PhotoState(1, 2, True, "r1-1-2.png")))
    assert last_photo(looking) == "r1-1-2.png"
    slot.write(pack(PhotoState(1, 3, False, "no camera")))
    assert last_photo(looking) == "none: no camera"


@pytest.mark.parametrize("wrong", [{"eyes": "laser"}, {"eyes": "camera", "speed": 2.0, "body": "mujoco"}])
def test_eyes_that_cannot_be_are_refused(config, wrong):
    with pytest.raises(ConfigError, match="eyes"):
        replace(config, **wrong)
