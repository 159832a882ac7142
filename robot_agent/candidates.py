"""Brings policies from disk into the policy process: checked, tried out elsewhere, loaded.

A thread does all of it that may wait for the disk or for another process, so that the heartbeat goes on.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import onnxruntime

from robot_agent import shelf
from robot_agent.bundles import BundleFolder
from robot_agent.idle import VersionedPolicy
from robot_agent.inference import OnnxPolicy
from robot_agent.ledger import KEEP_GOOD, OUT, Ledger
from robot_agent.trial import try_out
from shared.bundle import read_bundle
from shared.control.ood import OodStats, unpack_ood
from shared.errors import BundleError, ConfigError, UnknownSigner
from shared.signing import trusted_signers

log = logging.getLogger("bundles")

SCAN_PERIOD_S = 0.2
ENGINE = f"onnxruntime {onnxruntime.__version__}"
MAX_BEGINNINGS = 5
"""Starts of this process with a version that is not good yet and never came to decide: it is to blame."""


@dataclass(frozen=True)
class Loaded:
    """A policy ready to be used."""

    policy: VersionedPolicy
    ood: OodStats | None = None
    """What its observations looked like in training."""
    made: tuple[int, ...] = ()
    """The made tools that it chooses from, by place (`robot_agent.shelf.key_of`)."""


@dataclass(frozen=True)
class Restored:
    """What was in use, and what was kept to go back to, before this process was started."""

    in_use: Loaded | None = None
    kept: tuple[Loaded, ...] = field(default=())
    """Newest first."""


class Candidates:
    """Watches the folder; `take` gives what has passed its trial."""

    def __init__(self, folder: BundleFolder, ledger: Ledger, signers: Path, made_tools: Path) -> None:
        self._folder, self._ledger, self._signers = folder, ledger, signers
        self._made_tools = made_tools
        self._ready: Loaded | None = None
        self._unknown: tuple[set[bytes], set[int]] = (set(), set())
        self._complaint = ""
        self.wanted = True
        """Whether a further policy should be tried out; off while one waits to take over."""
        self.restored: Restored | None = None
        """None until what was here before has been loaded."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bundles", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join()

    def take(self) -> Loaded | None:
        """A policy newer than all before it, ready to be tried on live states; None if there is none."""
        ready, self._ready = self._ready, None
        return ready

    def restore(self) -> None:
        """Load what was in use and what was kept. What passed its trial on this engine is not tried again."""
        in_use, ledger = None, self._ledger
        entry = ledger.entry(ledger.in_use)
        if entry is not None and entry.status not in OUT:
            if entry.status != "good" and ledger.begun(entry.version) > MAX_BEGINNINGS:
                reason = f"the policy process ended {MAX_BEGINNINGS} times before it made a decision"
                ledger.note(entry.version, "rolled_back", reason)
            else:
                ledger.save()  # before its code runs here
                in_use = self._known(entry.version)
        good = [version for version in ledger.versions("good") if version != ledger.in_use][:KEEP_GOOD]
        kept = tuple(found for version in good if (found := self._known(version)))
        self.restored = Restored(in_use, kept)

    def scan(self) -> None:
        """Look once for versions that are newer than all before, and try out the newest."""
        trusted = self._trusted()
        if trusted != self._unknown[0]:
            self._unknown = (trusted, set())
        for version in reversed(self._folder.versions()):
            known = self._ledger.entry(version)
            refused = known is not None and known.status in OUT
            if version in self._unknown[1] or (known is not None and not refused):
                continue
            try:
                self._ready = self._tried(version, trusted)
            except UnknownSigner as error:
                # The key may be trusted later: the file stays.
                self._unknown[1].add(version)
                if known is None or known.reason != str(error):
                    self._ledger.note(version, "rejected", str(error))
            except BundleError as error:
                self._ledger.note(version, "rejected", str(error))
            else:
                return

    def tidy(self) -> None:
        """Bring the disk to what the ledger says."""
        ledger = self._ledger
        for version in self._folder.versions():
            entry = ledger.entry(version)
            if entry is not None and entry.status in OUT and version not in self._unknown[1]:
                self._folder.reject(version)
        keep = {ledger.in_use, *ledger.versions("good")[:KEEP_GOOD], *ledger.versions("trial", "active")[:2]}
        self._folder.keep_only(keep - {0})
        ledger.save()

    def _run(self) -> None:
        while not self._end.is_set():
            try:
                if self.restored is None:
                    self.restore()
                if self.wanted and self._ready is None:
                    self.scan()
                self.tidy()
            except (OSError, ConfigError) as error:
                self._complain(f"cannot look for policies: {error}")
            self._end.wait(SCAN_PERIOD_S)

    def _tried(self, version: int, trusted: Iterable[bytes]) -> Loaded:
        newest = self._ledger.newest
        if version <= newest:
            raise BundleError(f"policy v{version} is not newer than v{newest}, which was tried here before")
        data = self._folder.read(version)
        passed = try_out(data, version, set(trusted))
        sha256 = hashlib.sha256(data).hexdigest()
        loaded = load(data, set(trusted), self._made_tools)
        reason = f"passed its trial, {passed.latency_ms:.2f} ms an evaluation"
        self._ledger.note(version, "trial", reason, sha256=sha256, engine=ENGINE, beginnings=0)
        self._ledger.save()
        return loaded

    def _known(self, version: int) -> Loaded | None:
        """A version that was in use before; None, and out for good, if it is not what it was."""
        entry = self._ledger.entry(version)
        assert entry is not None
        trusted = self._trusted()
        try:
            data = self._folder.read(version)
            if hashlib.sha256(data).hexdigest() != entry.sha256:
                raise BundleError(f"the file of policy v{version} was changed")
            if entry.engine != ENGINE:
                try_out(data, version, trusted)
            return load(data, trusted, self._made_tools)
        except FileNotFoundError:
            reason = f"the file of policy v{version} is gone"
        except BundleError as error:
            reason = str(error)
        self._ledger.note(version, "rolled_back", reason)
        return None

    def _trusted(self) -> set[bytes]:
        return set(trusted_signers(self._signers).values())

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            log.error("%s", complaint)
        self._complaint = complaint


def load(data: bytes, trusted: set[bytes], made_tools: Path) -> Loaded:
    """A bundle that passed its trial, as something that can be called; its made tools go to their folder.

    Raises:
        BundleError: it is none after all.
        OSError: the made tools cannot be written.
    """
    bundle = read_bundle(data, trusted)
    digests = [tool.program.digest for tool in bundle.tools]
    shelf.put(made_tools, zip(digests, bundle.manifest.tools, strict=True))
    manifest = bundle.manifest
    policy = OnnxPolicy(bundle.onnx, manifest.version, manifest.limits_profile)
    ood = None if manifest.ood is None else unpack_ood(manifest.ood)
    return Loaded(policy, ood, tuple(shelf.key_of(digest) for digest in digests))
