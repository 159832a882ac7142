"""People who say again and again that what a robot does is bad: its episode ends, and the robot looks at its
policy."""

from __future__ import annotations

from collections import deque

BURST = 4
"""Bad taps in a row..."""
WITHIN_S = 10.0
"""... in so short a time."""
DISLIKED = "disliked"
"""The outcome that tells the robot."""


class Dislikes:
    """Counts each robot's bad taps; a good one clears them."""

    def __init__(self) -> None:
        self._bad: dict[str, deque[float]] = {}

    def tap(self, robot_id: str, value: float, now_s: float) -> bool:
        """A tap at a monotonic time. True: it makes a burst, which is told once and then forgotten."""
        bad = self._bad.setdefault(robot_id, deque(maxlen=BURST))
        if value > 0.0:
            bad.clear()
            return False
        bad.append(now_s)
        burst = len(bad) == BURST and now_s - bad[0] <= WITHIN_S
        if burst:
            bad.clear()
        return burst
