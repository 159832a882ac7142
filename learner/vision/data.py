"""Frames to train and measure the detector on: rendered once, kept on disk in chunks.

Frames are kept clean. Training takes every one anew with another camera (`sim.sensor`) in each epoch; the
other sets have one fixed camera a frame.
"""

from __future__ import annotations

import functools
import io
import multiprocessing
import signal
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.errors import ConfigError
from shared.files import write_atomic
from sim.images import HEIGHT, WIDTH, Studio
from sim.looks import Family
from sim.sensor import DIM, Image, Sensor, draw_sensor, expose
from sim.truths import MAX_TRUTHS, TRUTH

Split = Literal["train", "validation", "test", "plain"]
VERSION = 3
"""Of the frames; rises when the same seed gives other ones."""
CHUNK = 250
"""Frames in a file."""
SIZES: dict[Split, int] = {"train": 20000, "validation": 500, "test": 1000, "plain": 500}
"""`test`: patterns, colours and lights that are in no other set. `plain`: scenes of the tasks in the room as
the simulator shows it."""
PLAIN_SHARE = 0.1
"""Of the frames to train on that show the simulator's own room."""
DIM_BELOW = DIM[1]
"""Brightness of the camera up to which a frame counts as dim."""
_SEED = 20_261
_IMAGE_SHAPE, _TRUTH_SHAPE = (HEIGHT, WIDTH, 3), (MAX_TRUTHS,)


@dataclass(frozen=True)
class Frames:
    """A set of clean frames."""

    pictures: NDArray[np.uint8]
    """(n, HEIGHT, WIDTH, 3) RGB."""
    truth: NDArray[np.void]
    """(n, MAX_TRUTHS) of `sim.images.TRUTH`."""

    def __len__(self) -> int:
        return len(self.pictures)


def folder_of(data_dir: Path) -> Path:
    """Where the chunks lie, `<split>-<number>.npz` each."""
    return data_dir / "vision" / "frames"


def render(
    data_dir: Path,
    split: Split,
    size: int,
    say: Callable[[int, int], None] = lambda *_: None,
    workers: int = 1,
) -> None:
    """Render the chunks of a set that are not there yet.

    Args:
        data_dir: they go below it.
        split: which set.
        size: how many frames it is to have; rounded up to whole chunks.
        say: called with (frames there, frames wanted).
        workers: processes that render; the frames are the same with any number.

    Raises:
        NoPicture: this machine cannot render.
        MissingExtra: reachy-mini is not installed.
    """
    paths = _paths(data_dir, split, size)
    missing = [(path, split, chunk, CHUNK) for chunk, path in enumerate(paths) if not path.exists()]
    if not missing:
        return
    done = len(paths) - len(missing)
    # An OpenGL context does not outlive a fork. Ctrl-C is for the parent, which ends its children.
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(min(workers, len(missing)), signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        for _ in pool.imap_unordered(_render_chunk, missing):
            done += 1
            say(done * CHUNK, len(paths) * CHUNK)


def _render_chunk(one: tuple[Path, Split, int, int]) -> None:
    path, split, chunk, size = one
    rng = np.random.default_rng([_SEED, list(SIZES).index(split), chunk])
    pictures = np.empty((size, *_IMAGE_SHAPE), np.uint8)
    truth = np.empty((size, *_TRUTH_SHAPE), TRUTH)
    for i in range(size):
        frame = _studio().frame(rng, _family(split, rng))
        pictures[i], truth[i] = frame.picture, frame.truth
    _write(path, pictures, truth)


@functools.cache
def _studio() -> Studio:
    """A process that renders has one for as long as it lives."""
    return Studio()


def load(data_dir: Path, split: Split, size: int) -> Frames:
    """A set that was rendered.

    Raises:
        ConfigError: a chunk is missing, damaged, or of another version.
    """
    pictures = np.empty((size, *_IMAGE_SHAPE), np.uint8)
    truth = np.empty((size, *_TRUTH_SHAPE), TRUTH)
    for i, path in enumerate(_paths(data_dir, split, size)):
        part = slice(i * CHUNK, min((i + 1) * CHUNK, size))
        found = _read(path)
        pictures[part] = found.pictures[: part.stop - part.start]
        truth[part] = found.truth[: part.stop - part.start]
    return Frames(pictures, truth)


def cameras(split: Split, size: int) -> list[Sensor]:
    """The fixed cameras of a set: every other frame is dim."""
    rng = np.random.default_rng([_SEED, 100 + list(SIZES).index(split)])
    return [draw_sensor(rng, dim=i % 2 == 1) for i in range(size)]


def exposed(frames: Frames, split: Split) -> Iterator[Image]:
    """The frames as their fixed cameras take them."""
    for picture, sensor in zip(frames.pictures, cameras(split, len(frames)), strict=True):
        yield expose(picture, sensor)


def _family(split: Split, rng: np.random.Generator) -> Family | None:
    if split == "plain":
        return None
    if split == "test":
        return "held_out"
    return None if rng.random() < PLAIN_SHARE else "train"


def _paths(data_dir: Path, split: Split, size: int) -> list[Path]:
    if size < 1:
        raise ConfigError(f"a set of {size} frames: at least 1")
    return [folder_of(data_dir) / f"{split}-{i:03d}.npz" for i in range(-(-size // CHUNK))]


def _write(path: Path, pictures: NDArray[np.uint8], truth: NDArray[np.void]) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, version=VERSION, pictures=pictures, truth=truth)
    write_atomic(path, buffer.getvalue())


def _read(path: Path) -> Frames:
    again = f"remove {path.parent} and run `reachy-coach vision data`"
    try:
        with np.load(path, allow_pickle=False) as file:
            version, pictures, truth = int(file["version"]), file["pictures"], file["truth"]
    except FileNotFoundError:
        raise ConfigError(f"no frames in {path}; `reachy-coach vision data` renders them") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigError(f"{path}: damaged ({error}); {again}") from error
    if version != VERSION:
        raise ConfigError(f"{path}: frames of version {version}, this is {VERSION}; {again}")
    if pictures.shape != (CHUNK, *_IMAGE_SHAPE) or pictures.dtype != np.uint8 or truth.dtype != TRUTH:
        raise ConfigError(f"{path}: pictures {pictures.shape} {pictures.dtype}, truth {truth.dtype}; {again}")
    return Frames(pictures, truth)
