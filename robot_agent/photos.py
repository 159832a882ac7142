"""Photos that the robot takes: kept on its own disk, a bounded number of them, named by their decision."""

from __future__ import annotations

import logging
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robot_agent.cameras import Frame
from robot_agent.frames import PhotoState, Record, pack, size
from shared.files import write_atomic
from shared.keys import check_robot_id
from shared.messages import END_REASONS
from shared.slots import Slot
from shared.spaces import TICK_S
from shared.tools import TOOL_INDEX

Image = NDArray[np.uint8]

log = logging.getLogger("photos")

TOOL = TOOL_INDEX["take_photo"]
MAX_PHOTOS = 100
MAX_BYTES = 64 * 1024 * 1024
"""Of all photos together; the oldest go first."""
NAME = re.compile(r"[A-Za-z0-9_-]{1,48}-[0-9]{1,10}-[0-9]{1,20}\.png")
NO_CAMERA = "no camera"
LATE_S = 0.3
"""How much before the decision a picture may have come: the robot was at rest by then."""


class PhotoFolder:
    """The photos that are kept.

    Args:
        folder: made with the first photo.
        most: photos.
        most_bytes: of them together; the newest one is kept in any case.
    """

    def __init__(self, folder: Path, most: int = MAX_PHOTOS, most_bytes: int = MAX_BYTES) -> None:
        self._folder, self._most, self._most_bytes = folder, most, most_bytes

    def keep(self, robot_id: str, record: Record, picture: Image) -> str:
        """Write a photo and let the oldest go; returns its name.

        Raises:
            ConfigError: no robot has that id.
            OSError: it cannot be written.
        """
        check_robot_id(robot_id)
        name = f"{robot_id}-{record.boot_epoch}-{record.decision_seq}.png"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomic(self._folder / name, png(picture))
        left = self._most_bytes
        for number, path in enumerate(self._paths()):
            left -= path.stat().st_size
            if number and (number >= self._most or left < 0):
                path.unlink()
        return name

    def names(self) -> list[str]:
        """The newest first."""
        return [path.name for path in self._paths()]

    def read(self, name: str) -> bytes | None:
        """A photo's bytes; None if there is none of that name, or if it is no photo's name."""
        if not NAME.fullmatch(name):
            return None
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None

    def _paths(self) -> list[Path]:
        """The newest first: names rise with the guard's starts and its decisions."""
        found = [path for path in self._folder.glob("*.png") if NAME.fullmatch(path.name)]
        return sorted(found, key=lambda path: [int(n) for n in path.stem.rsplit("-", 2)[1:]], reverse=True)


class Photographer:
    """Keeps a picture when a decision to take one has ended, and says what became of it.

    Args:
        robot_id: of this robot.
        folder: for the photos.
        slot: what became of the last one.
    """

    def __init__(self, robot_id: str, folder: PhotoFolder, slot: Path) -> None:
        self._robot_id, self._folder = robot_id, folder
        slot.parent.mkdir(parents=True, exist_ok=True)
        self._slot = Slot(slot, size(PhotoState), create=True)

    def ended(self, records: Iterable[Record], frames: Sequence[Frame] | None) -> None:
        """Look through what the guard has ended.

        Args:
            records: new ones.
            frames: the last ones that came, the newest at the end; None: this robot has no camera.
        """
        for record in records:
            if record.tool == TOOL and END_REASONS[record.end_reason] == "completed":
                kept, outcome = self._take(record, frames)
                log.log(logging.INFO if kept else logging.WARNING, "photo: %s", outcome)
                self._slot.write(pack(PhotoState(record.boot_epoch, record.decision_seq, kept, outcome)))

    def _take(self, record: Record, frames: Sequence[Frame] | None) -> tuple[bool, str]:
        if frames is None:
            return False, NO_CAMERA
        if not frames:
            return False, "the camera has given no picture"
        since_s = frames[-1].time_s - record.n_ticks * TICK_S - LATE_S
        best = max((frame for frame in frames if frame.time_s >= since_s), key=lambda f: sharpness(f.picture))
        try:
            return True, self._folder.keep(self._robot_id, record, best.picture)
        except OSError as error:
            return False, f"it cannot be kept: {error.strerror}"


def sharpness(picture: Image) -> float:
    """Mean step of green between neighbours; motion and bad focus make it small."""
    green = picture[::2, ::2, 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())


def png(picture: Image) -> bytes:
    """(height, width, 3) RGB as a PNG file (ISO/IEC 15948); every row as differences from its left pixels.

    Raises:
        ValueError: not a picture.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise ValueError(f"a picture is (height, width, 3) uint8, not {picture.shape} {picture.dtype}")
    height, width = picture.shape[:2]
    left = np.zeros_like(picture)
    left[:, 1:] = picture[:, :-1]
    rows = np.empty((height, 1 + 3 * width), np.uint8)
    rows[:, 0] = 1  # the filter "sub"
    rows[:, 1:] = (picture - left).reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(rows.tobytes(), 3)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
