"""Suggest mode: what the policy wants to do waits for a person's word, and expires without one."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

from robot_agent.episode import Wish
from robot_agent.frames import Action
from shared.messages import MODES, Approval

EXPIRES_S = 5.0


@dataclass(frozen=True)
class Proposal:
    """One decision that waits."""

    number: int
    wish: Wish
    action: Action
    until_s: float
    """On the monotonic clock."""


class Proposals:
    """At most one proposal, and what a person said about it.

    Args:
        clock: monotonic [s].
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # A process started anew must not take an old approval for one of its own proposals.
        self._numbers = itertools.count(time.time_ns() // 1_000_000)
        self._approved = False
        self.mode = "autonomous"
        self.pending: Proposal | None = None

    @property
    def waits(self) -> bool:
        """Decisions need a person's word."""
        return self.mode != "autonomous"

    def set_mode(self, mode: str) -> None:
        """One of `MODES`; anything else is ignored."""
        if mode in MODES:
            self.mode = mode

    def answer(self, approval: Approval) -> None:
        """A person's word; on another proposal than the pending one, or too late, it counts for nothing."""
        self._expire()
        if self.pending is None or approval.proposal_id != self.pending.number:
            return
        if approval.approved:
            self._approved = True
        else:
            self.drop()

    def approved(self, wish: Wish) -> Action | None:
        """The action that may be played now for this wish; it can be had once."""
        self._expire()
        pending = self.pending
        if pending is not None and pending.wish != wish:
            self.drop()
        elif pending is not None and self._approved:
            self.drop()
            return pending.action
        return None

    def propose(self, wish: Wish, action: Action) -> None:
        """Ask for a person's word on this action, unless one is being asked for."""
        if self.pending is None:
            self.pending = Proposal(next(self._numbers), wish, action, self._clock() + EXPIRES_S)

    def drop(self) -> None:
        """Nothing is asked any more."""
        self.pending, self._approved = None, False

    def _expire(self) -> None:
        if self.pending is not None and not self._approved and self._clock() >= self.pending.until_s:
            self.drop()
