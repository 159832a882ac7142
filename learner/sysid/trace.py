"""A recorded trace: setpoints and measured joints at 50 Hz, as CSV that a person can read.

One row a tick of 20 ms: when it was measured, the nine setpoints written on the tick, and the nine joints
measured at its end, in rad. Where time jumps, another piece begins; every piece begins at rest.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.errors import ConfigError
from shared.files import write_atomic
from shared.spaces import JOINTS, NUM_JOINTS, TICK_S

F64 = NDArray[np.float64]

COLUMNS = ("t_s", *(f"set_{name}" for name in JOINTS), *(f"pos_{name}" for name in JOINTS))
MAX_BYTES = 32 * 1024 * 1024
MIN_TICKS = 100
MAX_RAD = 2.0 * math.pi
MAX_DRIFT = 0.25
"""Share by which the mean time between rows of a piece may differ from a tick."""
GAP_S = 0.2
"""A longer time between two rows parts two pieces."""
MIN_PIECE = 20
"""Ticks; shorter pieces are left aside."""


@dataclass(frozen=True)
class Trace:
    """What a body was told, and where it went."""

    t_s: F64
    """(T,) rising."""
    setpoints: F64
    """(T, 9) rad: written on each tick."""
    joints: F64
    """(T, 9) rad: measured at its end."""

    def __post_init__(self) -> None:
        shapes = (self.t_s.shape, self.setpoints.shape, self.joints.shape)
        n = len(self.t_s)
        if shapes != ((n,), (n, NUM_JOINTS), (n, NUM_JOINTS)):
            raise ConfigError(f"a trace has shapes {shapes}; expected (T,), (T, 9), (T, 9)")
        if n < MIN_TICKS:
            raise ConfigError(f"a trace of {n} ticks is too short; at least {MIN_TICKS} (2 s) are needed")
        both = np.concatenate([self.setpoints, self.joints], axis=1)
        if not np.isfinite(both).all() or not np.isfinite(self.t_s).all():
            raise ConfigError("a trace holds numbers that are not finite")
        if np.abs(both).max() > MAX_RAD:
            raise ConfigError(f"a trace holds an angle of {np.abs(both).max():.1f} rad; are these degrees?")
        steps = np.diff(self.t_s)
        if (steps <= 0.0).any():
            raise ConfigError(f"time does not rise at row {int(np.argmax(steps <= 0.0)) + 2}")
        within = steps[steps <= GAP_S]
        mean = within.mean() if len(within) else np.inf
        if not abs(mean / TICK_S - 1.0) <= MAX_DRIFT:
            raise ConfigError(f"rows are {1e3 * mean:.1f} ms apart; expected {1e3 * TICK_S:g} ms")
        if not self.pieces:
            raise ConfigError(f"no piece of the trace has {MIN_PIECE} ticks without a jump in time")

    @property
    def pieces(self) -> list[slice]:
        """Rows that follow one another without a jump in time, where there are enough of them."""
        cuts = np.flatnonzero(np.diff(self.t_s) > GAP_S) + 1
        ends = [0, *cuts.tolist(), len(self.t_s)]
        return [slice(a, b) for a, b in itertools.pairwise(ends) if b - a >= MIN_PIECE]


def write_trace(path: Path, trace: Trace) -> None:
    """Write it as CSV, atomically."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for t, told, found in zip(trace.t_s, trace.setpoints, trace.joints, strict=True):
        rows.writerow([f"{t:.4f}", *(f"{value:.6f}" for value in (*told, *found))])
    write_atomic(path, out.getvalue().encode())


def read_trace(path: Path) -> Trace:
    """The trace in a file.

    Raises:
        ConfigError: unreadable, too large, or no trace; says at which row.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path} has more than {MAX_BYTES} bytes; cut it into shorter traces")
        text = path.read_bytes().decode("ascii")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no text") from None
    try:
        rows = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise ConfigError(f"{path} is no CSV: {error}") from None
    if not rows or tuple(rows[0]) != COLUMNS:
        raise ConfigError(f"{path} is no trace: the first row has to be {','.join(COLUMNS)}")
    numbers = np.empty((len(rows) - 1, len(COLUMNS)))
    for k, row in enumerate(rows[1:]):
        if len(row) != len(COLUMNS):
            raise ConfigError(f"{path}, row {k + 2}: {len(row)} values; expected {len(COLUMNS)}")
        try:
            numbers[k] = [float(value) for value in row]
        except ValueError as error:
            raise ConfigError(f"{path}, row {k + 2}: {error}") from None
    try:
        return Trace(numbers[:, 0], numbers[:, 1 : 1 + NUM_JOINTS], numbers[:, 1 + NUM_JOINTS :])
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
