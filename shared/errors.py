"""The exception tree. Every message says what happened, with which value, and what to do.

CoachError
├── ConfigError        a configuration file, variable or flag is wrong
├── MissingExtra       an optional part is not installed (says the pip line)
├── CodecError         bytes that are not a valid message of this version
├── BundleError        a policy bundle that must not be loaded
│   └── UnknownSigner  ... because nobody here trusts the key that signed it
├── ProgramError       a motion program that is malformed or beyond its bounds
├── PolicyError        a policy gave numbers that cannot be acted on
├── BodyError          the robot body (simulated or real) did not answer or refused
├── LinkError          the link to the learner: key, version or layout refused
├── StoreError         the store cannot be opened or is of another version
├── UnknownTask        no such task
└── AlreadyRunning     a port, socket or lock is taken
"""

from __future__ import annotations


class CoachError(Exception):
    """Base of all errors that are meant for a person to read."""

    exit_code = 2


class ConfigError(CoachError):
    """A configuration file, variable or flag is wrong."""


class MissingExtra(CoachError):
    """An optional part is not installed."""

    def __init__(self, extra: str, module: str) -> None:
        super().__init__(f"this needs {module}; install it with: pip install 'reachy-coach[{extra}]'")


class CodecError(CoachError):
    """Bytes that are not a valid message of this version."""


class BundleError(CoachError):
    """A policy bundle that must not be loaded."""


class UnknownSigner(BundleError):
    """A policy bundle signed with a key that is not trusted here."""


class ProgramError(CoachError):
    """A motion program that is malformed or beyond its bounds."""


class PolicyError(CoachError):
    """A policy gave numbers that cannot be acted on."""


class BodyError(CoachError):
    """The robot body did not answer or refused."""


class LinkError(CoachError):
    """The link to the learner was refused."""


class StoreError(CoachError):
    """The store cannot be opened or is of another version."""


class UnknownTask(CoachError):
    """No such task."""


class AlreadyRunning(CoachError):
    """A port, socket or lock is taken."""
