"""Checkpoints that survive a kill at any instant: temp file, fsync, rename, fsync of the folder.

The new file is complete and durable under its own name before an old one is deleted. Reading takes the newest
file that is whole. Files are read with `weights_only=True`: tensors and plain values, never code.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import structlog
import torch

from shared.files import write_atomic

log = structlog.get_logger()

FORMAT = 2
KEEP = 3
"""How many of the newest are kept; `best.pt` is kept besides."""
_NAME = re.compile(r"checkpoint-(\d{8})\.pt")


def save(folder: Path, counter: int, state: dict[str, Any], best: bool = False) -> Path:
    """Write the state as number `counter` (and as `best.pt`), then drop all but the newest three."""
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, "counter": counter, "state": state}, buffer)
    path = folder / f"checkpoint-{counter:08d}.pt"
    write_atomic(path, buffer.getvalue())
    if best:
        write_atomic(folder / "best.pt", buffer.getvalue())
    for _, old in sorted(numbered(folder).items())[:-KEEP]:
        old.unlink(missing_ok=True)
    for left in folder.glob(".*.pt.*"):
        left.unlink(missing_ok=True)
    return path


def numbered(folder: Path) -> dict[int, Path]:
    """The checkpoints in the folder by number."""
    found = ((_NAME.fullmatch(path.name), path) for path in folder.glob("checkpoint-*.pt"))
    return {int(match.group(1)): path for match, path in found if match}


def load_newest(folder: Path) -> tuple[int, dict[str, Any]] | None:
    """Number and state of the newest whole checkpoint, or None where there is none.

    A damaged file is passed over with a warning that names it.
    """
    for counter, path in sorted(numbered(folder).items(), reverse=True):
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            if content["format"] != FORMAT or content["counter"] != counter:
                raise ValueError(f"format {content['format']}, counter {content['counter']}")
        except Exception as error:  # torch raises many kinds for a damaged file
            log.warning("checkpoint passed over", path=str(path), error=str(error)[:200])
            continue
        return counter, content["state"]
    return None


def load_best(folder: Path) -> dict[str, Any] | None:
    """State saved with `best=True` last, or None."""
    path = folder / "best.pt"
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)["state"]
    return state


def rng_state(rng: np.random.Generator) -> dict[str, Any]:
    """A generator's state as plain values."""
    state: dict[str, Any] = dict(rng.bit_generator.state)
    return state


def restore_rng(rng: np.random.Generator, state: dict[str, Any]) -> None:
    """Put a generator back to where `rng_state` saw it."""
    rng.bit_generator.state = state
