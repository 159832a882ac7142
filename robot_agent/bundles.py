"""Policies on the robot's disk: received in chunks, checked, the last three kept, loaded in a thread."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
from pathlib import Path

from robot_agent.inference import OnnxPolicy, load_policy
from shared.bundle import MAX_BUNDLE, read_bundle
from shared.errors import BundleError
from shared.files import write_atomic
from shared.messages import Chunk, ChunkRequest, PolicyNotice

log = logging.getLogger("bundles")

KEEP = 3
SCAN_PERIOD_S = 0.2


class BundleFolder:
    """Bundles by version: `<version>.bundle`; one that was refused becomes `<version>.rejected`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def versions(self) -> list[int]:
        """Versions that may be loaded, ascending."""
        return sorted(int(path.stem) for path in self._folder.glob("*.bundle") if path.stem.isdigit())

    def has(self, version: int) -> bool:
        """Whether this version was received already, refused or not."""
        return any(self._path(version, kind).exists() for kind in ("bundle", "rejected"))

    def read(self, version: int) -> bytes:
        """The bundle's bytes."""
        return self._path(version, "bundle").read_bytes()

    def keep(self, version: int, data: bytes) -> None:
        """Store a bundle durably and forget all but the newest `KEEP`."""
        write_atomic(self._path(version, "bundle"), data)
        for kind in ("bundle", "rejected"):
            paths = sorted(self._folder.glob(f"[0-9]*.{kind}"), key=lambda path: int(path.stem))
            for path in paths[:-KEEP]:
                path.unlink(missing_ok=True)

    def reject(self, version: int) -> None:
        """Never load this version again."""
        self._path(version, "bundle").replace(self._path(version, "rejected"))

    def _path(self, version: int, kind: str) -> Path:
        return self._folder / f"{version:08d}.{kind}"


class Pull:
    """One bundle on its way: ask for `request`, feed chunks to `add` until it gives the bytes.

    Raises:
        BundleError: the notice announces something too large or empty.
    """

    def __init__(self, notice: PolicyNotice) -> None:
        if not 0 < notice.size <= MAX_BUNDLE:
            raise BundleError(
                f"policy v{notice.version} is {notice.size} bytes; at most {MAX_BUNDLE} are taken"
            )
        self.notice = notice
        self._data = bytearray()

    @property
    def request(self) -> ChunkRequest:
        """For the next bytes."""
        return ChunkRequest(self.notice.version, len(self._data))

    def add(self, chunk: Chunk) -> bytes | None:
        """Take a chunk; the whole bundle when it is complete, else None. Chunks out of turn are ignored.

        Raises:
            BundleError: more bytes than announced, an empty chunk, or the sum has another SHA-256.
        """
        notice = self.notice
        if chunk.version != notice.version or chunk.offset != len(self._data):
            return None
        if not chunk.data or len(self._data) + len(chunk.data) > notice.size:
            raise BundleError(f"policy v{notice.version}: chunk of {len(chunk.data)} bytes at {chunk.offset}")
        self._data += chunk.data
        if len(self._data) < notice.size:
            return None
        data = bytes(self._data)
        found = hashlib.sha256(data).hexdigest()
        if found != notice.sha256:
            raise BundleError(f"policy v{notice.version}: SHA-256 is {found}, announced was {notice.sha256}")
        return data


class BundleWatch:
    """Loads the newest bundle in a thread of its own, so that the policy's heartbeat goes on meanwhile."""

    def __init__(self, folder: BundleFolder) -> None:
        self._folder = folder
        self._ready: OnnxPolicy | None = None
        self._newest = 0
        self.rejected: tuple[int, str] = (0, "")
        """Version and reason of the newest bundle refused; version 0: none."""
        self._thread = threading.Thread(target=self._run, name="bundles", daemon=True)
        self._end = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join()

    def take(self) -> OnnxPolicy | None:
        """A policy newer than the last one taken, ready to be used; None if there is none."""
        ready, self._ready = self._ready, None
        return ready

    def reject(self, version: int, reason: str) -> None:
        """Never load this version again, and say why; if it was in use, an older one may be loaded again."""
        log.warning("policy v%d refused: %s", version, reason)
        with contextlib.suppress(FileNotFoundError):
            self._folder.reject(version)
        if version == self._newest:
            self._newest = 0
        self.rejected = (version, reason)

    def scan(self) -> None:
        """Look once: load the newest version that is newer than what was loaded before."""
        for version in reversed(self._folder.versions()):
            if version <= self._newest:
                return
            try:
                bundle = read_bundle(self._folder.read(version))
                if bundle.manifest.version != version:
                    raise BundleError(f"bundle v{bundle.manifest.version} was announced as v{version}")
                policy, latency_ms = load_policy(bundle)
            except BundleError as error:
                self.reject(version, str(error))
                continue
            log.info("policy v%d is ready, %.2f ms", version, latency_ms)
            self._newest, self._ready = version, policy
            return

    def _run(self) -> None:
        while not self._end.wait(SCAN_PERIOD_S):
            try:
                self.scan()
            except OSError as error:
                log.warning("cannot read the policies: %s", error)
