"""What the policy is told about the scene: known positions, projected, or what the eyes saw last."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from robot_agent.eyes import SIGHTING_SLOT
from robot_agent.frames import GuardState
from shared.control.observe import DEFAULT_BRIGHTNESS
from shared.control.rotations import quat_to_matrix
from shared.control.vision import Scenes, detect, scenes
from shared.errors import CodecError
from shared.messages import TaskSpec
from shared.sight.detections import SIGHTING_SIZE, Sighting, unpack_sighting
from shared.sight.network import SHIPPED, Manifest, model_number, read_manifest
from shared.sight.slots import observation_slots
from shared.slots import Slot
from shared.spaces import DETECTION_FIELDS, NUM_DETECTIONS

F32 = NDArray[np.float32]

log = logging.getLogger("view")

PATIENCE_S = 1.0
"""Longest that a decision waits for a picture that was taken after the robot came to rest."""
OPENING_S = 30.0
"""The same before the very first picture: the eyes may still be starting."""
BLIND_S = 1.0
"""A picture older than this is worth telling a person."""


@dataclass(frozen=True)
class View:
    """The part of an observation that a camera gives."""

    detections: F32
    """(64,), as `vision.detect` makes them."""
    age_s: float = 0.0
    """Of the picture."""
    brightness: float = DEFAULT_BRIGHTNESS
    """Mean of the picture [0, 1]."""


class Vision(Protocol):
    """Where views come from."""

    def see(self, asked: TaskSpec, state: GuardState) -> View:
        """The scene now; called once for every state of the guard."""
        ...

    def awaited(self) -> str:
        """What a decision would have to wait for, in a few words; empty when it can be made now."""
        ...


class Projected:
    """Known positions in the camera at the present head pose, with a camera's noise; drawn anew each time."""

    def __init__(self) -> None:
        self._asked: TaskSpec | None = None
        self._scene: Scenes | None = None
        self._rng = np.random.default_rng()

    def see(self, asked: TaskSpec, state: GuardState) -> View:
        """The scene now; everything random follows from the task's seed."""
        before = self._asked
        if self._scene is None or asked is not before:
            if before is None or asked.episode_id != before.episode_id:
                self._rng = np.random.default_rng(asked.seed)
            self._asked, self._scene = asked, scenes([asked.objects])
        head = quat_to_matrix(state.head_quat[None])
        return View(detect(self._scene, state.head_pos[None], head, self._rng)[0])

    def awaited(self) -> str:
        """Never anything."""
        return ""


class Seen:
    """The newest sighting of the eyes, matched by name with what the task asks for.

    A decision waits for a picture that was taken after the last motion ended, as simulated training has it,
    but not for ever: with a camera that froze, the robot goes on, and the observation says how old the
    picture is.

    Args:
        folder: of the sighting's slot.
        manifest: of the detector: whose names sightings have.
        now_s: the robot's monotonic clock.
    """

    def __init__(
        self, folder: Path, manifest: Manifest | None = None, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        manifest = manifest or read_manifest(SHIPPED)
        folder.mkdir(parents=True, exist_ok=True)
        self._slot = Slot(folder / SIGHTING_SLOT, SIGHTING_SIZE, create=True)
        self._names, self._model = manifest.names, model_number(manifest.sha256)
        self._now_s = now_s
        self._began_s = now_s()
        self._seq = 0
        self._sighting: Sighting | None = None
        self._action, self._rest_s = -1, self._began_s
        self._complained = False

    def see(self, asked: TaskSpec, state: GuardState) -> View:
        """The newest picture; before the first, nothing in the dark, as old as this process."""
        now_s = self._now_s()
        self._read()
        if not state.finished:
            self._action = -1
        elif self._action != state.action_seq:
            self._action, self._rest_s = state.action_seq, now_s
        sighting = self._sighting
        if sighting is None or sighting.frame == 0:
            nothing = np.zeros(NUM_DETECTIONS * len(DETECTION_FIELDS), np.float32)
            return View(nothing, now_s - self._began_s, 0.0)
        age_s = sighting.age_s(now_s)
        slots = observation_slots(sighting.detections, self._names, asked.objects, age_s)
        return View(slots, age_s, sighting.brightness)

    def awaited(self) -> str:
        """A picture from after the robot came to rest, while there is hope of one."""
        now_s, sighting = self._now_s(), self._sighting
        if sighting is None or sighting.frame == 0:
            return "its eyes" if now_s - self._began_s < OPENING_S else ""
        if sighting.time_s >= self._rest_s or now_s - self._rest_s >= PATIENCE_S:
            return ""
        return "a new picture"

    def _read(self) -> None:
        if self._slot.seq() == self._seq or (found := self._slot.read()) is None:
            return
        self._seq = found[0]
        try:
            sighting = unpack_sighting(found[1])
            if sighting.model != self._model:
                raise CodecError(
                    f"the detector {sighting.model:016x} is not {self._model:016x}, whose names are known"
                )
            if (sighting.detections["name"] >= len(self._names)).any():
                raise CodecError(f"a name beyond the {len(self._names)} that the detector has")
        except CodecError as error:
            if not self._complained:
                log.warning("a sighting was ignored: %s", error)
            self._complained = True
            return
        self._sighting = sighting
