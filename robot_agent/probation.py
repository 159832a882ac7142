"""A policy's way on the robot as a pure function: shadow -> canary -> at full limits -> good, or out.

SHADOW ─ enough states ─▶ (ready) ─ takes over ─▶ CANARY ─ an episode ─▶ TRUSTED ─ decisions ─▶ GOOD
SHADOW ─ a fault ─▶ REJECTED        CANARY, TRUSTED, GOOD ─ a fault ─▶ ROLLED_BACK
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

SHADOW_STATES = 25
"""States on which a new policy is evaluated beside the one in use, 20 ms each, before it may take over."""
CANARY_DECISIONS = 3
"""A policy keeps reduced limits through the episodes in which it has made fewer decisions than this."""
CANARY_PROFILE = 0.7
"""Share of the motion limits during the canary. At 0.7 a trained policy's success is what it is at 1 (see
docs/policies.md)."""
GOOD_DECISIONS = 12
"""Decisions without a fault, those of the canary included, after which an episode's end makes it good."""


class Stage(IntEnum):
    """Where a policy stands."""

    SHADOW = 0
    """Evaluated on live states; its answers are not used."""
    CANARY = 1
    """In use, at reduced limits."""
    TRUSTED = 2
    """In use, at the limits of its bundle."""
    GOOD = 3
    """In use; kept to fall back on."""
    REJECTED = 4
    """Never used."""
    ROLLED_BACK = 5
    """Taken out of use."""


STATUS: dict[Stage, str] = {
    Stage.SHADOW: "trial",
    Stage.CANARY: "active",
    Stage.GOOD: "good",
    Stage.REJECTED: "rejected",
    Stage.ROLLED_BACK: "rolled_back",
}
"""What the learner is told on entering a stage (one of `POLICY_STATUSES`); nothing new for TRUSTED."""

OUT = (Stage.REJECTED, Stage.ROLLED_BACK)
IN_USE = (Stage.CANARY, Stage.TRUSTED, Stage.GOOD)


class Event(IntEnum):
    """What may happen to a policy."""

    STATE = 0
    """It was evaluated on a state, and nothing was wrong with the answer."""
    TAKES_OVER = 1
    DECISION = 2
    """A decision of its own was played."""
    EPISODE = 3
    """An episode that it played came to its end."""
    FAULT = 4
    """It did something that no policy may do."""
    DOUBT = 5
    """Something spoke against it that need not be its doing: a person stopped the robot or did not like it
    again and again, the sensors showed what was never seen in training, answers came too late."""


@dataclass(frozen=True)
class Probation:
    """How far a policy has come."""

    stage: Stage = Stage.SHADOW
    states: int = 0
    """Evaluated in the shadow."""
    decisions: int = 0
    """Played."""

    @property
    def ready(self) -> bool:
        """It may take over."""
        return self.stage is Stage.SHADOW and self.states >= SHADOW_STATES

    def profile(self, of_bundle: float) -> float:
        """Share of the motion limits that it gets."""
        return min(of_bundle, CANARY_PROFILE) if self.stage is Stage.CANARY else of_bundle


def step(policy: Probation, event: Event, alone: bool = False) -> Probation:
    """The policy's standing after an event.

    Args:
        policy: its standing before.
        event: what happened.
        alone: there is no proven policy to go back to, so that a doubt only begins the
            canary anew.
    """
    stage = policy.stage
    if stage in OUT:
        return policy
    if stage is Stage.SHADOW:
        return _in_shadow(policy, event)
    match event:
        case Event.FAULT:
            return replace(policy, stage=Stage.ROLLED_BACK)
        case Event.DOUBT if stage is not Stage.GOOD:
            return Probation(Stage.CANARY) if alone else replace(policy, stage=Stage.ROLLED_BACK)
        case Event.DECISION:
            return replace(policy, decisions=policy.decisions + 1)
        case Event.EPISODE:
            return replace(policy, stage=_after_episode(policy))
        case _:
            return policy


def _in_shadow(policy: Probation, event: Event) -> Probation:
    match event:
        case Event.FAULT:
            return replace(policy, stage=Stage.REJECTED)
        case Event.STATE:
            return replace(policy, states=policy.states + 1)
        case Event.TAKES_OVER if policy.ready:
            return Probation(Stage.CANARY)
        case _:
            return policy


def _after_episode(policy: Probation) -> Stage:
    if policy.stage is Stage.CANARY and policy.decisions >= CANARY_DECISIONS:
        return Stage.TRUSTED
    if policy.stage is Stage.TRUSTED and policy.decisions >= GOOD_DECISIONS:
        return Stage.GOOD
    return policy.stage
