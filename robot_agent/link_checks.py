"""Whether this robot and its learner know each other, and whether the learner can be reached."""

from __future__ import annotations

import socket

from robot_agent.checks import Check, fail, fine, warn
from robot_agent.config import AgentConfig
from shared.errors import ConfigError
from shared.keys import read_public
from shared.signing import trusted_signers

TIMEOUT_S = 2.0
_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + bytes(32)
"""How a ZeroMQ peer that speaks CURVE begins (ZMTP 3.1): signature, version, mechanism, role, filler."""
_MECHANISM = slice(12, 32)


def robot_key(config: AgentConfig) -> Check:
    """This robot's key pair of the link."""
    secret = config.state.key
    make = f"reachy-coach keys robot --robot-id {config.robot_id}, as the agent's user"
    if not secret.exists():
        return warn("robot key", f"no {secret}", "the agent makes it at its first start", make)
    if secret.stat().st_mode & 0o077:
        why = "whoever copies it can speak for this robot"
        return fail("robot key", f"{secret} can be read by others", why, f"chmod 600 {secret}")
    public = read_public(secret.with_suffix(".pub"))
    return fine("robot key", f"on the learner: reachy-coach keys allow {config.robot_id} '{public}'")


def learner_key(config: AgentConfig) -> Check:
    """The learner's public key of the link."""
    try:
        config.learner_public_key()
    except ConfigError as error:
        why = "there are no tasks, no policies and no training; the stop works"
        remedy = "on the learner: reachy-coach keys learner; here: install-robot --learner-key KEY"
        return fail("learner key", str(error), why, remedy)
    return fine("learner key", "known")


def signers(config: AgentConfig) -> Check:
    """Whose policies this robot takes."""
    found = trusted_signers(config.state.signers)
    if not found:
        why = "every policy of the learner will be refused"
        remedy = "on the learner: reachy-coach keys learner; here: reachy-coach keys trust learner KEY"
        return fail("signers", f"no key in {config.state.signers}", why, remedy)
    return fine("signers", f"takes policies signed by {', '.join(sorted(found))}")


def learner_reachable(config: AgentConfig) -> Check:
    """Whether a ZeroMQ peer that speaks CURVE answers at the learner's address. Sends no message."""
    host, port = config.learner_address
    away = "records wait on this robot's disk, and the policy in use stays"
    try:
        with socket.create_connection((host, port), TIMEOUT_S) as peer:
            peer.sendall(_GREETING)
            peer.settimeout(TIMEOUT_S)
            greeting = _receive(peer, len(_GREETING))
    except OSError as error:
        remedy = "start `reachy-coach learner --host 0.0.0.0` there; check address, network and firewall"
        return warn("learner", f"{host}:{port} does not answer: {error}", away, remedy)
    if greeting[:1] != b"\xff" or greeting[_MECHANISM].rstrip(b"\0") != b"CURVE":
        remedy = f"check the address: the link's port is not the one of the pages ({config.learner!r})"
        return fail("learner", f"what answers at {host}:{port} is no learner", away, remedy)
    return fine("learner", f"answers at {host}:{port}")


def _receive(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (part := peer.recv(size - len(data))):
        data += part
    return data
