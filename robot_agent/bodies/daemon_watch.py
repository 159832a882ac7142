"""What other programs do at the Reachy Mini daemon: asked a few times a second, beside the ticks.

Any program on this machine may send the robot somewhere or take its motors' power; no lock keeps it from it.
The daemon tells the motors' mode and which of its own moves run (during one it takes no targets from here).
It does not tell the target that it follows, so a program that streams targets is noticed by the guard alone,
by where the robot goes.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections import deque
from typing import Any

PERIOD_S = 0.25
TIMEOUT_S = 1.0
STRANGE = 2
ANSWERS = 4
"""So many of the last answers must be strange: our own wish may be on its way."""


class DaemonWatch:
    """Compares what the daemon does with what this process asked for.

    Args:
        port: TCP port of the daemon on this machine.
    """

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/"
        self._wants_motors = False
        self._moves: deque[bool] = deque(maxlen=ANSWERS)
        self._off: deque[bool] = deque(maxlen=ANSWERS)
        self._ending = threading.Event()
        self._fault = ""
        self._thread = threading.Thread(target=self._run, name="daemon-watch", daemon=True)

    @property
    def fault(self) -> str:
        """What somebody else does, in words; empty if nothing."""
        return self._fault

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(2.0 * TIMEOUT_S + PERIOD_S)

    def motors_wanted(self, on: bool) -> None:
        """What this process has asked of the motors."""
        self._wants_motors = on

    def mode(self) -> str:
        """The motors' mode: `enabled`, `disabled` or `gravity_compensation`.

        Raises:
            OSError: the daemon does not answer.
            ValueError: it answers something else.
        """
        state = self._get("state/full?with_head_pose=false&with_antenna_positions=false")
        mode = state.get("control_mode") if isinstance(state, dict) else None
        if not isinstance(mode, str):
            raise ValueError(f"the daemon's state page has no control_mode: {str(state)[:80]}")
        return mode

    def moving(self) -> bool:
        """Whether the daemon plays a move by itself.

        Raises:
            OSError: the daemon does not answer.
            ValueError: it answers something else.
        """
        return bool(self._get("move/running"))

    def judge(self, mode: str, moving: bool) -> None:
        """Take one answer into account."""
        self._off.append(self._wants_motors and mode != "enabled")
        self._moves.append(self._wants_motors and moving)
        if sum(self._off) >= STRANGE:
            self._fault = f"motors: another program has set them to {mode!r}; end it"
        elif sum(self._moves) >= STRANGE:
            self._fault = "another program moves this robot through the daemon; end it"
        else:
            self._fault = ""

    def _get(self, page: str) -> Any:
        with urllib.request.urlopen(self._url + page, timeout=TIMEOUT_S) as answer:  # noqa: S310  # this machine's
            return json.load(answer)

    def _run(self) -> None:
        while not self._ending.wait(PERIOD_S):
            try:
                self.judge(self.mode(), self.moving())
            except (OSError, ValueError):
                continue  # a daemon that is gone is noticed by its silence
