"""Policies on the robot's disk, and how they get there in chunks."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection
from pathlib import Path

from shared.bundle import MAX_BUNDLE
from shared.errors import BundleError
from shared.files import write_atomic
from shared.messages import Chunk, ChunkRequest, PolicyNotice

KEEP = 16
"""Bundles on disk at most, whoever may still need them."""
KEEP_REFUSED = 3


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
        """Store a bundle durably."""
        write_atomic(self._path(version, "bundle"), data)
        self._prune("bundle", KEEP)

    def keep_only(self, versions: Collection[int]) -> None:
        """Forget all but these and those that are newer than all of them."""
        newest = max(versions, default=0)
        for version in self.versions():
            if version not in versions and version < newest:
                self._path(version, "bundle").unlink(missing_ok=True)

    def reject(self, version: int) -> None:
        """Never load this version again."""
        with contextlib.suppress(FileNotFoundError):
            self._path(version, "bundle").replace(self._path(version, "rejected"))
        self._prune("rejected", KEEP_REFUSED)

    @property
    def ledger(self) -> Path:
        """What became of each of them (`robot_agent.ledger`)."""
        return self._folder / "ledger.json"

    def _prune(self, kind: str, count: int) -> None:
        paths = sorted(self._folder.glob(f"[0-9]*.{kind}"), key=lambda path: int(path.stem))
        for path in paths[:-count]:
            path.unlink(missing_ok=True)

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
