"""The kinds of steps of an installation. Each can say what it does, and whether it is done already."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared.errors import ConfigError
from shared.files import write_atomic

TAIL = 15
"""Lines of a failed command's output that are shown."""


@dataclass(frozen=True)
class WriteFile:
    """A file has this content."""

    path: Path
    content: str
    mode: int = 0o644

    def __str__(self) -> str:
        return f"write {self.path} ({len(self.content.encode())} bytes)"

    def done(self, changed: bool) -> bool:
        """Whether it is so already."""
        del changed
        if not self.path.is_file() or self.path.stat().st_mode & 0o777 != self.mode:
            return False
        return self.path.read_bytes() == self.content.encode()

    def apply(self) -> None:
        """Make it so."""
        write_atomic(self.path, self.content.encode(), self.mode)


@dataclass(frozen=True)
class MakeFolder:
    """A folder is there, and a user owns it."""

    path: Path
    owner: str
    mode: int = 0o700

    def __str__(self) -> str:
        return f"make {self.path} for {self.owner}"

    def done(self, changed: bool) -> bool:
        """Whether it is so already."""
        del changed
        try:
            found, user = self.path.stat(), pwd.getpwnam(self.owner)
        except (FileNotFoundError, KeyError):
            return False
        return found.st_mode & 0o777 == self.mode and found.st_uid == user.pw_uid

    def apply(self) -> None:
        """Make it so."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(self.mode)
        user = pwd.getpwnam(self.owner)
        os.chown(self.path, user.pw_uid, user.pw_gid)


@dataclass(frozen=True)
class Remove:
    """A file or folder is not there."""

    path: Path
    only_if_empty: bool = False

    def __str__(self) -> str:
        return f"remove {self.path}{' if it is empty' if self.only_if_empty else ''}"

    def done(self, changed: bool) -> bool:
        """Whether it is so already."""
        del changed
        if not self.path.exists() and not self.path.is_symlink():
            return True
        return self.only_if_empty and any(self.path.iterdir())

    def apply(self) -> None:
        """Make it so."""
        if self.only_if_empty:
            self.path.rmdir()
        elif self.path.is_dir() and not self.path.is_symlink():
            shutil.rmtree(self.path)
        else:
            self.path.unlink()


@dataclass(frozen=True)
class Run:
    """A command was run."""

    words: tuple[str, ...]
    why: str
    is_done: Callable[[], bool] = lambda: True
    """Whether what it is for is so already."""
    after_change: bool = True
    """Run it also when a step before it has changed something."""
    hint: str = ""
    """What to try when it fails."""

    def __str__(self) -> str:
        return f"run {shlex.join(self.words)}  # {self.why}"

    def done(self, changed: bool) -> bool:
        """Whether there is nothing to do."""
        return self.is_done() and not (self.after_change and changed)

    def apply(self) -> None:
        """Run it.

        Raises:
            ConfigError: it is not there, or fails; with the end of what it said.
        """
        try:
            done = subprocess.run(self.words, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise ConfigError(f"{self.words[0]} is not on this machine; it is needed to {self.why}") from None
        if done.returncode != 0:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-TAIL:])
            hint = f"\n{self.hint}" if self.hint else ""
            raise ConfigError(f"{shlex.join(self.words)} failed with {done.returncode}:\n{said}{hint}")


Step = WriteFile | MakeFolder | Remove | Run


def follow(steps: tuple[Step, ...], tell: Callable[[Step, bool], None], *, dry_run: bool) -> bool:
    """Do what is not done yet, in order.

    Args:
        steps: each is asked whether it is done just before its turn.
        tell: is given each step before its turn, and whether it needs doing.
        dry_run: change nothing; a step that depends on earlier ones is told as if they had been done.

    Returns:
        Whether anything was (or would be) changed.

    Raises:
        ConfigError: a step failed; the steps before it stay done, and the next call goes on from there.
    """
    changed = False
    for step in steps:
        try:
            needed = not step.done(changed)
            tell(step, needed)
            if needed and not dry_run:
                step.apply()
        except PermissionError as error:
            raise ConfigError(f"cannot {step}: {error}; use sudo") from None
        except OSError as error:
            raise ConfigError(f"cannot {step}: {error}") from None
        changed |= needed
    return changed
