"""Made tools in a folder: every version of each, which counts now, how each fared, and the way back.

    <folder>/<name>/0001.json   a version: the request, program, trial, and the signed tool if it passed
    <folder>/<name>/state.json  which version counts, and how often each was found good or bad

Why files and not the database: `docs/decisions/0006-made-tools-are-files.md`.
"""

from __future__ import annotations

import difflib
import json
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from learner.evaluation import wilson
from learner.tooling.validation import Report, certify
from shared.errors import ProgramError, StoreError
from shared.files import locked, write_atomic
from shared.made_tools import MAX_FILE_BYTES, Validated, pack, unpack
from shared.program_reading import from_data, load_json
from shared.programs import NAME, Program, to_data
from shared.signing import SigningKey

_LOCK_WAIT_S = 5.0


@dataclass(frozen=True)
class Version:
    """One version of a made tool."""

    name: str
    number: int
    """1 is the oldest."""
    parent: int
    """The version that it was made from; 0: from nothing."""
    request: str
    """What was asked for, in somebody's words."""
    made_unix_s: float
    program: Program
    report: Report
    tool: bytes | None
    """The signed tool; None where the trial failed."""
    good: int = 0
    """How often it was found good in use."""
    bad: int = 0
    current: bool = False


@dataclass(frozen=True)
class _State:
    current: int = 0
    uses: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Version number -> found good, found bad."""


class ToolStore:
    """The made tools of one folder.

    Args:
        folder: made if need be.
        key: signs tools that passed; None only reads.
        trusted: public keys whose tools count; the key's own as well.
    """

    def __init__(self, folder: Path, key: SigningKey | None = None, trusted: Collection[bytes] = ()) -> None:
        self.folder = folder
        self._key = key
        self._trusted = (*trusted, *((key.public,) if key else ()))

    def names(self) -> list[str]:
        """Names of all tools."""
        return sorted(path.name for path in self.folder.glob("*") if NAME.fullmatch(path.name))

    def add(
        self,
        program: Program,
        request: str,
        report: Report,
        parent: int = 0,
        library: Mapping[str, Program] | None = None,
    ) -> Version:
        """Keep a new version; it becomes the current one if it passed its trial.

        Raises:
            StoreError: this store has no key to sign with.
        """
        tool = None
        if report.passed:
            if self._key is None:
                raise StoreError(f"{self.folder}: opened without a signing key; nothing can be added")
            library = library if library is not None else self.library()
            validated = certify(program, library, report, self._key)
            tool = pack(program, validated.library, validated.certificate)
        with self._locked(program.name):
            number = max(self._numbers(program.name), default=0) + 1
            body = {
                "parent": parent,
                "request": request,
                "made_unix_s": time.time(),
                "program": to_data(program),
                "report": {"passed": report.passed, "reason": report.reason, "figures": dict(report.figures)},
                "tool": None if tool is None else tool.decode(),
            }
            data = json.dumps(body, indent=1, ensure_ascii=False).encode()
            write_atomic(self.folder / program.name / f"{number:04d}.json", data)
            if tool is not None:
                state = self._state(program.name)
                self._write_state(program.name, _State(number, state.uses))
        return self.version(program.name, number)

    def versions(self, name: str) -> list[Version]:
        """All versions of a tool, oldest first.

        Raises:
            StoreError: no such tool, or a file of it is damaged.
        """
        numbers = self._numbers(name)
        if not numbers:
            known = ", ".join(self.names()) or "none yet"
            raise StoreError(f"no made tool {name!r}; there are: {known}")
        return [self.version(name, number) for number in numbers]

    def version(self, name: str, number: int) -> Version:
        """One version.

        Raises:
            StoreError: there is none of that number, or its file is damaged.
        """
        self._numbers(name)
        path = self.folder / name / f"{number:04d}.json"
        body = _load(path, {"parent", "request", "made_unix_s", "program", "report", "tool"})
        state = self._state(name)
        good, bad = state.uses.get(str(number), (0, 0))
        try:
            report, tool = body["report"], body["tool"]
            return Version(
                name=name,
                number=number,
                parent=int(body["parent"]),
                request=str(body["request"]),
                made_unix_s=float(body["made_unix_s"]),
                program=from_data(body["program"]),
                report=Report(report["passed"] is True, str(report["reason"]), dict(report["figures"])),
                tool=None if tool is None else tool.encode(),
                good=good,
                bad=bad,
                current=number == state.current,
            )
        except (ProgramError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(f"{path} is damaged: {error}; remove it to go on without this version") from None

    def current(self, name: str) -> Version:
        """The version that counts.

        Raises:
            StoreError: no such tool, or none of its versions passed.
        """
        found = [version for version in self.versions(name) if version.current]
        if not found:
            raise StoreError(f"{name}: no version has passed its trial")
        return found[0]

    def newest(self) -> Version | None:
        """The current version of the tool made last: what "slower" is about."""
        found = [v for name in self.names() for v in self.versions(name) if v.current]
        return max(found, key=lambda v: v.made_unix_s, default=None)

    def library(self) -> dict[str, Program]:
        """Every version of every tool that passed, by digest."""
        versions = [v for name in self.names() for v in self.versions(name)]
        return {v.program.digest: v.program for v in versions if v.tool is not None}

    def validated(self, name: str, number: int | None = None) -> Validated:
        """The tool as it may be played outside simulation.

        Raises:
            ProgramError: it did not pass, or nobody who is trusted vouches for it.
            StoreError: no such tool or version.
        """
        version = self.current(name) if number is None else self.version(name, number)
        if version.tool is None:
            raise ProgramError(f"{name} {version.number} did not pass its trial: {version.report.reason}")
        tool = unpack(version.tool, self._trusted)
        if tool.program != version.program:
            raise ProgramError(
                f"{name} {version.number}: the signed tool is another one than the program beside it"
            )
        return tool

    def rollback(self, name: str, to: int | None = None) -> Version:
        """Make an older version count: `to`, or the newest before the present one that passed.

        Raises:
            StoreError: there is none, or it did not pass.
        """
        with self._locked(name):
            now = self.current(name).number
            older = [v.number for v in self.versions(name) if v.tool is not None and v.number < now]
            target = to if to is not None else max(older, default=0)
            if target == 0:
                raise StoreError(f"{name}: there is no older version than {now} that passed its trial")
            if self.version(name, target).tool is None:
                raise StoreError(f"{name} {target} did not pass its trial; it can never count")
            self._write_state(name, _State(target, self._state(name).uses))
        return self.version(name, target)

    def note(self, name: str, number: int, good: bool) -> Version | None:
        """Remember how a version was found in use; goes back to its parent when it is clearly worse.

        Returns:
            The version gone back to, if so.
        """
        with self._locked(name):
            self.version(name, number)
            state = self._state(name)
            one, other = state.uses.get(str(number), (0, 0))
            uses = {**state.uses, str(number): (one + good, other + (not good))}
            self._write_state(name, _State(state.current, uses))
        now = self.version(name, number)
        if now.current and now.parent and worse(now, self.version(name, now.parent)):
            return self.rollback(name, now.parent)
        return None

    def diff(self, name: str, one: int, other: int) -> str:
        """What changed between two versions, as a unified diff of their programs."""
        before, after = (_lines(self.version(name, number).program) for number in (one, other))
        return "\n".join(
            difflib.unified_diff(before, after, f"{name} {one}", f"{name} {other}", lineterm="", n=2)
        )

    def _locked(self, name: str) -> Any:
        self._numbers(name)
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return locked(folder / ".lock", f"another process is changing {name}; try again", _LOCK_WAIT_S)

    def _numbers(self, name: str) -> list[int]:
        if not NAME.fullmatch(name):
            raise StoreError(f"{name!r:.60} is no tool's name: a-z, 0-9 and _, a letter first")
        return sorted(int(path.stem) for path in (self.folder / name).glob("[0-9][0-9][0-9][0-9].json"))

    def _state(self, name: str) -> _State:
        path = self.folder / name / "state.json"
        if not path.exists():
            return _State()
        body = _load(path, {"current", "uses"})
        try:
            uses = {str(k): (int(v[0]), int(v[1])) for k, v in body["uses"].items()}
            return _State(int(body["current"]), uses)
        except (TypeError, ValueError, AttributeError, IndexError) as error:
            raise StoreError(f"{path} is damaged: {error}") from None

    def _write_state(self, name: str, state: _State) -> None:
        body = {"current": state.current, "uses": {k: list(v) for k, v in state.uses.items()}}
        write_atomic(self.folder / name / "state.json", json.dumps(body).encode())


def worse(new: Version, old: Version) -> bool:
    """Whether a version was found good clearly less often: the two Wilson intervals do not even touch."""
    if not (new.good + new.bad and old.good + old.bad):
        return False
    return wilson(new.good, new.good + new.bad)[1] < wilson(old.good, old.good + old.bad)[0]


def _lines(program: Program) -> list[str]:
    return json.dumps(to_data(program), indent=1, sort_keys=True).splitlines()


def _load(path: Path, keys: set[str]) -> dict[str, Any]:
    try:
        if path.stat().st_size > 4 * MAX_FILE_BYTES:
            raise StoreError(f"{path} is too large to be a made tool")
        body = load_json(path.read_bytes())
    except FileNotFoundError:
        raise StoreError(f"{path.parent.name}: no version {path.stem}") from None
    except (OSError, ProgramError) as error:
        raise StoreError(f"{path} cannot be read: {error}") from None
    if not isinstance(body, dict) or body.keys() != keys:
        raise StoreError(f"{path} is damaged: expected {', '.join(sorted(keys))}")
    return body
