"""The folder of a trained reward model: `model.json` says what it is, safetensors hold what was trained.

Only what training changed is kept (LoRA adapters and head, or everything for a full fine-tuning); the base
comes from its own package, folder or name.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from learner.reward.encoding import ENCODING
from learner.reward.networks.bases import BACKENDS, Backend
from learner.reward.networks.intervals import Intervals
from shared.errors import ConfigError
from shared.files import write_atomic

FORMAT = 1
MANIFEST = "model.json"
MAX_MEMBERS = 16


@dataclass(frozen=True)
class Manifest:
    """What a folder holds."""

    backend: Backend
    base: str
    """As `bases.load_base` takes it; "" = what a package brings along."""
    lora_rank: int
    """0: everything was trained."""
    lora_alpha: int
    members: int = 1
    """Networks that answer together, each with its own `weights-<i>.safetensors`."""
    intervals: Intervals = field(default_factory=Intervals)
    encoding: int = ENCODING
    format: int = FORMAT
    training: dict[str, Any] = field(default_factory=dict)
    """Settings, data and figures, for people to read."""


def weights_path(folder: Path, member: int) -> Path:
    """The weights of one member."""
    return folder / f"weights-{member}.safetensors"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `model.json`, last of all files: a folder without it is not a model."""
    write_atomic(folder / MANIFEST, (json.dumps(asdict(manifest), indent=1, allow_nan=False) + "\n").encode())


def read_manifest(folder: Path) -> Manifest:
    """What a folder holds.

    Raises:
        ConfigError: no model there, or one that this version cannot serve.
    """
    path = folder / MANIFEST
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"no reward model in {folder}: {error.strerror}; `reachy-coach reward train` makes one"
        ) from error
    except ValueError as error:
        raise ConfigError(f"{path}: not JSON: {error}") from error
    try:
        manifest = Manifest(**{**given, "intervals": Intervals(**given["intervals"])})
    except (TypeError, KeyError) as error:
        raise ConfigError(f"{path}: {error}") from error
    _check(path, manifest)
    return manifest


def _check(path: Path, manifest: Manifest) -> None:
    if manifest.format != FORMAT:
        raise ConfigError(f"{path}: format {manifest.format!r}; this version reads {FORMAT}")
    if manifest.encoding != ENCODING:
        raise ConfigError(
            f"{path}: trained with encoding {manifest.encoding!r}, this version speaks {ENCODING}; train anew"
        )
    if manifest.backend not in BACKENDS:
        raise ConfigError(f"{path}: backend {manifest.backend!r}; there are {', '.join(BACKENDS)}")
    for name, value, low, high in (
        ("members", manifest.members, 1, MAX_MEMBERS),
        ("lora_rank", manifest.lora_rank, 0, 4096),
        ("lora_alpha", manifest.lora_alpha, 0, 65536),
    ):
        if not isinstance(value, int) or not low <= value <= high:
            raise ConfigError(f"{path}: {name}: {value!r}; give a whole number from {low} to {high}")
    for name, factor in asdict(manifest.intervals).items():
        if not isinstance(factor, int | float) or not math.isfinite(factor) or factor <= 0:
            raise ConfigError(f"{path}: intervals.{name}: {factor!r} is not a number above 0")
    if not isinstance(manifest.base, str) or not isinstance(manifest.training, dict):
        raise ConfigError(f"{path}: base must be a text and training an object")


def identity(folder: Path, manifest: Manifest) -> str:
    """sha256 over everything that decides what the model answers.

    Raises:
        ConfigError: weights are missing.
    """
    digest = hashlib.sha256()
    fixed = {k: v for k, v in asdict(manifest).items() if k != "training"}
    digest.update(json.dumps(fixed, sort_keys=True).encode())
    for member in range(manifest.members):
        path = weights_path(folder, member)
        if not path.exists():
            raise ConfigError(f"{path} is missing; the model in {folder} is not whole")
        digest.update(path.read_bytes())
    return digest.hexdigest()
