"""The buttons' process: each button in a thread of its own, and what cannot be read is a stop.

A button that is configured and not there, unplugged, or pressed keeps the robot stopped: the stop is
repeated, so that nobody can release the robot past it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from robot_agent.config import AgentConfig
from robot_agent.sources.contact import Contact
from robot_agent.sources.gpio import GpioContact, keep_lgpio_in
from robot_agent.sources.press import LONG_S, Act, Press
from robot_agent.sources.usb import open_usb
from shared.ending import Ending

log = logging.getLogger("buttons")

RETRY_S = 0.5
"""Pause before a button that is not there is looked for again, and the stop repeated."""
IDLE_S = 1.0
END_LOOK_S = 0.2


@dataclass(frozen=True)
class ButtonState:
    """How one button is, for the page and the doctor."""

    name: str
    present: bool = False
    pressed: bool = False
    warned: bool = False
    """It was held long: letting go takes the motors' power away."""
    problem: str = ""


class Board:
    """The buttons' states as a small file on tmpfs, which is there as long as they are read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = False
        self._states: dict[str, ButtonState] = {}
        self._lock = threading.Lock()

    def show(self, state: ButtonState) -> None:
        """Replace the state of one button."""
        with self._lock:
            if self._closed or self._states.get(state.name) == state:
                return
            self._states[state.name] = state
            text = json.dumps([asdict(each) for each in self._states.values()])
            temporary = self._path.with_suffix(".new")
            with contextlib.suppress(OSError):  # what is shown must not keep a button from being read
                temporary.write_text(text)
                temporary.replace(self._path)

    def close(self) -> None:
        """They are no longer read, and that is meant so."""
        with self._lock:
            self._closed = True
            self._path.unlink(missing_ok=True)


def read_board(path: Path) -> list[ButtonState]:
    """What the buttons' process showed last; empty if it shows nothing."""
    try:
        return [ButtonState(**each) for each in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError):
        return []


class Tender:
    """Reads one button for ever and does what its presses ask for.

    Args:
        name: of the button, for messages.
        open_contact: opens it; called again after it was lost.
        stop: rings the guard's stop.
        limp: rings the guard's line that takes the motors' power away.
        board: where its state is shown.
    """

    def __init__(
        self,
        name: str,
        open_contact: Callable[[], Contact],
        stop: Callable[[], None],
        limp: Callable[[], None],
        board: Board,
    ) -> None:
        self._open, self.stop, self._limp, self._board = open_contact, stop, limp, board
        self._state = ButtonState(name)

    def run(self) -> None:
        """Never returns."""
        while True:
            try:
                self._serve()
            except Exception as error:  # whatever it is: nothing may move past a button that nobody reads
                self.stop()
                if str(error) != self._state.problem:
                    log.error("stopped: %s", error)
                self._show(present=False, pressed=False, warned=False, problem=str(error))
            time.sleep(RETRY_S)

    def _serve(self) -> None:
        contact, press = self._open(), Press()
        try:
            log.info("%s is watched", self._state.name)
            self._show(present=True, problem="")
            while True:
                due_s = press.due_s()
                wait_s = IDLE_S if due_s is None else due_s - time.monotonic()
                acts: list[Act] = []
                for time_s, pressed in contact.read(wait_s):
                    acts += press.change(pressed, time_s)
                acts += press.look(time.monotonic())
                for act in acts:
                    self._do(act)
                self._show(pressed=press.pressed, warned=press.warned)
        finally:
            contact.close()

    def _do(self, act: Act) -> None:
        if act is Act.STOP:
            self.stop()
        elif act is Act.WARN:
            log.warning(
                "%s is held for %g s: hold the head with your other hand; it drops when you let go",
                self._state.name,
                LONG_S,
            )
        else:
            log.warning("%s was held long: motors off", self._state.name)
            self._limp()

    def _show(self, **changes: bool | str) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]
        self._board.show(self._state)


def run(config: AgentConfig, lines: dict[str, int]) -> int:
    """Tend the configured buttons until SIGTERM."""
    # Ctrl-C reaches every process of a terminal; the buttons are read until the supervisor ends them.
    ending = Ending(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_lgpio_in(config.runtime.folder)
    path = config.runtime.buttons
    board = Board(path)
    tenders: list[Tender] = []

    def ring(line: str) -> Callable[[], None]:
        return lambda: os.eventfd_write(lines[line], 1)

    number, usb = config.button_gpio, config.button_usb
    if number is not None:
        name = f"the button at GPIO {number}"
        tenders.append(Tender(name, partial(GpioContact, number), ring("stop_button"), ring("limp"), board))
    if usb:
        name = f"the USB button {usb}"
        tenders.append(Tender(name, partial(open_usb, usb), ring("stop_usb"), ring("limp"), board))
    if path.exists():
        log.error("stopped: the process that reads the buttons was killed; a press may have been missed")
        for tender in tenders:
            tender.stop()
    for tender in tenders:
        threading.Thread(target=tender.run, daemon=True).start()
    while not ending:
        time.sleep(END_LOOK_S)
    board.close()
    return 0
