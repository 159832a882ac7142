"""Detections as one record in shared memory, and camera frames as another: fixed sizes, checked when read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.errors import CodecError

Image = NDArray[np.uint8]

DETECTION = np.dtype(
    [
        ("name", "<u2"),  # index into the detector's names
        ("u", "<f4"),  # [-1, 1] over the image, to the right
        ("v", "<f4"),  # [-1, 1] over the image, down
        ("size", "<f4"),  # as a fraction of the image width
        ("confidence", "<f4"),  # [0, 1]
        ("box", "<f4", (4,)),  # left, top, right, bottom in u and v
    ]
)
MAX_SEEN = 16
"""Most detections in a record; those of least confidence are left out."""
_SIGHTING = np.dtype(
    [
        ("time_s", "<f8"),
        ("alive_s", "<f8"),
        ("frame", "<u8"),
        ("model", "<u8"),
        ("brightness", "<f4"),
        ("count", "<u2"),
        ("detections", DETECTION, (MAX_SEEN,)),
    ]
)
_FRAME = np.dtype([("time_s", "<f8"), ("width", "<u2"), ("height", "<u2")])
SIGHTING_SIZE = _SIGHTING.itemsize
MAX_WIDTH, MAX_HEIGHT = 640, 480
FRAME_SIZE = _FRAME.itemsize + MAX_WIDTH * MAX_HEIGHT * 3
"""Longest record of a frame [bytes]."""
_BOUNDS = {
    "u": (-1.3, 1.3),
    "v": (-1.3, 1.3),
    "size": (0.0, 2.0),
    "confidence": (0.0, 1.0),
    "box": (-1.3, 1.3),
}


@dataclass(frozen=True)
class Sighting:
    """What was seen in one frame."""

    time_s: float
    """When the frame came from the camera, on the robot's monotonic clock."""
    alive_s: float
    """When the eyes last wrote this, with a new frame or without."""
    frame: int
    """Rises by one with every new frame."""
    model: int
    """First eight bytes of the detector's sha256: whose names these are."""
    brightness: float
    """Mean of the frame [0, 1]."""
    detections: NDArray[np.void]
    """(k,) of `DETECTION`, the most confident first, k <= MAX_SEEN."""

    def age_s(self, now_s: float) -> float:
        """How old the picture is. It grows while the camera gives none, or the same one again and again."""
        return max(0.0, now_s - self.time_s)


def pack_sighting(sighting: Sighting) -> bytes:
    """A record of `SIGHTING_SIZE` bytes."""
    record = np.zeros((), _SIGHTING)
    for name in ("time_s", "alive_s", "frame", "model", "brightness"):
        record[name] = getattr(sighting, name)
    kept = sighting.detections[:MAX_SEEN]
    record["count"] = len(kept)
    record["detections"][: len(kept)] = kept
    return record.tobytes()


def unpack_sighting(data: bytes) -> Sighting:
    """The sighting in a record.

    Raises:
        CodecError: the record has another size, or holds what no detector says.
    """
    if len(data) != SIGHTING_SIZE:
        raise CodecError(f"sighting of {len(data)} bytes where {SIGHTING_SIZE} belong: other version?")
    record = np.frombuffer(data, _SIGHTING)[0]
    count = int(record["count"])
    if count > MAX_SEEN:
        raise CodecError(f"sighting of {count} detections; at most {MAX_SEEN} fit")
    found = np.array(record["detections"][:count])
    for name, (low, high) in _BOUNDS.items():
        # Written so that NaN fails.
        if not ((found[name] >= low) & (found[name] <= high)).all():
            raise CodecError(f"sighting: {name} outside {low} to {high}: {found[name].tolist()}")
    times = float(record["time_s"]), float(record["alive_s"])
    if not np.isfinite(times).all():
        raise CodecError(f"sighting: times {times} are not finite")
    brightness = float(record["brightness"])
    if not 0.0 <= brightness <= 1.0:
        raise CodecError(f"sighting: brightness {brightness} is not in 0..1")
    return Sighting(*times, int(record["frame"]), int(record["model"]), brightness, found)


def pack_frame(picture: Image, time_s: float) -> bytes:
    """A camera frame, (height, width, 3) uint8 RGB, as a record of at most `FRAME_SIZE` bytes.

    Raises:
        ValueError: another shape or type, or too large.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"a frame is (height, width, 3) uint8, not {picture.shape} {picture.dtype}")
    height, width = picture.shape[:2]
    if not (0 < width <= MAX_WIDTH and 0 < height <= MAX_HEIGHT):
        raise ValueError(f"a frame of {width}x{height} pixels; at most {MAX_WIDTH}x{MAX_HEIGHT}")
    header = np.zeros((), _FRAME)
    header["time_s"], header["width"], header["height"] = time_s, width, height
    return header.tobytes() + picture.tobytes()


def unpack_frame(data: bytes) -> tuple[Image, float]:
    """The picture, (height, width, 3) RGB, and when it was taken [s].

    Raises:
        CodecError: not a frame.
    """
    if len(data) < _FRAME.itemsize:
        raise CodecError(f"frame of {len(data)} bytes: not even a header")
    header = np.frombuffer(data, _FRAME, count=1)[0]
    width, height, time_s = int(header["width"]), int(header["height"]), float(header["time_s"])
    wanted = _FRAME.itemsize + width * height * 3
    if not (0 < width <= MAX_WIDTH and 0 < height <= MAX_HEIGHT) or len(data) != wanted:
        raise CodecError(f"frame of {len(data)} bytes says that it is {width}x{height}")
    if not np.isfinite(time_s):
        raise CodecError(f"frame: time {time_s} is not finite")
    pixels = np.frombuffer(data, np.uint8, offset=_FRAME.itemsize)
    return pixels.reshape(height, width, 3), time_s
