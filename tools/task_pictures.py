"""Pictures of a played episode: a still of three moments, or a moving one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import ConfigError
from shared.spaces import TICK_S

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sim.playing import Played

STILL = (".png", ".webp")
MOVING = (".gif", ".mp4")
FPS = 10
MOMENTS = (0.0, 0.5, 1.0)
"""Shares of the episode that a still shows, from left to right."""


def check_ending(path: Path) -> None:
    """Refuse a file that cannot be written, before anything is played.

    Raises:
        ConfigError: an ending that stands for no picture, or a folder that is not there.
    """
    if path.suffix.lower() not in STILL + MOVING:
        raise ConfigError(f"cannot write {path.name}: a picture ends in {', '.join(STILL + MOVING)}")
    if not path.parent.is_dir():
        raise ConfigError(f"cannot write {path}: there is no folder {path.parent}")


def write(path: Path, played: Played, *, width: int, height: int) -> int:
    """Render an episode; returns the number of frames.

    Raises:
        ConfigError: see `check_ending`.
        MissingExtra: MP4 needs PyAV.
        NoPicture: this machine has no OpenGL.
    """
    check_ending(path)
    last = len(played.joints) - 1
    if path.suffix.lower() in STILL:
        ticks = [round(share * last) for share in MOMENTS]
    else:
        every = round(1.0 / (FPS * TICK_S))
        ticks = [*range(0, last, every), last]
    frames = _frames(played, ticks, width, height)
    if path.suffix.lower() in STILL:
        _write_strip(path, frames)
    elif path.suffix.lower() == ".gif":
        _write_gif(path, frames)
    else:
        _write_mp4(path, frames)
    return len(frames)


def _frames(played: Played, ticks: list[int], width: int, height: int) -> list[NDArray[np.uint8]]:
    from sim.camera import Renderer
    from sim.light import ENOUGH

    with Renderer(played.spec, width=width, height=height) as renderer:
        frames = [renderer.render(played.joints[tick], played.objects(tick)) for tick in ticks]
    light = min(1.0, played.spec.brightness / ENOUGH)
    return frames if light == 1.0 else [(frame * light).astype(frame.dtype) for frame in frames]


def _write_strip(path: Path, frames: list[NDArray[np.uint8]]) -> None:
    import numpy as np
    from PIL import Image

    Image.fromarray(np.concatenate(frames, axis=1)).save(path, quality=82, method=6)


def _write_gif(path: Path, frames: list[NDArray[np.uint8]]) -> None:
    from PIL import Image

    first, *rest = [Image.fromarray(frame).quantize(128) for frame in frames]
    first.save(path, save_all=True, append_images=rest, duration=round(1000 / FPS), loop=0)


def _write_mp4(path: Path, frames: list[NDArray[np.uint8]]) -> None:
    try:
        import av
    except ImportError as error:
        raise ConfigError("an MP4 needs PyAV: pip install av; or name a .gif") from error
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
