"""Whether the guard ticks: the service manager is told while it does, and a guard that hangs is killed."""

from __future__ import annotations

from robot_agent.notify import Notifier
from shared.slots import Slot

PING_S = 0.2
"""Between two pings of the service manager."""
HUNG_S = 1.0
"""A guard that has ticked and then does not for so long hangs. Less than the service's `WatchdogSec`, which
begins everything anew."""
START_S = 60.0
"""So long may a guard take to its first tick: it waits for its body."""


class Watchdog:
    """Tells the service manager that the agent lives, only as long as the guard completes ticks.

    Args:
        notifier: the way to the service manager.
        states: the guard's state slot.
    """

    def __init__(self, notifier: Notifier, states: Slot) -> None:
        self._notifier, self._states = notifier, states
        self._seen, self._pinged_s = states.seq(), -PING_S
        self._ready = False

    def look(self, now_s: float) -> None:
        """Ping if the guard has ticked since the last ping."""
        seq = self._states.seq()
        if seq == self._seen or now_s - self._pinged_s < PING_S:
            return
        self._seen, self._pinged_s = seq, now_s
        if not self._ready:
            self._ready = self._notifier.ready()
        self._notifier.watchdog()

    def end(self) -> None:
        """The agent begins to end."""
        self._notifier.stopping()


class Silence:
    """Notices a guard that hangs. The next one is latched if this one was, and goes on without a jump.

    Args:
        states: the guard's state slot.
        awake_s: who looks less often than this has been away itself: Ctrl-Z, or a machine that was paused.
    """

    def __init__(self, states: Slot, awake_s: float) -> None:
        self._states, self._seq, self._awake_s = states, states.seq(), awake_s
        self._pid: int | None = None
        self._ticked = False
        self._silent_s = self._looked_s = 0.0

    def look(self, now_s: float, pid: int | None) -> bool:
        """Whether to kill this guard; while it does not end, True again after as long.

        Args:
            now_s: monotonic time.
            pid: of the guard that runs now.
        """
        seq, since_s = self._states.seq(), now_s - self._looked_s
        self._looked_s = now_s
        if pid != self._pid or seq != self._seq:
            self._ticked = pid == self._pid
            self._pid, self._seq, self._silent_s = pid, seq, 0.0
            return False
        self._silent_s += min(since_s, self._awake_s)
        if pid is None or self._silent_s < (HUNG_S if self._ticked else START_S):
            return False
        self._silent_s = 0.0
        return True
