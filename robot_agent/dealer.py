"""The robot's socket to the learner: a DEALER behind CURVE whose every option is set before it connects."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
import zmq.utils.monitor

from shared.codec import MAX_MESSAGE, encode
from shared.errors import LinkError
from shared.keys import ensure_keypair
from shared.topics import HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS

RECONNECT_MS = 500
RECONNECT_MAX_MS = 10_000
HANDSHAKE_MS = 10_000
SEND_HIGH_WATER = 16

CONNECTED = zmq.EVENT_HANDSHAKE_SUCCEEDED
GONE = zmq.EVENT_DISCONNECTED
REFUSED = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)


@dataclass(frozen=True)
class Address:
    """Where the learner is and which keys to use."""

    host: str
    port: int
    robot_key: Path
    learner_key: str
    """Public, Z85."""


class Dealer:
    """One socket, made anew after a refusal. Belongs to one thread.

    Raises:
        ConfigError: a key is missing or malformed.
        LinkError: this pyzmq has no CURVE, or nothing can be connected to by that name.
    """

    def __init__(self, address: Address) -> None:
        if not zmq.has("curve"):
            raise LinkError("this pyzmq was built without CURVE; take the wheel from PyPI")
        public, secret = ensure_keypair(address.robot_key)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        # Options reach a connection only if they are set before it is made.
        self.socket.setsockopt(zmq.CURVE_SERVERKEY, address.learner_key.encode())
        self.socket.setsockopt(zmq.CURVE_PUBLICKEY, public.encode())
        self.socket.setsockopt(zmq.CURVE_SECRETKEY, secret.encode())
        self.socket.setsockopt(zmq.MAXMSGSIZE, MAX_MESSAGE)
        self.socket.setsockopt(zmq.SNDHWM, SEND_HIGH_WATER)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)  # nothing is queued for a learner that is away
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)
        self.socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
        self.socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
        # Jitter, so that a room of robots does not come back in step after a learner's restart.
        self.socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS + random.randrange(RECONNECT_MS))
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
        self.monitor = self.socket.get_monitor_socket(CONNECTED | GONE | REFUSED)
        try:
            self.socket.connect(f"tcp://{address.host}:{address.port}")
        except zmq.ZMQError as error:
            self.close()
            raise LinkError(f"cannot connect to {address.host}:{address.port}: {error}") from None

    def send(self, message: Any) -> bool:
        """Send now or not at all; False: no learner is there, or it does not keep up."""
        try:
            self.socket.send(encode(message), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def receive(self) -> bytes | None:
        """The next frame; None if there is none. Messages of several frames are not ours and are skipped."""
        while True:
            try:
                frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            if len(frames) == 1:
                return frames[0]

    def event(self) -> int | None:
        """The next connection event (`CONNECTED`, `GONE` or one of `REFUSED`); None if there is none."""
        if not self.monitor.poll(0):
            return None
        return int(zmq.utils.monitor.recv_monitor_message(self.monitor)["event"])

    def close(self) -> None:
        """Close at once."""
        self.socket.disable_monitor()
        self.monitor.close(linger=0)
        self.socket.close(linger=0)
        self._context.term()
