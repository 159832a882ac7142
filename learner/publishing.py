"""From the trainer's network to a policy that robots can pull: bundle on disk first, then its row in the
store."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import structlog
import torch
from numpy.typing import NDArray

from learner.config import SIGNING_KEY
from learner.evidence import earned_profile
from learner.gate import Verdict, judge
from learner.rl import ood
from learner.rl.export import OUTPUTS, to_onnx
from learner.rl.networks import ActorCritic
from learner.store import queries
from learner.store.engine import Store
from learner.store.rows import Policy
from learner.tooling.delivering import packed
from shared.bundle import GOLDEN_ROWS, Manifest, write_bundle
from shared.control.ood import pack_ood
from shared.signing import ensure_signing_key
from shared.spaces import OBS_DIM, normaliser
from sim.made import library, made_tools
from sim.tasks import TASKS

F32 = NDArray[np.float32]
SUBFOLDER = "policies"

log = structlog.get_logger("publishing")


def golden_vectors(model: ActorCritic, seed: int = 0) -> tuple[F32, dict[str, F32]]:
    """Four observations of ordinary size and what torch answers to them."""
    offset, scale = normaliser()
    x = np.random.default_rng(seed).standard_normal((GOLDEN_ROWS, OBS_DIM), np.float32)
    obs = (x * scale + offset).astype(np.float32)
    with torch.no_grad():
        answers = [tensor.numpy() for tensor in model(torch.from_numpy(obs))]
    return obs, dict(zip(OUTPUTS, answers, strict=True))


def manifest_of(
    model: ActorCritic,
    *,
    version: int,
    parent: int,
    figures: Mapping[str, float],
    gate: Mapping[str, float],
    profile: float,
    tools: tuple[bytes, ...],
) -> Manifest:
    """What the model's bundle says about itself."""
    obs, outputs = golden_vectors(model)
    return Manifest(
        version=version,
        parent=parent,
        created_unix_s=time.time(),
        eval=dict(figures),
        golden_obs=obs,
        golden_outputs=outputs,
        limits_profile=profile,
        gate=dict(gate),
        ood=pack_ood(ood.stats()),
        tools=tools,
    )


def bundle_path(folder: Path, version: int) -> Path:
    """Where a version's bundle lies; `folder` is what the store's paths are relative to."""
    return folder / SUBFOLDER / f"{version}.bundle"


def policy_row(manifest: Manifest, data: bytes, verdict: Verdict) -> Policy:
    """The store's row of a bundle that lies at its `bundle_path`; refused by the gate, it is offered to
    nobody."""
    return Policy(
        version=manifest.version,
        parent=manifest.parent or None,
        created_unix_s=manifest.created_unix_s,
        path=str(bundle_path(Path(), manifest.version)),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        eval=dict(manifest.eval),
        status="published" if verdict.passed else "refused",
        status_reason=verdict.reason,
        gate=dict(verdict.figures),
        limits_profile=manifest.limits_profile,
    )


class Publisher:
    """Numbers policies in the store's own sequence; bundles go to `<folder>/policies/<version>.bundle`."""

    def __init__(self, store: Store, folder: Path, tasks: Sequence[str] = tuple(TASKS)) -> None:
        """`tasks`: what the sim gate plays."""
        self._store = store
        self._folder = folder
        self._tasks = tuple(dict.fromkeys(tasks))
        self._key = ensure_signing_key(folder / SIGNING_KEY)
        with store.read() as connection:
            latest = queries.latest_policy(connection)
        self.version = latest.version if latest else 0
        """Newest published version; 0 = none yet."""
        self._gate = latest.gate if latest else {}
        self._profile = latest.limits_profile if latest else 0.0

    @functools.cached_property
    def _tools(self) -> tuple[bytes, ...]:
        """The made tools that policies are trained with, tried anew and signed."""
        return packed(made_tools(), library(), self._key)

    def robot_waits(self, least: int) -> bool:
        """True while some robot has answered to the newest policy and has run fewer than `least` of them."""
        with self._store.read() as connection:
            active = queries.active_versions(connection)
            answered = {e.robot_id for e in queries.policy_events_of(connection, self.version, 100)}
        return any(len(active.get(robot_id, ())) < least for robot_id in answered)

    def profile_earned(self) -> bool:
        """True when robots have earned wider motion limits than the newest policy gives them."""
        return self.version > 0 and earned_profile(self._store) > self._profile

    def publish(self, model: ActorCritic, figures: Mapping[str, float], taste_version: int) -> int:
        """Send the model through the sim gate and publish it as the next version, or keep it as refused.

        Args:
            model: the network.
            figures: of its last validation.
            taste_version: the taste model that its rewards came from; 0 = none.

        Returns:
            The newest published version.
        """
        with self._store.read() as connection:
            version = queries.next_policy_version(connection)
        profile = earned_profile(self._store)
        verdict = judge(model.snapshot(), self._tasks, version, self._gate)
        manifest = manifest_of(
            model,
            version=version,
            parent=self.version,
            figures=figures,
            gate=verdict.figures,
            profile=profile,
            tools=self._tools,
        )
        data = write_bundle(bundle_path(self._folder, version), manifest, to_onnx(model), self._key)
        with self._store.write() as connection:
            queries.publish_policy(connection, policy_row(manifest, data, verdict))
            if verdict.passed and taste_version:
                queries.mark_in_policy(connection, taste_version, version)
        if not verdict.passed:
            log.warning("policy refused by the sim gate", version=version, reason=verdict.reason)
            return self.version
        self.version, self._gate, self._profile = version, verdict.figures, profile
        return version
