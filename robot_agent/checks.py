"""One thing that was looked at: how it stands, what that means, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from shared.errors import CoachError


class Level(IntEnum):
    """How bad it is."""

    OK = 0
    WARN = 1
    """The robot works, but less well or less safely than it could."""
    FAIL = 2
    """The robot does not work, or must not move by itself."""


@dataclass(frozen=True)
class Check:
    """The answer of one check."""

    name: str
    level: Level
    found: str
    """What is the case, with its value."""
    meaning: str = ""
    """What follows from it; empty when all is well."""
    remedy: str = ""
    """What to do."""


def fine(name: str, found: str) -> Check:
    """All is well."""
    return Check(name, Level.OK, found)


def warn(name: str, found: str, meaning: str, remedy: str) -> Check:
    """It works, but could be better."""
    return Check(name, Level.WARN, found, meaning, remedy)


def fail(name: str, found: str, meaning: str, remedy: str) -> Check:
    """It does not work."""
    return Check(name, Level.FAIL, found, meaning, remedy)


def looked_at(checks: Iterable[tuple[str, Callable[[], Check]]]) -> tuple[Check, ...]:
    """Run all of them, each under its name; one that cannot be done is a failed one and hides no other."""
    return tuple(_one(name, check) for name, check in checks)


def _one(name: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except PermissionError as error:
        who = "this user may not look there"
        return fail(name, f"{error.filename}: no permission", who, "call it with sudo")
    except (OSError, CoachError) as error:
        return fail(name, str(error), "it could not be checked", "see to the cause that is named")


def worst(checks: Iterable[Check]) -> Level:
    """The level of the worst one."""
    return max((check.level for check in checks), default=Level.OK)
