"""What the policy is told of the scene comes from the newest picture, and says how old that is."""

from dataclasses import replace

import numpy as np
import pytest

from robot_agent.eyes import SIGHTING_SLOT
from robot_agent.frames import GuardState, Kind
from robot_agent.rehearsal import empty_task
from robot_agent.view import OPENING_S, PATIENCE_S, Projected, Seen
from shared.clock import FakeClock
from shared.messages import SceneObject
from shared.sight.detections import DETECTION, SIGHTING_SIZE, Sighting, pack_sighting
from shared.sight.network import SHIPPED, model_number, read_manifest
from shared.slots import Slot
from shared.spaces import DETECTION_FIELDS
from tests.robot_agent.samples import guard_state

MANIFEST = read_manifest(SHIPPED)
MODEL = model_number(MANIFEST.sha256)
APPLE = MANIFEST.names.index("apple")
TASK = replace(empty_task("e1"), objects=(SceneObject("apple", (0.6, 0.1, 0.1), 0.08, 0.5, (0.5, -0.5)),))
RESTING: GuardState = guard_state(finished=True, kind=Kind.IDLE)


@pytest.fixture
def eyes(tmp_path):
    """A view, its clock, and what puts a sighting before it."""
    clock = FakeClock(100.0)
    view = Seen(tmp_path, MANIFEST, clock.now_s)
    slot = Slot(tmp_path / SIGHTING_SLOT, SIGHTING_SIZE, create=True)

    def sight(time_s, frame=1, name=APPLE, model=MODEL):
        seen = np.zeros(1, DETECTION)
        seen["name"], seen["u"], seen["v"], seen["size"], seen["confidence"] = name, 0.25, -0.5, 0.1, 0.9
        slot.write(pack_sighting(Sighting(time_s, time_s, frame, model, 0.4, seen)))

    return view, clock, sight


def test_a_picture_becomes_detections_with_its_age_and_light(eyes):
    view, clock, sight = eyes
    sight(clock.now_s() - 0.05)
    seen = view.see(TASK, RESTING)
    first = dict(zip(DETECTION_FIELDS, seen.detections[:8].tolist(), strict=True))
    assert (first["u"], first["v"]) == (0.25, -0.5)
    assert first["match"] > 0.0
    assert seen.age_s == pytest.approx(0.05)
    assert first["age_s"] == pytest.approx(0.05)
    assert seen.brightness == pytest.approx(0.4)
    clock.advance(3.0)
    assert view.see(TASK, RESTING).age_s == pytest.approx(3.05)


def test_before_the_first_picture_there_is_nothing_and_it_is_dark(eyes):
    view, clock, sight = eyes
    for _ in range(2):
        seen = view.see(TASK, RESTING)
        assert not seen.detections.any()
        assert seen.brightness == 0.0
        assert view.awaited() == "its eyes"
        sight(0.0, frame=0)
    clock.advance(OPENING_S)
    assert view.awaited() == ""
    assert view.see(TASK, RESTING).age_s == pytest.approx(OPENING_S)


def test_a_decision_waits_for_a_picture_from_after_the_motion_but_not_for_ever(eyes):
    view, clock, sight = eyes
    sight(clock.now_s())
    view.see(TASK, replace(RESTING, finished=False, action_seq=7))
    clock.advance(0.4)
    view.see(TASK, replace(RESTING, action_seq=7))  # at rest from now on
    assert view.awaited() == "a new picture"
    sight(clock.now_s() - 0.1, frame=2)
    view.see(TASK, replace(RESTING, action_seq=7))
    assert view.awaited() == "a new picture"
    sight(clock.now_s() + 0.1, frame=3)
    view.see(TASK, replace(RESTING, action_seq=7))
    assert view.awaited() == ""
    view.see(TASK, replace(RESTING, action_seq=8))
    clock.advance(PATIENCE_S)
    assert view.awaited() == ""


@pytest.mark.parametrize("wrong", [{"model": 7}, {"name": len(MANIFEST.names)}])
def test_what_another_detector_says_is_ignored_once_aloud(eyes, caplog, wrong):
    view, clock, sight = eyes
    sight(clock.now_s())
    before = view.see(TASK, RESTING).detections
    for frame in (2, 3):
        sight(clock.now_s(), frame=frame, **wrong)
        np.testing.assert_array_equal(view.see(TASK, RESTING).detections, before)
    assert len([r for r in caplog.records if "ignored" in r.message]) == 1


def test_known_positions_are_drawn_anew_and_follow_from_the_seed():
    one, two, other = Projected(), Projected(), Projected()
    seen = [one.see(TASK, RESTING).detections for _ in range(3)]
    assert not np.array_equal(seen[0], seen[1])
    np.testing.assert_array_equal(two.see(TASK, RESTING).detections, seen[0])
    elsewhere = replace(TASK, episode_id="another", seed=TASK.seed + 1)
    assert not np.array_equal(other.see(elsewhere, RESTING).detections, seen[0])
    assert one.awaited() == ""
