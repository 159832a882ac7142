"""Where the eyes' frames come from: the robot's camera through the SDK, or a simulated one's shared memory.

A frame's time is when it was first seen. Cameras that freeze hand out the same bytes again: those are no new
frame, so the picture grows old, as it should.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from robot_agent.config import DAEMON_PORT
from shared.errors import BodyError, MissingExtra
from shared.sight.detections import FRAME_SIZE, unpack_frame
from shared.simlink import FRAMES_SLOT
from shared.slots import Slot

Image = NDArray[np.uint8]

LOST_S = 10.0
"""Without a picture from the daemon [s], after which its camera is lost: the SDK's client does not find a
daemon again that was started anew."""


@dataclass(frozen=True)
class Frame:
    """One picture."""

    picture: Image
    """(height, width, 3) RGB."""
    time_s: float
    """When it came, on the robot's monotonic clock; the exposure was earlier by what transport takes."""


class Camera(Protocol):
    """Something that gives pictures."""

    def read(self) -> Frame | None:
        """A frame that was not read before; None if there is none yet."""
        ...

    def close(self) -> None:
        """Give the camera back."""
        ...


class SlotCamera:
    """Frames that a simulation writes into shared memory, each with its own time.

    Args:
        folder: of the slot; it is made if need be.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._slot = Slot(folder / FRAMES_SLOT, FRAME_SIZE, create=True)
        self._seq = 0

    def read(self) -> Frame | None:
        """A frame that was not read before; None if there is none yet.

        Raises:
            CodecError: the record is not a frame.
        """
        if self._slot.seq() == self._seq:
            return None
        found = self._slot.read()
        if found is None or found[0] == self._seq:
            return None
        self._seq = found[0]
        return Frame(*unpack_frame(found[1]))

    def close(self) -> None:
        """Detach; the slot stays."""
        self._slot.close()


class SdkCamera:
    """The robot's camera through the media client of Reachy Mini's SDK, which gives BGR.

    Args:
        get_frame: as `ReachyMini.media.get_frame`.
        now_s: the robot's monotonic clock.
        close: gives the client back.
    """

    def __init__(
        self,
        get_frame: Callable[[], Image | None],
        now_s: Callable[[], float],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._get_frame, self._now_s, self._close = get_frame, now_s, close
        self._last = -1
        self._given_s = now_s()

    def read(self) -> Frame | None:
        """A frame that was not read before; None if there is none yet.

        Raises:
            BodyError: the daemon has given nothing for `LOST_S`; connect anew.
        """
        picture = self._get_frame()
        now = self._now_s()
        if picture is None:
            if now - self._given_s > LOST_S:
                raise BodyError(f"the Reachy Mini daemon has given no picture for {LOST_S:g} s")
            return None
        self._given_s = now
        # A real sensor's noise never repeats: the same bytes are the same frame.
        mark = zlib.crc32(picture[::4].tobytes())
        if mark == self._last:
            return None
        self._last = mark
        return Frame(np.ascontiguousarray(picture[..., ::-1]), now)

    def close(self) -> None:
        """Give the client back."""
        self._close()


def open_sdk_camera(now_s: Callable[[], float], port: int = DAEMON_PORT) -> SdkCamera:
    """The camera of the robot on this machine.

    Args:
        now_s: the robot's monotonic clock.
        port: TCP port of the daemon on this machine.

    Raises:
        MissingExtra: reachy-mini is not installed.
        BodyError: no daemon answers here, or it has no camera.
    """
    try:
        from reachy_mini import ReachyMini
    except ImportError as error:
        raise MissingExtra("robot", "reachy-mini") from error
    try:
        robot: Any = ReachyMini(
            media_backend="local",
            connection_mode="localhost_only",
            port=port,
            automatic_body_yaw=False,  # every client sets it for all of them: the body must stay where it is
        )
    except (ConnectionError, TimeoutError, OSError, RuntimeError) as error:
        raise BodyError(f"no camera from the Reachy Mini daemon on this machine: {error}") from error
    if robot.media.camera is None:
        raise BodyError("the Reachy Mini daemon gives no camera frames; was it started with --no-media?")
    return SdkCamera(robot.media.get_frame, now_s, robot.media.close)
