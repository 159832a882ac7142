"""Made tools as a learner would send them, for tests."""

from robot_agent.rehearsal import REHEARSAL_KEY
from shared.made_tools import FIGURES, Certificate, Validated, pack
from sim.made import made_tools

BOW = made_tools()[0]


def packed(program=BOW, key=REHEARSAL_KEY):
    """A tool's file, vouched for by this key."""
    return pack(program, {}, certificate(program, key))


def validated(program=BOW):
    """A tool that may be played."""
    return Validated(program, {}, certificate(program, REHEARSAL_KEY), (REHEARSAL_KEY.public,))


def certificate(program, key):
    return Certificate.signed(program.digest, dict.fromkeys(FIGURES, 0.0), key)
