"""The simulated robot's camera as a process of its own: it shows the scene of the task the agent was given.

`python -m sim.eye --runtime-dir DIR`. It reads where the head is from the simulated robot's state, which
things stand where from the newest task, and writes a frame into shared memory ten times a second. Between
tasks the last scene stays. The robot itself is not drawn: its own shells would fill the view.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from shared.clock import MonotonicClock, Ratekeeper
from shared.codec import decode
from shared.control.observe import DEFAULT_BRIGHTNESS
from shared.control.rotations import quat_to_matrix
from shared.ending import Ending
from shared.errors import CoachError, CodecError
from shared.messages import TaskSpec
from shared.sight.detections import FRAME_SIZE, pack_frame
from shared.simlink import (
    FRAMES_SLOT,
    STATE_SIZE,
    STATE_SLOT,
    TASK_BYTES,
    TASK_SLOT,
    unpack_state,
)
from shared.slots import Slot
from sim.pixels import Eye

RATE_HZ = 10.0
"""As the robot's local camera feed."""
NICE = 5
"""Motion comes before pictures."""


class Scene:
    """The newest task that the agent was given."""

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._seq = 0
        self.spec: TaskSpec | None = None

    def look(self) -> TaskSpec | None:
        """None before the first one; what is no task is told and left out."""
        found = self._slot.read() if self._slot.seq() != self._seq else None
        if found is not None:
            self._seq = found[0]
            try:
                message = decode(found[1])
                if not isinstance(message, TaskSpec):
                    raise CodecError(f"a {type(message).__name__}")
                self.spec = message
            except CodecError as error:
                print(f"sim.eye: a task was ignored: {error}", file=sys.stderr, flush=True)
        return self.spec


def run(folder: Path, rate_hz: float = RATE_HZ, open_eye: Callable[[], Eye] = Eye) -> int:
    """Take pictures until SIGTERM or SIGINT."""
    folder.mkdir(parents=True, exist_ok=True)
    ending = Ending(signal.SIGTERM, signal.SIGINT)
    states = Slot(folder / STATE_SLOT, STATE_SIZE, create=True)
    frames = Slot(folder / FRAMES_SLOT, FRAME_SIZE, create=True)
    scene = Scene(Slot(folder / TASK_SLOT, TASK_BYTES, create=True))
    clock, keeper = MonotonicClock(), Ratekeeper(1.0 / rate_hz)
    eye = open_eye()
    try:
        while not ending:
            keeper.wait()
            found = states.read()
            if found is None:
                continue
            now_s = clock.now_s()
            state, spec = unpack_state(found[1]), scene.look()
            picture = eye.picture(
                spec.objects if spec is not None else (),
                state.head_pos,
                quat_to_matrix(state.head_quat[None])[0],
                spec.brightness if spec is not None else DEFAULT_BRIGHTNESS,
            )
            frames.write(pack_frame(picture, now_s))
    finally:
        eye.close()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the process."""
    parser = argparse.ArgumentParser(prog="python -m sim.eye", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runtime-dir", type=Path, required=True, help="folder of the slots")
    parser.add_argument("--rate", type=float, default=RATE_HZ, help="pictures in a second")
    options = parser.parse_args(arguments)
    if not 0.1 <= options.rate <= 60.0:
        parser.error(f"--rate {options.rate}: give a number from 0.1 to 60")
    os.nice(NICE)
    try:
        return run(options.runtime_dir, options.rate)
    except CoachError as error:
        print(f"sim.eye: {error}", file=sys.stderr, flush=True)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
