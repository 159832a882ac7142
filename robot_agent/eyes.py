"""The eyes: a process of its own that looks at camera frames and tells what it sees through shared memory.

The agent starts it where `eyes = "camera"`; by hand it is `python -m robot_agent.eyes --runtime-dir DIR`. It
is the only process with the detector, runs it on one thread, and never touches motion: when it dies or its
camera freezes, the last sighting stays where it is and grows old.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robot_agent.cameras import Camera, Frame, SlotCamera, open_sdk_camera
from robot_agent.config import DAEMON_PORT, AgentConfig
from robot_agent.photos import PhotoFolder, Photographer
from robot_agent.record_tail import RecordTail
from shared.clock import MonotonicClock, Ratekeeper
from shared.ending import Ending
from shared.errors import CoachError, CodecError
from shared.sight.detections import DETECTION, SIGHTING_SIZE, Sighting, pack_sighting, unpack_sighting
from shared.sight.network import SHIPPED, Detector
from shared.slots import Slot

Image = NDArray[np.uint8]
Detect = Callable[[Image], NDArray[np.void]]

SIGHTING_SLOT = "sighting.slot"
"""Eyes -> all: the newest `Sighting`."""
RATE_HZ = 30.0
"""Looks in a second, more than a camera gives frames: a frame does not wait long, and a look without a new
one costs next to nothing."""
KEPT_FRAMES = 8
HUNG_S = 15
"""No look takes so long."""


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
        nothing = np.zeros(0, DETECTION)
        self.frames: deque[Frame] = deque(maxlen=KEPT_FRAMES)
        """The last ones that came."""
        self._last = Sighting(now_s(), now_s(), 0, model, 0.0, nothing)
        self.unreadable = 0
        """Frames that were no frames."""

    def look(self) -> Sighting:
        """What is seen now; the last sighting again if there is no new frame; frame 0 before the first."""
        try:
            frame = self._camera.read()
        except CodecError as error:
            self.unreadable += 1
            frame = None
            if self.unreadable == 1:
                print(f"eyes: a frame was ignored: {error}", file=sys.stderr, flush=True)
        if frame is not None:
            self.frames.append(frame)
            seen = self._detect(frame.picture)
            light = mean_brightness(frame.picture)
            number = self._last.frame + 1
            self._last = Sighting(frame.time_s, self._now_s(), number, self._model, light, seen)
        else:
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
        """None before the eyes first looked; frame 0 before the first frame.

        Raises:
            CodecError: the record makes no sense.
        """
        found = self._slot.read()
        return unpack_sighting(found[1]) if found is not None else None

    def close(self) -> None:
        """Detach; the slot stays."""
        self._slot.close()


def run(
    folder: Path,
    camera: Camera,
    detector: Detector,
    rate_hz: float = RATE_HZ,
    looked: Callable[[Sequence[Frame]], None] = lambda _: None,
) -> int:
    """Look until SIGTERM or SIGINT.

    A look that takes too long ends the process: whoever started it starts it anew.

    Args:
        folder: of the shared memory.
        camera: gives frames.
        detector: finds things in them.
        rate_hz: looks in a second.
        looked: told of the last frames after each look.
    """
    clock = MonotonicClock()
    ending = Ending(signal.SIGTERM, signal.SIGINT)
    slot = Slot(folder / SIGHTING_SLOT, SIGHTING_SIZE, create=True)
    eyes = Eyes(camera, detector, detector.model, clock.now_s)
    keeper = Ratekeeper(1.0 / rate_hz)
    while not ending:
        # The default action of SIGALRM ends the process, even where it hangs in somebody's library.
        signal.alarm(HUNG_S)
        slot.write(pack_sighting(eyes.look()))
        looked(eyes.frames)
        keeper.wait()
    signal.alarm(0)
    camera.close()
    return 0


def serve(config: AgentConfig) -> int:
    """The eyes of an agent, on the camera of its body.

    Raises:
        ConfigError: no detector.
        MissingExtra: something is not installed.
        BodyError: no camera.
    """
    folder = config.runtime.folder
    detector = Detector()
    on_robot = config.body == "reachy"
    now_s = MonotonicClock().now_s
    camera = open_sdk_camera(now_s, config.daemon_port) if on_robot else SlotCamera(folder)
    records = RecordTail(config.runtime.records)
    photographer = Photographer(config.robot_id, PhotoFolder(config.state.photos), config.runtime.photo)
    return run(folder, camera, detector, looked=lambda frames: photographer.ended(records.new(), frames))


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the process."""
    parser = argparse.ArgumentParser(
        prog="python -m robot_agent.eyes", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--runtime-dir", type=Path, required=True, help="folder of the shared memory")
    parser.add_argument("--camera", choices=("robot", "slot"), default="robot", help="where frames come from")
    parser.add_argument("--port", type=int, default=DAEMON_PORT, help="TCP port of the Reachy Mini daemon")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="folder of the detector")
    parser.add_argument("--rate", type=float, default=RATE_HZ, help="looks in a second")
    options = parser.parse_args(arguments)
    if not 0.1 <= options.rate <= 60.0:
        parser.error(f"--rate {options.rate}: give a number from 0.1 to 60")
    if not 1 <= options.port <= 65535:
        parser.error(f"--port {options.port}: give a number from 1 to 65535")
    try:
        detector = Detector(options.model)
        options.runtime_dir.mkdir(parents=True, exist_ok=True)
        slot = options.camera == "slot"
        now_s = MonotonicClock().now_s
        camera = SlotCamera(options.runtime_dir) if slot else open_sdk_camera(now_s, options.port)
        return run(options.runtime_dir, camera, detector, options.rate)
    except CoachError as error:
        print(f"eyes: {error}", file=sys.stderr, flush=True)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
