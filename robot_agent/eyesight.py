"""How the eyes are, in words: for the robot's page, its status and the doctor."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from robot_agent.config import AgentConfig
from robot_agent.eyes import Sight
from robot_agent.frames import PhotoState, size, unpack
from robot_agent.photos import NO_CAMERA
from shared.control.ood import DARK
from shared.errors import CodecError
from shared.slots import Slot

SILENT_S = 2.0
"""Eyes that have not written for so long do not run."""
OLD_S = 1.0
"""A picture older than this is not what is there now."""


@dataclass(frozen=True)
class Eyesight:
    """How the eyes are."""

    well: bool
    """They see, or nobody asked them to."""
    found: str
    """In words."""


def eyesight(config: AgentConfig, now_s: Callable[[], float] = time.monotonic) -> Eyesight:
    """How the eyes of this agent are now."""
    if config.eyes != "camera":
        return Eyesight(True, f"{NO_CAMERA}: known positions, projected")
    try:
        sight = Sight(config.runtime.folder)
    except FileNotFoundError:
        return Eyesight(False, "the eyes have not been started")
    except CodecError as error:
        return Eyesight(False, str(error))
    try:
        newest = sight.newest()
    except CodecError as error:
        return Eyesight(False, f"the eyes say what makes no sense: {error}")
    finally:
        sight.close()
    now = now_s()
    if newest is None:
        return Eyesight(False, "the eyes have not looked yet")
    if now - newest.alive_s > SILENT_S:
        return Eyesight(False, f"the eyes have been silent for {now - newest.alive_s:.0f} s")
    if newest.frame == 0:
        return Eyesight(False, "the camera has given no picture yet")
    age_s = newest.age_s(now)
    if age_s > OLD_S:
        return Eyesight(False, f"the camera's last picture is {age_s:.0f} s old")
    if newest.brightness < DARK:
        return Eyesight(False, f"the camera sees next to nothing: brightness {newest.brightness:.2f}")
    return Eyesight(True, f"{len(newest.detections)} things seen, brightness {newest.brightness:.2f}")


def last_photo(config: AgentConfig) -> str:
    """The name of the photo taken last, or why there is none; empty while none was asked for."""
    try:
        slot = Slot(config.runtime.photo, size(PhotoState))
    except (FileNotFoundError, CodecError):
        return ""
    found = slot.read()
    slot.close()
    if found is None:
        return ""
    state = unpack(PhotoState, found[1])
    return state.outcome if state.kept else f"none: {state.outcome}"
