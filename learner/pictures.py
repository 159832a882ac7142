"""Live pictures: what the robot looks like now, drawn from its reported joints while somebody watches.

A picture travels as uint32 (little-endian) header length | JSON header {boot_epoch, decision_seq, episode_id}
| JPEG: it carries the key of the decision it shows, which is what feedback is about.
"""

from __future__ import annotations

import asyncio
import io
import json
import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from learner.counters import Counters
from learner.live import Hub
from learner.robots import Robots, Session
from shared.messages import RobotStatus, SceneObject, TaskSpec

JPEG_QUALITY = 75
STALE_S = 2.0
"""A status older than this is not drawn."""
RETRY_S = 30.0
"""After drawing failed (no GL), it is tried again this much later."""

log = structlog.get_logger("pictures")


class Renderer(Protocol):
    """Draws a robot; see `sim.camera`. Belongs to the thread that made it."""

    def show(self, objects: Sequence[SceneObject]) -> None:
        """Change the objects in the scene."""
        ...

    def render(self, joints: NDArray[Any], *, width: int, height: int) -> NDArray[np.uint8]:
        """(height, width, 3) RGB."""
        ...

    def close(self) -> None:
        """Let go of the GL context."""
        ...


def pack(status: RobotStatus, jpeg: bytes) -> bytes:
    """One binary message of the live channel."""
    header = json.dumps(
        {
            "boot_epoch": status.boot_epoch,
            "decision_seq": status.decision_seq,
            "episode_id": status.episode_id,
        }
    ).encode()
    return struct.pack("<I", len(header)) + header + jpeg


def to_jpeg(image: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) RGB -> JPEG."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


class Pictures:
    """Draws watched robots in a thread of its own."""

    def __init__(
        self,
        *,
        hub: Hub,
        robots: Robots,
        counters: Counters,
        make_renderer: Callable[[], Renderer],
        fps: float,
        size: tuple[int, int],
    ) -> None:
        """`size`: width and height [px]."""
        self._hub = hub
        self._robots = robots
        self._counters = counters
        self._make = make_renderer
        self._period_s = 1.0 / fps
        self._size = size
        self._shown: TaskSpec | None = None
        self._thread = ThreadPoolExecutor(1, "pictures")  # a GL context lives in one thread
        self._renderer: Renderer | None = None

    async def run(self) -> None:
        """Draw for ever, at most `fps` times a second and robot, and only what is watched."""
        while True:
            began = self._robots.clock()
            watched = [s for s in self._robots.connected() if self._hub.watched(s.robot_id)]
            try:
                for session in watched:
                    await self._show(session)
            except Exception as error:
                log.warning("cannot draw; will try again", error=str(error), retry_s=RETRY_S)
                await self._say_no_picture(str(error))
                continue
            took_s = self._robots.clock() - began
            # Software rendering shares the machine with training: at most about half a core.
            await asyncio.sleep(max(0.02, took_s, self._period_s - took_s))

    async def _show(self, session: Session) -> None:
        status = session.status
        if status is None or self._robots.clock() - session.status_s > STALE_S:
            return
        given = session.given(status.episode_id)
        spec = given.spec if given is not None else None
        loop = asyncio.get_running_loop()
        jpeg = await loop.run_in_executor(self._thread, self._draw, status, spec)
        self._counters.pictures += 1
        self._hub.publish(("picture", session.robot_id), pack(status, jpeg), session.robot_id)

    def _draw(self, status: RobotStatus, spec: TaskSpec | None) -> bytes:
        if self._renderer is None:
            self._renderer = self._make()
        if spec is not self._shown:
            self._renderer.show(spec.objects if spec is not None else ())
            self._shown = spec
        joints = np.asarray(status.joints, np.float64)
        return to_jpeg(self._renderer.render(joints, width=self._size[0], height=self._size[1]))

    async def _say_no_picture(self, reason: str) -> None:
        """Tell watchers, also those who come later, until it is time to try again."""
        message = json.dumps({"type": "no_picture", "reason": reason[:300]})
        for _ in range(round(RETRY_S)):
            self._hub.publish("no_picture", message)
            await asyncio.sleep(1.0)

    def close(self) -> None:
        """Let go of the renderer; waits for the picture that is being drawn."""
        renderer = self._renderer
        if renderer is not None:
            self._thread.submit(renderer.close)
        self._thread.shutdown(wait=True)
