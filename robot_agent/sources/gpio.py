"""A push button between a GPIO pin and ground, normally closed: pressed, or unplugged, opens the circuit."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections import deque
from pathlib import Path
from typing import Any

from robot_agent.sources.contact import ButtonLost
from robot_agent.sources.debounce import Debounce
from shared.errors import MissingExtra

RECHECK_S = 0.05
"""The level is read this often beside the edges: the kernel drops edges where they come too fast."""
BELIEVED_S = 5.0
"""An edge's own time is used if it is at most this old; some kernels count from another instant."""
MAX_EDGES = 4096
"""Edges kept for the reader; of more, the newest."""


class GpioContact:
    """The button at one pin, with the pin's own pull-up.

    Args:
        number: BCM number of the pin.
        factory: gpiozero's pins; of this board if absent.

    Raises:
        ButtonLost: there is no such pin, or it cannot be used.
        MissingExtra: gpiozero or lgpio is not installed.
    """

    def __init__(self, number: int, factory: Any = None) -> None:
        self._name = f"the button at GPIO {number}"
        self._edges: deque[tuple[float, bool]] = deque(maxlen=MAX_EDGES)
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._bell, select.POLLIN)
        self._debounce = Debounce(time.monotonic())
        try:
            # gpiozero's button has a debounce that takes a spike of any length for a press: so only its pin.
            self._pin = (factory or board_pins()).pin(number)
            self._pin.function, self._pin.pull, self._pin.edges = "input", "up", "both"
            self._pin.bounce = None
            self._pin.when_changed = self._changed
        except MissingExtra:
            os.close(self._bell)
            raise
        except Exception as error:
            os.close(self._bell)
            raise ButtonLost(f"{self._name} cannot be read: {error}; see docs/stop-button.md") from error

    def read(self, timeout_s: float) -> list[tuple[float, bool]]:
        """Wait for up to `timeout_s`; the changes (monotonic time [s], pressed) since the last call.

        Raises:
            ButtonLost: the pin cannot be read any more.
        """
        due_s = self._debounce.due_s
        if due_s is not None:
            timeout_s = min(timeout_s, due_s - time.monotonic())
        if not self._edges:
            self._poll.poll(max(0.0, min(timeout_s, RECHECK_S)) * 1e3)
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        changes: list[tuple[float, bool]] = []
        while self._edges:
            at_s, is_open = self._edges.popleft()
            changes += self._debounce.edge(is_open, at_s)
        now_s, is_open = time.monotonic(), self._is_open()
        changes += self._debounce.look(now_s)
        if is_open != self._debounce.is_open and not self._edges:
            changes += self._debounce.edge(is_open, now_s)
        return changes

    def close(self) -> None:
        """Let go of the pin."""
        with contextlib.suppress(Exception):
            self._pin.when_changed = None
            self._pin.close()
        os.close(self._bell)

    def _is_open(self) -> bool:
        try:
            return bool(self._pin.state)
        except Exception as error:
            raise ButtonLost(f"{self._name} cannot be read any more: {error}") from error

    def _changed(self, ticks: float, state: float) -> None:
        """Called by gpiozero's thread with each edge; the pull-up makes an open circuit read high."""
        now_s = time.monotonic()
        at_s = ticks if 0.0 <= now_s - ticks < BELIEVED_S else now_s
        self._edges.append((at_s, bool(state)))
        os.eventfd_write(self._bell, 1)


def board_pins() -> Any:
    """The pins of this board through lgpio, and through nothing else: another library may not see edges.

    Raises:
        MissingExtra: gpiozero or lgpio is not installed.
    """
    try:
        from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError as error:
        raise MissingExtra("buttons", "gpiozero and lgpio") from error
    return LGPIOFactory()


def keep_lgpio_in(folder: Path) -> None:
    """lgpio makes a pipe where it is started; that may be a folder nobody may write to."""
    os.environ.setdefault("LG_WD", str(folder))
