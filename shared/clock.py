"""Time as the control loops see it: a clock that tests can turn by hand, and a ratekeeper without drift."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock and a way to wait on it."""

    def now_s(self) -> float:
        """Seconds since some fixed instant; never goes back."""
        ...

    def sleep_s(self, seconds: float) -> None:
        """Wait; returns at once for zero or less."""
        ...


class MonotonicClock:
    """The machine's monotonic clock."""

    def now_s(self) -> float:
        """Seconds since some fixed instant; never goes back."""
        return time.monotonic()

    def sleep_s(self, seconds: float) -> None:
        """Wait; returns at once for zero or less."""
        if seconds > 0.0:
            time.sleep(seconds)


class FakeClock:
    """A clock that moves only when somebody sleeps on it or calls `advance`."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s

    def now_s(self) -> float:
        """The time it was turned to."""
        return self._now_s

    def sleep_s(self, seconds: float) -> None:
        """Advance by that much, at once."""
        self.advance(max(seconds, 0.0))

    def advance(self, seconds: float) -> None:
        """Let time pass.

        Raises:
            ValueError: a monotonic clock cannot go back.
        """
        if seconds < 0.0:
            raise ValueError(f"a monotonic clock cannot go back by {-seconds} s")
        self._now_s += seconds


class Ratekeeper:
    """Wakes on an absolute schedule: tick k is due at start + k * period, however long single ticks take.

    After an overrun of whole periods the missed ticks are skipped and counted, never made up in a burst.
    """

    def __init__(self, period_s: float, clock: Clock | None = None) -> None:
        if not period_s > 0.0:
            raise ValueError(f"period must be above zero, got {period_s} s")
        self.period_s = period_s
        self._clock = clock or MonotonicClock()
        self._start_s = self._clock.now_s()
        self._due = 0
        self.overruns = 0
        """Times that a tick's work ran past the next tick's instant."""
        self.skipped = 0
        """Ticks that were left out because of overruns."""
        self.lag_s = 0.0
        """How late the last wake-up was."""

    def wait(self) -> float:
        """Sleep until the next tick; returns how late it is [s], zero or more."""
        self._due += 1
        late_s = self._clock.now_s() - self._instant_s()
        if late_s > 0.0:
            self.overruns += 1
            missed = int(late_s / self.period_s)
            self.skipped += missed
            self._due += missed
        else:
            self._clock.sleep_s(-late_s)
        self.lag_s = max(0.0, self._clock.now_s() - self._instant_s())
        return self.lag_s

    def _instant_s(self) -> float:
        return self._start_s + self._due * self.period_s
