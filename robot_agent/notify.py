"""Tell systemd how the agent is, by sd_notify's protocol: one datagram of lines to the socket it names."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import MutableMapping

from shared.errors import ConfigError

log = logging.getLogger("notify")

SOCKET_VARIABLE = "NOTIFY_SOCKET"
PERIOD_VARIABLE = "WATCHDOG_USEC"
PID_VARIABLE = "WATCHDOG_PID"
MAX_STATUS = 200
"""Characters of a status line that are passed on."""


class Notifier:
    """The way to the service manager; does nothing where there is none. Never blocks and never raises."""

    def __init__(self, address: str, watchdog_s: float = 0.0) -> None:
        """A socket by path or by a name in the abstract namespace; if empty, nobody listens.

        Args:
            address: as systemd writes it into NOTIFY_SOCKET; `@` begins an abstract name.
            watchdog_s: the service is killed after this long without a ping; 0 if it is not watched.

        Raises:
            ConfigError: neither a path nor an abstract name.
        """
        if address and address[0] not in "/@":
            raise ConfigError(
                f"{SOCKET_VARIABLE}={address!r}: only a path that begins with / or a name that begins with @ "
                f"is understood; unset it where no service manager is in charge"
            )
        self.watchdog_s = watchdog_s
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._complained = False
        self._socket = (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None
        )
        if self._socket is not None:
            self._socket.setblocking(False)

    @classmethod
    def from_env(cls, environment: MutableMapping[str, str] = os.environ) -> Notifier:
        """The service manager's socket, taken out of the environment so that no child speaks for the agent.

        Raises:
            ConfigError: NOTIFY_SOCKET or WATCHDOG_USEC is malformed.
        """
        address = environment.pop(SOCKET_VARIABLE, "")
        period = environment.pop(PERIOD_VARIABLE, "0")
        meant_for = environment.pop(PID_VARIABLE, str(os.getpid()))
        if not period.isascii() or not period.isdigit():
            raise ConfigError(f"{PERIOD_VARIABLE}={period!r}: expected microseconds as a whole number")
        watched = address and meant_for == str(os.getpid())
        return cls(address, int(period) / 1e6 if watched else 0.0)

    @property
    def active(self) -> bool:
        """Whether somebody listens."""
        return self._socket is not None

    def ready(self) -> bool:
        """The agent is up: call it after the guard's first completed tick."""
        return self._send("READY=1")

    def watchdog(self) -> bool:
        """Still alive: call it only when the guard has completed a tick since the last call."""
        return self._send("WATCHDOG=1")

    def status(self, text: str) -> bool:
        """One line for `systemctl status`."""
        return self._send("STATUS=" + " ".join(text.split())[:MAX_STATUS])

    def stopping(self) -> bool:
        """The agent has begun to end."""
        return self._send("STOPPING=1")

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _send(self, line: str) -> bool:
        """Whether it was handed over. A manager that does not take it will restart the agent by itself."""
        if self._socket is None:
            return False
        try:
            self._socket.sendto(line.encode(), self._address)
        except OSError as error:
            if not self._complained:
                log.warning("the service manager does not take %r: %s", line, error)
            self._complained = True
            return False
        return True
