"""Made tools that may leave simulation: a program with the signed word of whoever tried it there.

`Validated` cannot be made without a signature that a trusted key has given for exactly this program and
everything that it calls; setpoints for anything but a simulation are only to be had from a `Validated`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.control.program_bounds import check
from shared.control.programs import MAX_CALLS, play
from shared.errors import ProgramError
from shared.program_reading import from_data, load_json
from shared.programs import MAX_BYTES, Program, to_data
from shared.signing import SIGNATURE_BYTES, SigningKey, verify

PURPOSE = b"reachy-coach made tool tried in simulation, format 1\0"
RULES = 1
"""Number of the rules that tools are tried by (`learner.tooling.validation`); rises with every change."""
MAX_LIBRARY = 8
MAX_FILE_BYTES = (MAX_LIBRARY + 2) * MAX_BYTES
FIGURES = ("runs", "ticks", "violations", "changed_share", "largest_change_deg", "tracking_deg", "seconds")
"""What a trial measures; all of it is signed."""


@dataclass(frozen=True)
class Certificate:
    """Somebody's word that a program passed its trial."""

    digest: str
    """Of the program."""
    rules: int
    figures: Mapping[str, float]
    """See `FIGURES`."""
    signature: bytes

    @classmethod
    def signed(cls, digest: str, figures: Mapping[str, float], key: SigningKey) -> Certificate:
        """A new one, for the present rules."""
        return cls(digest, RULES, dict(figures), key.sign(_said(digest, RULES, figures), PURPOSE))

    def by(self, public: bytes) -> bool:
        """Whether the holder of this key has signed it."""
        return verify(public, self.signature, _said(self.digest, self.rules, self.figures), PURPOSE)


@dataclass(frozen=True)
class Validated:
    """A made tool that may be played outside simulation.

    Raises:
        ProgramError: on creation, unless a trusted key vouches for exactly this program by the present rules.
    """

    program: Program
    library: Mapping[str, Program]
    """Everything that it calls, by digest."""
    certificate: Certificate
    trusted: Collection[bytes]
    """Public keys that this side believes."""

    def __post_init__(self) -> None:
        name, said = self.program.name, self.certificate
        if said.digest != self.program.digest:
            raise ProgramError(f"{name}: the certificate is for another program ({said.digest[:12]})")
        if said.rules != RULES:
            raise ProgramError(
                f"{name}: tried by rules {said.rules}, now they are {RULES}; validate it again"
            )
        if set(said.figures) != set(FIGURES) or said.figures["violations"] != 0.0:
            raise ProgramError(f"{name}: the certificate's figures are not those of a passed trial")
        if not any(said.by(public) for public in self.trusted):
            raise ProgramError(f"{name}: no trusted key has signed its certificate; validate it here first")
        check(self.program, self.library)

    def setpoints(
        self, args: Mapping[str, float], start: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """As `shared.control.programs.play`."""
        return play(self.program, args, start, self.library)


def closure(program: Program, library: Mapping[str, Program]) -> dict[str, Program]:
    """What a program calls, directly or not, by digest.

    Raises:
        ProgramError: something is missing, or it is more than `MAX_LIBRARY` tools.
    """
    found: dict[str, Program] = {}
    waiting = [program]
    while waiting:
        for call in waiting.pop().called():
            child = library.get(call.digest)
            if child is None:
                raise ProgramError(f"made tool {call.name!r} ({call.digest[:12]}) is not in the library")
            if call.digest not in found:
                found[call.digest] = child
                waiting.append(child)
            if len(found) > MAX_LIBRARY:
                raise ProgramError(f"{program.name} calls more than {MAX_LIBRARY} made tools")
    return found


def pack(program: Program, library: Mapping[str, Program], certificate: Certificate) -> bytes:
    """One file with the program, what it calls, and the certificate."""
    return json.dumps(
        {
            "program": to_data(program),
            "library": [to_data(child) for _, child in sorted(closure(program, library).items())],
            "certificate": {
                "digest": certificate.digest,
                "rules": certificate.rules,
                "figures": dict(certificate.figures),
                "signature": certificate.signature.hex(),
            },
        },
        indent=1,
        allow_nan=False,
    ).encode()


def unpack(data: bytes, trusted: Collection[bytes]) -> Validated:
    """The validated tool in a file.

    Raises:
        ProgramError: it is malformed, or nobody who is trusted vouches for it.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ProgramError(f"a made tool of {len(data)} bytes; at most {MAX_FILE_BYTES}")
    body = load_json(data)
    if not isinstance(body, dict) or body.keys() != {"program", "library", "certificate"}:
        raise ProgramError("not a made tool: expected program, library and certificate")
    children = body["library"]
    if not isinstance(children, list) or len(children) > MAX_LIBRARY:
        raise ProgramError(f"library: expected a list of at most {MAX_LIBRARY} programs")
    library = {child.digest: child for child in map(from_data, children)}
    return Validated(from_data(body["program"]), library, _certificate(body["certificate"]), tuple(trusted))


def _certificate(data: Any) -> Certificate:
    if not isinstance(data, dict) or data.keys() != {"digest", "rules", "figures", "signature"}:
        raise ProgramError("certificate: expected digest, rules, figures and signature")
    figures = data["figures"]
    good = (
        isinstance(data["digest"], str)
        and type(data["rules"]) is int
        and isinstance(figures, dict)
        and all(type(value) in (int, float) for value in figures.values())
    )
    try:
        signature = bytes.fromhex(data["signature"])
    except (ValueError, TypeError):
        signature = b""
    if not good or len(signature) != SIGNATURE_BYTES:
        raise ProgramError("certificate: malformed digest, rules, figures or signature")
    return Certificate(data["digest"], data["rules"], {k: float(v) for k, v in figures.items()}, signature)


def _said(digest: str, rules: int, figures: Mapping[str, float]) -> bytes:
    body = {"digest": digest, "rules": rules, "figures": {k: float(v) for k, v in figures.items()}}
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


assert MAX_CALLS < MAX_LIBRARY
