"""A noisy contact as clean changes: spikes are not presses, and no press of a finger is missed.

Open time fills a bucket and closed time empties it; full is pressed, empty is let go. So a spike shorter than
the bucket never is a press, and a press is one even while motors induce short dips into it.
"""

from __future__ import annotations

SETTLE_S = 0.005
"""A contact is pressed after this much more open than closed time, and let go after as much the other way."""


class Debounce:
    """The bucket. Times are of one monotonic clock [s] and may come late, but in order."""

    def __init__(self, time_s: float, settle_s: float = SETTLE_S) -> None:
        self._settle_s = settle_s
        self._at_s = time_s
        self._open = False
        self._level_s = 0.0
        self.pressed = False

    @property
    def is_open(self) -> bool:
        """What the last edge said."""
        return self._open

    def edge(self, is_open: bool, time_s: float) -> list[tuple[float, bool]]:
        """Take an edge; returns the changes (time, pressed) up to it."""
        changes = self.look(time_s)
        self._open = is_open
        return changes

    def look(self, time_s: float) -> list[tuple[float, bool]]:
        """The changes (time, pressed) until now, without an edge; none or one."""
        due_s = self.due_s
        elapsed_s = max(0.0, time_s - self._at_s)
        level_s = self._level_s + (elapsed_s if self._open else -elapsed_s)
        self._level_s = min(max(level_s, 0.0), self._settle_s)
        self._at_s = max(self._at_s, time_s)
        if due_s is None or time_s < due_s:
            return []
        self.pressed = self._open
        return [(due_s, self.pressed)]

    @property
    def due_s(self) -> float | None:
        """When the next change comes if no edge does; None if none is on its way."""
        if self._open == self.pressed:
            return None
        missing_s = self._settle_s - self._level_s if self._open else self._level_s
        return self._at_s + missing_s
