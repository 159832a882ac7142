"""People who declared that they watch the robot: when one is lost without a farewell, the robot stops."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger("watch")

BEAT_S = 1.0
"""Who watches says so this often."""
SILENCE_S = 3.0
"""Who has not for this long is lost."""
MAX_WATCHERS = 32


class Watchers:
    """Those who watch through one process.

    Args:
        mark: a file on tmpfs that is there while anybody watches: a process that is killed has lost them all,
            and finds it when it is started again.
        stop: rings the guard's stop.
    """

    def __init__(self, mark: Path, stop: Callable[[], None]) -> None:
        self._mark, self._stop = mark, stop
        self._heard_s: dict[str, float] = {}
        self._lock = threading.Lock()
        if mark.exists():
            log.error("stopped: the robot was being watched when this process ended")
            stop()
            mark.unlink()

    def __len__(self) -> int:
        return len(self._heard_s)

    def beat(self, name: str, now_s: float) -> bool:
        """Somebody watches from now on, or still does; False if there are too many."""
        with self._lock:
            if name not in self._heard_s:
                if len(self._heard_s) >= MAX_WATCHERS:
                    return False
                log.info("%s watches the robot", name)
                self._mark.touch()
            self._heard_s[name] = now_s
            return True

    def leave(self, name: str) -> None:
        """Somebody says farewell; the robot goes on."""
        if self._forget(name):
            log.info("%s no longer watches the robot", name)

    def lose(self, name: str) -> None:
        """Somebody is gone without a farewell."""
        # Whoever left in the same instant, or was lost already, is not lost again.
        if self._forget(name, self._stop):
            log.error("stopped: %s, who watched the robot, is gone", name)

    def look(self, now_s: float) -> None:
        """Lose those who have been silent for too long."""
        for name, heard_s in tuple(self._heard_s.items()):
            if now_s - heard_s > SILENCE_S:
                self.lose(name)

    def _forget(self, name: str, before: Callable[[], None] = lambda: None) -> bool:
        with self._lock:
            if name not in self._heard_s:
                return False
            before()  # the stop first, then the mark
            del self._heard_s[name]
            if not self._heard_s:
                self._mark.unlink(missing_ok=True)
            return True
