"""What a press asks for: the first instant stops; held long, and then let go, it takes the motors' power.

Motors off lets the head drop, so it takes two acts: hold until the warning, put the other hand under the
head, let go. A cable that is pulled out looks like a press that never ends, and must not drop anything.
"""

from __future__ import annotations

from enum import Enum

LONG_S = 3.0
"""Held for this long is a long press."""
TOO_LONG_S = 12.0
"""Held for this long is no finger but a cable or a thing that lies on the button."""
RING_S = 0.1
"""While it is pressed the stop is repeated this often: nobody can release a robot whose button is pressed."""


class Act(Enum):
    """What is to be done."""

    STOP = "stop"
    WARN = "warn"
    """Say that letting go takes the motors' power away."""
    LIMP = "limp"


class Press:
    """One button's presses as acts. Pure: times [s] are given."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._ring_s = 0.0
        self._warned = False

    @property
    def pressed(self) -> bool:
        """Whether it is pressed now."""
        return self._since_s is not None

    @property
    def warned(self) -> bool:
        """Whether letting go now takes the motors' power away."""
        return self._warned

    def change(self, pressed: bool, time_s: float) -> list[Act]:
        """Take a press or its end."""
        since_s = self._since_s
        if pressed:
            if since_s is not None:
                return []
            self._since_s, self._ring_s, self._warned = time_s, time_s + RING_S, False
            return [Act.STOP]
        self._since_s, self._warned = None, False
        if since_s is None:
            return []
        return [Act.STOP, Act.LIMP] if LONG_S <= time_s - since_s < TOO_LONG_S else [Act.STOP]

    def look(self, time_s: float) -> list[Act]:
        """What is due by now."""
        acts: list[Act] = []
        if self._since_s is None:
            return acts
        if time_s >= self._ring_s:
            self._ring_s = time_s + RING_S
            acts.append(Act.STOP)
        held_s = time_s - self._since_s
        if not self._warned and LONG_S <= held_s < TOO_LONG_S:
            self._warned = True
            acts.append(Act.WARN)
        if held_s >= TOO_LONG_S:
            self._warned = False
        return acts

    def due_s(self) -> float | None:
        """When to look again; None while it is not pressed."""
        return None if self._since_s is None else self._ring_s
