"""The wish to end, as a signal tells it to a loop."""

from __future__ import annotations

import signal


class Ending:
    """False until one of the signals comes; made in the main thread."""

    def __init__(self, *numbers: signal.Signals) -> None:
        self._asked = False
        for number in numbers:
            signal.signal(number, self._ask)

    def __bool__(self) -> bool:
        return self._asked

    def _ask(self, *_: object) -> None:
        self._asked = True
