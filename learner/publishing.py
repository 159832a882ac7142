"""From the trainer's network to a policy that robots can pull: bundle on disk first, then its row in the
store."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from learner.rl.export import OUTPUTS, to_onnx
from learner.rl.networks import ActorCritic
from learner.store import queries
from learner.store.engine import Store
from learner.store.rows import Policy
from shared.bundle import GOLDEN_ROWS, Manifest, write_bundle
from shared.spaces import OBS_DIM, normaliser

F32 = NDArray[np.float32]
SUBFOLDER = "policies"


def golden_vectors(model: ActorCritic, seed: int = 0) -> tuple[F32, dict[str, F32]]:
    """Four observations of ordinary size and what torch answers to them."""
    offset, scale = normaliser()
    x = np.random.default_rng(seed).standard_normal((GOLDEN_ROWS, OBS_DIM), np.float32)
    obs = (x * scale + offset).astype(np.float32)
    with torch.no_grad():
        answers = [tensor.numpy() for tensor in model(torch.from_numpy(obs))]
    return obs, dict(zip(OUTPUTS, answers, strict=True))


def write_policy(
    path: Path, model: ActorCritic, version: int, parent: int, figures: Mapping[str, float]
) -> bytes:
    """Export, bundle and write one policy durably; gives the bundle's bytes."""
    obs, outputs = golden_vectors(model)
    manifest = Manifest(version, parent, time.time(), dict(figures), obs, outputs)
    return write_bundle(path, manifest, to_onnx(model))


def bundle_path(folder: Path, version: int) -> Path:
    """Where a version's bundle lies; `folder` is what the store's paths are relative to."""
    return folder / SUBFOLDER / f"{version}.bundle"


def policy_row(version: int, parent: int | None, data: bytes, figures: Mapping[str, float]) -> Policy:
    """The store's row of a bundle that lies at its `bundle_path`."""
    return Policy(
        version=version,
        parent=parent,
        created_unix_s=time.time(),
        path=str(bundle_path(Path(), version)),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        eval=dict(figures),
    )


class Publisher:
    """Numbers policies in the store's own sequence; bundles go to `<folder>/policies/<version>.bundle`."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        with store.read() as connection:
            latest = queries.latest_policy(connection)
        self.version = latest.version if latest else 0
        """Newest published version; 0 = none yet."""

    def robot_waits(self, least: int) -> bool:
        """True while some robot runs the newest policy and has run fewer than `least` of them."""
        with self._store.read() as connection:
            active = queries.active_versions(connection)
        return any(len(versions) < least and self.version in versions for versions in active.values())

    def publish(self, model: ActorCritic, figures: Mapping[str, float], taste_version: int) -> int:
        """Publish the model as the next version; notes which taste model its rewards came from (0 = none)."""
        with self._store.read() as connection:
            version = queries.next_policy_version(connection)
        path = bundle_path(self._folder, version)
        data = write_policy(path, model, version, self.version, figures)
        row = policy_row(version, self.version or None, data, figures)
        with self._store.write() as connection:
            queries.publish_policy(connection, row)
            if taste_version:
                queries.mark_in_policy(connection, taste_version, version)
        self.version = version
        return version
