"""The learner's end of the link: a ZeroMQ ROUTER behind CURVE and an allow-list of robots' keys.

A robot's public key lies in `<allow_dir>/<robot_id>.pub`; adding or removing a file takes effect at the next
connection. The key's file name is who the sender is; `learner.experience` refuses messages that claim
to come from another.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import zmq
import zmq.asyncio
from zmq.auth.asyncio import AsyncioAuthenticator
from zmq.utils import z85

from learner.counters import Counters
from shared.codec import MAX_MESSAGE, encode
from shared.errors import AlreadyRunning, ConfigError
from shared.keys import read_public
from shared.topics import HEARTBEAT_MS, HEARTBEAT_TIMEOUT_MS

SEND_HIGH_WATER = 64
"""Messages to one robot that may wait in the socket; more are dropped and counted."""

log = structlog.get_logger("wire")


class AllowList:
    """Who may connect; the credentials provider of pyzmq's authenticator."""

    def __init__(self, folder: Path, counters: Counters) -> None:
        self._folder = folder
        self._counters = counters

    def name_of(self, key: bytes) -> str | None:
        """The robot that this public key (z85) belongs to, or None."""
        for path in sorted(self._folder.glob("*.pub")):
            try:
                if read_public(path).encode() == key:
                    return path.stem
            except ConfigError as error:
                log.warning("unusable key file", error=str(error))
        return None

    def callback(self, _domain: str, key: bytes) -> bool:
        """True = let in. Called by the authenticator with the z85 key."""
        name = self.name_of(key)
        if name is None:
            self._counters.refused_keys += 1
            log.warning("key refused: not on the allow-list", key=key.decode(), folder=str(self._folder))
        return name is not None


class _Authenticator(AsyncioAuthenticator):
    def __init__(self, context: zmq.asyncio.Context, allow: AllowList) -> None:
        super().__init__(context)
        self._allow = allow

    def curve_user_id(self, client_public_key: bytes) -> str:
        """The sender's name, attached to every frame it sends."""
        return self._allow.name_of(z85.encode(client_public_key)) or ""


@dataclass(frozen=True)
class Received:
    """One frame from a robot."""

    identity: bytes
    """Where an answer goes."""
    robot_id: str
    """By its key."""
    payload: bytes


class Wire:
    """The ROUTER socket. Opens on construction; all methods belong to one event loop.

    Raises:
        AlreadyRunning: the port is taken.
    """

    def __init__(self, host: str, port: int, secret_key: bytes, allow: AllowList, counters: Counters) -> None:
        self._counters = counters
        self._context = zmq.asyncio.Context()
        self._auth = _Authenticator(self._context, allow)
        self._auth.start()
        self._auth.configure_curve_callback("*", credentials_provider=allow)
        self._socket: zmq.asyncio.Socket = self._context.socket(zmq.ROUTER)
        # Every option before bind: later ones do not reach the listener.
        self._socket.setsockopt(zmq.CURVE_SERVER, 1)
        self._socket.setsockopt(zmq.CURVE_SECRETKEY, secret_key)
        # Frames a little over the codec's cap get a Refusal; far larger ones cost the connection.
        self._socket.setsockopt(zmq.MAXMSGSIZE, 2 * MAX_MESSAGE)
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
        self._socket.setsockopt(zmq.SNDHWM, SEND_HIGH_WATER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_MS)
        self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
        try:
            self._socket.bind(f"tcp://{host}:{port or '*'}")
        except zmq.ZMQError as error:
            self.close()
            raise AlreadyRunning(
                f"cannot listen on {host}:{port} for robots ({error}); "
                "is another learner running? choose another port with --wire-port"
            ) from error
        endpoint = self._socket.getsockopt(zmq.LAST_ENDPOINT)
        assert isinstance(endpoint, bytes)
        self.port = int(endpoint.decode().rstrip("\0").rsplit(":", 1)[1])

    async def receive(self) -> Received:
        """The next frame; frames that are no single payload are counted and skipped."""
        while True:
            frames = await self._socket.recv_multipart(copy=False)
            if len(frames) == 2:
                return Received(frames[0].bytes, str(frames[1].get("User-Id")), frames[1].bytes)
            self._counters.refused_frames += 1
            log.warning("refused a message of several frames", frames=len(frames))

    async def send(self, identity: bytes, message: Any) -> bool:
        """Send one message now, or not at all: False = not reachable, dropped."""
        try:
            await self._socket.send_multipart([identity, encode(message)], flags=zmq.NOBLOCK)
        except zmq.ZMQError as error:
            self._counters.unsent += 1
            log.warning("not sent", message=type(message).__name__, error=str(error))
            return False
        return True

    def close(self) -> None:
        """Close at once; nothing lingers."""
        if hasattr(self, "_socket"):
            self._socket.close(linger=0)
        self._auth.stop()
        self._context.term()
