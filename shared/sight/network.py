"""The detector: a small network in a file whose hash is checked before anything reads it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.errors import ConfigError, MissingExtra
from shared.files import write_atomic
from shared.sight.decode import GEOMETRY, STRIDE, decode

F32 = NDArray[np.float32]
Image = NDArray[np.uint8]

FORMAT = 1
SHIPPED = Path(__file__).parent / "weights"
"""Folder of the detector that comes with the package."""
MANIFEST, GRAPH = "detector.json", "detector.onnx"


@dataclass(frozen=True)
class Manifest:
    """What a folder's detector is."""

    names: tuple[str, ...]
    """What its heat maps stand for, in order."""
    width: int
    """Of its frames [pixels]."""
    height: int
    threshold: float
    """Least confidence of a detection."""
    sha256: str
    """Of the graph."""
    format: int = FORMAT
    training: Mapping[str, Any] = field(default_factory=dict)
    """Settings, data and figures, for people to read."""


def write_detector(folder: Path, graph: bytes, manifest: Manifest) -> None:
    """Write a detector; the manifest last, so that a folder with one is whole."""
    write_atomic(folder / GRAPH, graph)
    text = json.dumps(asdict(manifest), indent=1, allow_nan=False) + "\n"
    write_atomic(folder / MANIFEST, text.encode())


def read_manifest(folder: Path) -> Manifest:
    """What a folder's detector is.

    Raises:
        ConfigError: there is none, or one that this version cannot read.
    """
    path = folder / MANIFEST
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        manifest = Manifest(**{**given, "names": tuple(given["names"])})
    except OSError as error:
        raise ConfigError(
            f"no detector in {folder}: {error.strerror}; `reachy-coach vision train` makes one"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path}: not a detector's manifest: {error}") from error
    if manifest.format != FORMAT:
        raise ConfigError(f"{path}: format {manifest.format!r}; this version reads {FORMAT}")
    named = manifest.names and all(isinstance(name, str) and name for name in manifest.names)
    if not named or len(set(manifest.names)) != len(manifest.names):
        raise ConfigError(f"{path}: names: {manifest.names!r}; give texts, all different")
    for key, value in (("width", manifest.width), ("height", manifest.height)):
        if not isinstance(value, int) or not STRIDE <= value <= 4096 or value % STRIDE:
            raise ConfigError(f"{path}: {key}: {value!r}; give a multiple of {STRIDE} up to 4096")
    if not isinstance(manifest.threshold, int | float) or not 0.0 < manifest.threshold < 1.0:
        raise ConfigError(f"{path}: threshold: {manifest.threshold!r}; give a number between 0 and 1")
    return manifest


class Detector:
    """Finds named things in frames, on one thread.

    Args:
        folder: of the detector; the shipped one unless given.

    Raises:
        ConfigError: none there, not the graph that the manifest names, or not a detector.
        MissingExtra: ONNX Runtime is not installed.
    """

    def __init__(self, folder: Path = SHIPPED) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise MissingExtra("robot", "onnxruntime") from None
        self.manifest = read_manifest(folder)
        path = folder / GRAPH
        try:
            graph = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}; the detector is not whole") from error
        digest = hashlib.sha256(graph)
        if digest.hexdigest() != self.manifest.sha256:
            raise ConfigError(f"{path}: its sha256 is {digest.hexdigest()}, not {self.manifest.sha256}")
        self.names = self.manifest.names
        self.model = model_number(self.manifest.sha256)
        """As `Sighting.model` has it."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ConfigError(f"{path}: ONNX Runtime cannot load it: {error}") from error
        rows, columns = manifest_cells(self.manifest)
        wanted = {"heat": [len(self.names), rows, columns], "geometry": [len(GEOMETRY), rows, columns]}
        found = {output.name: output.shape[1:] for output in self._session.get_outputs()}
        if found != wanted or [i.name for i in self._session.get_inputs()] != ["frames"]:
            raise ConfigError(f"{path}: outputs {found}; a detector of this kind has {wanted}")

    def __call__(self, frame: Image) -> NDArray[np.void]:
        """Detections, (k,) of `DETECTION`, in a frame (height, width, 3) uint8 RGB of any size.

        Raises:
            ValueError: not a frame.
        """
        heat, geometry = self.maps(fit(frame, self.manifest.width, self.manifest.height)[None])
        return decode(heat[0], geometry[0], self.manifest.threshold)

    def maps(self, frames: Image) -> tuple[F32, F32]:
        """Heat and geometry, as `decode` takes them but for n frames of the detector's own size."""
        heat, geometry = self._session.run(("heat", "geometry"), {"frames": frames})
        return heat, geometry


def model_number(sha256: str) -> int:
    """A detector as `Sighting.model` has it: the first eight bytes of its graph's sha256."""
    return int.from_bytes(bytes.fromhex(sha256)[:8], "little")


def manifest_cells(manifest: Manifest) -> tuple[int, int]:
    """Rows and columns of the maps."""
    return -(-manifest.height // STRIDE), -(-manifest.width // STRIDE)


def fit(frame: Image, width: int, height: int) -> Image:
    """The frame at this size: means of whole blocks where it is a multiple, else the nearest pixels.

    Raises:
        ValueError: not (height, width, 3) uint8.
    """
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
        raise ValueError(f"a frame is (height, width, 3) uint8, not {frame.shape} {frame.dtype}")
    rows, columns = frame.shape[:2]
    if (rows, columns) == (height, width):
        return np.ascontiguousarray(frame)
    k = rows // height
    if k >= 1 and (rows, columns) == (k * height, k * width):
        total = np.zeros((height, width, 3), np.uint16)
        steps = range(0, k, max(1, k // 2))
        for dy in steps:
            for dx in steps:
                total += frame[dy::k, dx::k]
        return (total // len(steps) ** 2).astype(np.uint8)
    y = (np.arange(height) * rows + rows // 2) // height
    x = (np.arange(width) * columns + columns // 2) // width
    return np.ascontiguousarray(frame[y[:, None], x])
