"""The eyes: a process of its own that looks at camera frames and tells what it sees through shared memory.

`python -m robot_agent.eyes --runtime-dir DIR --camera slot|robot`. It is the only process with the detector,
runs it on one thread, and never touches motion: when it dies or its camera freezes, the last sighting stays
where it is and grows old.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robot_agent.cameras import Camera, SlotCamera, open_sdk_camera
from shared.clock import MonotonicClock, Ratekeeper
from shared.ending import Ending
from shared.errors import CoachError, CodecError
from shared.sight.detections import SIGHTING_SIZE, Sighting, pack_sighting, unpack_sighting
from shared.sight.network import SHIPPED, Detector
from shared.slots import Slot

Image = NDArray[np.uint8]
Detect = Callable[[Image], NDArray[np.void]]

SIGHTING_SLOT = "sighting.slot"
"""Eyes -> all: the newest `Sighting`."""
RATE_HZ = 10.0
"""As often as the robot's local camera feed gives frames."""


class Eyes:
    """Looks at every new frame once.

    Args:
        camera: gives frames.
        detect: a frame -> detections, most confident first.
        model: as `Sighting.model`.
        now_s: the robot's monotonic clock.
    """

    def __init__(self, camera: Camera, detect: Detect, model: int, now_s: Callable[[], float]) -> None:
        self._camera, self._detect, self._model, self._now_s = camera, detect, model, now_s
        self._last: Sighting | None = None
        self.unreadable = 0
        """Frames that were no frames."""

    def look(self) -> Sighting | None:
        """What is seen now; the last sighting again if there is no new frame; None before the first."""
        try:
            frame = self._camera.read()
        except CodecError as error:
            self.unreadable += 1
            frame = None
            if self.unreadable == 1:
                print(f"eyes: a frame was ignored: {error}", file=sys.stderr, flush=True)
        if frame is not None:
            seen = self._detect(frame.picture)
            number = self._last.frame + 1 if self._last is not None else 1
            light = mean_brightness(frame.picture)
            self._last = Sighting(frame.time_s, self._now_s(), number, self._model, light, seen)
        elif self._last is not None:
            self._last = replace(self._last, alive_s=self._now_s())
        return self._last


def mean_brightness(picture: Image) -> float:
    """Mean of all pixels [0, 1], of one in sixteen of them."""
    return float(picture[::4, ::4].mean()) / 255.0


class Sight:
    """The newest sighting, for whoever reads it.

    Args:
        folder: of the slot.

    Raises:
        FileNotFoundError: no eyes were ever started here.
        CodecError: the file is of another version.
    """

    def __init__(self, folder: Path) -> None:
        self._slot = Slot(folder / SIGHTING_SLOT, SIGHTING_SIZE)

    def newest(self) -> Sighting | None:
        """None before the first frame.

        Raises:
            CodecError: the record makes no sense.
        """
        found = self._slot.read()
        return unpack_sighting(found[1]) if found is not None else None


def run(folder: Path, camera: Camera, detector: Detector, rate_hz: float = RATE_HZ) -> int:
    """Look until SIGTERM or SIGINT."""
    clock = MonotonicClock()
    ending = Ending(signal.SIGTERM, signal.SIGINT)
    slot = Slot(folder / SIGHTING_SLOT, SIGHTING_SIZE, create=True)
    eyes = Eyes(camera, detector, detector.model, clock.now_s)
    keeper = Ratekeeper(1.0 / rate_hz)
    while not ending:
        sighting = eyes.look()
        if sighting is not None:
            slot.write(pack_sighting(sighting))
        keeper.wait()
    camera.close()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the process."""
    parser = argparse.ArgumentParser(
        prog="python -m robot_agent.eyes", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--runtime-dir", type=Path, required=True, help="folder of the shared memory")
    parser.add_argument("--camera", choices=("robot", "slot"), default="robot", help="where frames come from")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="folder of the detector")
    parser.add_argument("--rate", type=float, default=RATE_HZ, help="looks in a second")
    options = parser.parse_args(arguments)
    if not 0.1 <= options.rate <= 60.0:
        parser.error(f"--rate {options.rate}: give a number from 0.1 to 60")
    try:
        detector = Detector(options.model)
        options.runtime_dir.mkdir(parents=True, exist_ok=True)
        slot = options.camera == "slot"
        camera = SlotCamera(options.runtime_dir) if slot else open_sdk_camera(MonotonicClock().now_s)
        return run(options.runtime_dir, camera, detector, options.rate)
    except CoachError as error:
        print(f"eyes: {error}", file=sys.stderr, flush=True)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
