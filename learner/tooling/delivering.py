"""Made tools that robots get: tried in simulation, signed, packed; they travel inside a policy's bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from learner.tooling.validation import certify, validate
from shared.made_tools import pack
from shared.programs import Program
from shared.signing import SigningKey


def packed(programs: Sequence[Program], library: Mapping[str, Program], key: SigningKey) -> tuple[bytes, ...]:
    """The programs in their order, as a bundle carries them; half a second each.

    Args:
        programs: by place.
        library: those that they play, by digest.
        key: signs for them.

    Raises:
        ProgramError: one of them did not pass its trial.
    """
    tried = [(program, certify(program, library, validate(program, library), key)) for program in programs]
    return tuple(pack(program, tool.library, tool.certificate) for program, tool in tried)
