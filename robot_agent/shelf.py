"""Made tools on the robot: put on disk from bundles that passed their trial, taken up by the guard beside its
tick. What nobody who is trusted has tried in simulation stays on the shelf.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

from shared.errors import ConfigError, ProgramError
from shared.files import write_atomic
from shared.made_tools import MAX_FILE_BYTES, Validated, unpack
from shared.signing import trusted_signers

log = logging.getLogger("shelf")

SCAN_PERIOD_S = 0.5
KEEP = 64
"""Files at most; the oldest go first."""


def key_of(digest: str) -> int:
    """A made tool as actions name it: the first eight bytes of its program's digest; never 0."""
    return int(digest[:16], 16) | 1


def put(folder: Path, tools: Iterable[tuple[str, bytes]]) -> None:
    """Keep tools that are not there yet.

    Args:
        folder: made if need be.
        tools: digest of the program, and the packed tool.

    Raises:
        OSError: the disk.
    """
    for digest, data in tools:
        path = folder / f"{key_of(digest):016x}.json"
        if not path.exists():
            write_atomic(path, data)
    files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files[KEEP:]:
        path.unlink(missing_ok=True)


class Toolbox:
    """The tools that may be played, by key; a thread reads what is new.

    Args:
        folder: where `put` keeps them.
        signers: of those who may vouch for a tool.
    """

    def __init__(self, folder: Path, signers: Path) -> None:
        self._folder, self._signers = folder, signers
        self._tools: dict[int, Validated] = {}
        self._refused: set[tuple[str, int]] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="toolbox", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._end.set()
        self._thread.join()

    def tool(self, key: int) -> Validated | None:
        """The tool of that key; None while it is not here, or may not be played."""
        return self._tools.get(key)

    def scan(self) -> None:
        """Read what is new; what is refused is told once."""
        for path in sorted(self._folder.glob("*.json")):
            mark = path.name, path.stat().st_mtime_ns
            if path.stem in {f"{key:016x}" for key in self._tools} or mark in self._refused:
                continue
            try:
                if path.stat().st_size > MAX_FILE_BYTES:
                    raise ProgramError(f"more than {MAX_FILE_BYTES} bytes")
                tool = unpack(path.read_bytes(), trusted_signers(self._signers).values())
                key = key_of(tool.program.digest)
                if f"{key:016x}" != path.stem:
                    raise ProgramError(f"it is another tool than its name says: {key:016x}")
            except ProgramError as error:
                log.warning("%s is not played: %s", path.name, error)
                self._refused.add(mark)
            else:
                self._tools = {**self._tools, key: tool}
                log.info("made tool %s", tool.program.name)

    def _run(self) -> None:
        complaint = ""
        while not self._end.is_set():
            try:
                self.scan()
            except (OSError, ConfigError) as error:
                if str(error) != complaint:
                    log.warning("cannot look for made tools: %s", error)
                complaint = str(error)
            self._end.wait(SCAN_PERIOD_S)
