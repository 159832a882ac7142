"""Which spooled records are on their way: what to send now, what to send again. No sockets, no clock."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from robot_agent.spool import Key, Spool
from shared.codec import unpack_transition
from shared.errors import CodecError
from shared.messages import Transition, TransitionBatch
from shared.topics import timeout_s

log = logging.getLogger("outbox")

BATCH = 50
WINDOW = 200
"""Records sent and not yet acknowledged."""
RESEND_S = timeout_s(TransitionBatch)
"""Without any acknowledgement for this long, everything in the window is sent again."""


class Outbox:
    """Walks through the spool in order; acknowledged records leave it in any order."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._place = 0
        self._waiting: set[Key] = set()
        self._progress_s = 0.0

    def restart(self) -> None:
        """A new connection: whatever was sent before may be lost, so begin at the oldest record."""
        self._place = 0
        self._waiting.clear()

    def batch(self, now_s: float) -> tuple[Transition, ...]:
        """The next records to be sent, oldest first; empty: nothing to send, or the window is full."""
        if self._waiting and now_s - self._progress_s > RESEND_S:
            self.restart()
        room = min(BATCH, WINDOW - len(self._waiting))
        transitions: tuple[Transition, ...] = ()
        while not transitions:
            rows = self._spool.after(self._place, room) if room > 0 else []
            if not rows:
                return ()
            self._place = rows[-1][0]
            transitions = tuple(t for row in rows if (t := _readable(*row)) is not None)
        if not self._waiting:
            self._progress_s = now_s
        self._waiting.update((t.boot_epoch, t.decision_seq) for t in transitions)
        return transitions

    def acknowledged(self, keys: Iterable[Key], now_s: float) -> None:
        """The learner has these: forget them."""
        keys = list(keys)
        self._spool.forget(keys)
        self._waiting.difference_update(keys)
        self._progress_s = now_s


def _readable(place: int, payload: bytes) -> Transition | None:
    """A record of another version of this program stays in the spool and must not keep the others there."""
    try:
        return unpack_transition(payload)
    except CodecError as error:
        log.warning("record %d of the spool stays there: %s", place, error)
        return None
