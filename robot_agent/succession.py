"""Who decides now, who is tried beside, and whom to go back to: probation in the policy process."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from robot_agent.candidates import Loaded, Restored
from robot_agent.frames import GuardState, Record
from robot_agent.idle import IdlePolicy, VersionedPolicy
from robot_agent.ledger import KEEP_GOOD, Ledger
from robot_agent.probation import OUT, SHADOW_STATES, STATUS, Event, Probation, Stage, step
from robot_agent.signs import Signs, counts
from shared.control.ood import Finding, OodDetector
from shared.control.pilot import PolicyOutput, decide
from shared.messages import END_REASONS, SOURCES

F32 = NDArray[np.float32]

AGREES = 0.1
"""Parameters this close are taken for the same answer."""


class Source(Protocol):
    """Where policies come from (`robot_agent.candidates.Candidates`)."""

    wanted: bool
    restored: Restored | None

    def take(self) -> Loaded | None:
        """The next policy to be tried on live states."""
        ...


@dataclass
class Standing:
    """A policy with all that is known of it here."""

    loaded: Loaded
    probation: Probation = field(default_factory=Probation)
    signs: Signs = field(default_factory=Signs)
    agreed: int = 0
    """States of the shadow on which its most likely action was the one of the policy in use."""

    def __post_init__(self) -> None:
        self.detector = OodDetector(self.loaded.ood) if self.loaded.ood is not None else None

    @property
    def version(self) -> int:
        """Of the policy."""
        return self.loaded.policy.version

    @property
    def proven(self) -> bool:
        """It may be gone back to."""
        return self.probation.stage in (Stage.TRUSTED, Stage.GOOD)


class Succession:
    """One policy in use, at most one in its shadow, a few proven ones behind it, and `IdlePolicy` behind all.

    Args:
        ledger: told of every change.
        source: of new policies.
    """

    def __init__(self, ledger: Ledger, source: Source) -> None:
        self._ledger, self._source = ledger, source
        self._idle = Standing(Loaded(IdlePolicy()))
        self._now = self._idle
        self._next: Standing | None = None
        self._kept: list[Standing] = []
        self._begun = False
        self.rolled_back = 0
        """Version that was taken out of use last, until the caller has dealt with what it left behind."""

    @property
    def loading(self) -> bool:
        """What was in use before this process started is not known yet."""
        return not self._begun

    @property
    def policy(self) -> VersionedPolicy:
        """The one in use."""
        return self._now.loaded.policy

    @property
    def idle(self) -> bool:
        """There is none but the built-in one."""
        return self._now is self._idle

    @property
    def limits_profile(self) -> float:
        """Share of the motion limits for the next episode."""
        return self._now.probation.profile(self.policy.limits_profile)

    @property
    def made(self) -> tuple[int, ...]:
        """The made tools that the policy in use chooses from, by place."""
        return self._now.loaded.made

    def look(self, between: bool) -> None:
        """Take in what the source has; `between` episodes, a policy that is ready takes over."""
        if not self._begun and (restored := self._source.restored) is not None:
            self._restore(restored)
        if not self._begun:
            return
        if self._next is None and (found := self._source.take()) is not None:
            self._next = Standing(found)
        if between and self._next is not None and self._next.probation.ready:
            self._take_over(self._next)
        self._source.wanted = self._next is None

    def evaluate(self, obs: F32) -> tuple[PolicyOutput, float]:
        """What the policy in use answers to (512,), and how long it took [s]; one that fails is replaced."""
        while True:
            policy, began_cpu_s, began_s = self.policy, time.thread_time(), time.perf_counter()
            try:
                output = policy(obs[None])
                cpu_s, wall_s = time.thread_time() - began_cpu_s, time.perf_counter() - began_s
                decide(output, None, _NO_RNG, deterministic=True)
                reason = "" if self.idle else self._now.signs.answered(output, cpu_s)
            except Exception as error:
                reason = f"it failed: {error}"
            if not reason:
                self._shadow(obs, output)
                return output, wall_s
            self.fault(reason)

    def fault(self, reason: str) -> None:
        """The policy in use did what no policy may do."""
        self._event(Event.FAULT, reason)

    def doubt(self, reason: str) -> None:
        """Something spoke against the policy in use."""
        self._event(Event.DOUBT, reason)

    def decided(self, tool: int, mean: F32) -> None:
        """The policy in use chose this tool with these parameters, (4,)."""
        if reason := self._now.signs.decided(tool, mean):
            self.fault(reason)

    def saw(self, state: GuardState) -> None:
        """The guard's state while the policy is in use."""
        if reason := self._now.signs.saw(state):
            self.doubt(reason)

    def observed(self, obs: F32, state: GuardState) -> Finding | None:
        """Whether an observation is unlike those that the policy in use was trained on.

        What happens while a person moves the robot is not the policy's, and may be faster than any tool.
        """
        if self._now.detector is None or state.teleop:
            return None
        finding = self._now.detector.update(obs, state.state_seq)
        if finding is not None and (reason := self._now.signs.anomaly(state, finding.kind)):
            self.doubt(reason)
        return finding

    def played(self, record: Record) -> None:
        """The guard's record of a decision or of an episode's end."""
        if (
            self.idle
            or record.policy_version != self.version
            or SOURCES[record.source] not in ("policy", "human")
        ):
            return
        if END_REASONS[record.end_reason] == "closing":
            self._event(Event.EPISODE, f"{self._now.probation.decisions} decisions without a fault")
        elif counts(record):
            self._ledger.decided(self.version)
            self._event(Event.DECISION)
            if reason := self._now.signs.played(record):
                self.fault(reason)

    @property
    def version(self) -> int:
        """Of the policy in use; 0 = the built-in one."""
        return self._now.version

    def _shadow(self, obs: F32, answer: PolicyOutput) -> None:
        """Evaluate the next policy on the same state, and use nothing of it."""
        following = self._next
        if following is None or following.probation.ready:
            return
        began_cpu_s = time.thread_time()
        try:
            output = following.loaded.policy(obs[None])
            cpu_s = time.thread_time() - began_cpu_s
            decide(output, None, _NO_RNG, deterministic=True)
            reason = following.signs.answered(output, cpu_s)
        except Exception as error:
            reason = f"it failed: {error}"
        event = Event.FAULT if reason else Event.STATE
        following.probation = step(following.probation, event)
        if following.probation.stage in OUT:
            self._ledger.note(following.version, "rejected", f"in the shadow run: {reason}")
            self._next = None
            return
        following.agreed += _alike(output, answer)

    def _take_over(self, standing: Standing) -> None:
        before = self._now
        if before.proven:
            self._keep(before)
        standing.probation = step(standing.probation, Event.TAKES_OVER)
        share = standing.agreed / SHADOW_STATES
        standing.signs = Signs()
        self._now, self._next = standing, None
        self._ledger.use(standing.version)
        beside = "" if before is self._idle else f"; agreed with v{before.version} on {share:.0%} of states"
        self._ledger.note(standing.version, "active", f"at {self.limits_profile:.2f} of the limits{beside}")

    def _keep(self, standing: Standing) -> None:
        """The newest proven ones: the last one in use, and the last two good ones."""
        self._kept.insert(0, standing)
        good = [one for one in self._kept if one.probation.stage is Stage.GOOD][:KEEP_GOOD]
        self._kept = [one for one in self._kept if one in good or one is self._kept[0]]

    def _event(self, event: Event, reason: str = "") -> None:
        standing = self._now
        if self.idle:
            return
        before = standing.probation
        standing.probation = after = step(before, event, alone=not self._kept)
        if after.stage in OUT:
            self._ledger.note(standing.version, STATUS[after.stage], reason)
            self.rolled_back = standing.version
            self._now = self._kept.pop(0) if self._kept else self._idle
            self._now.signs = Signs()
            self._ledger.use(self._now.version)
        elif after.stage is not before.stage:
            if after.stage in STATUS:
                self._ledger.note(standing.version, STATUS[after.stage], reason)
        elif event is Event.DOUBT:
            standing.signs = Signs()

    def _restore(self, restored: Restored) -> None:
        self._begun = True
        good = Probation(Stage.GOOD)
        self._kept = [Standing(loaded, good) for loaded in restored.kept]
        if restored.in_use is not None:
            entry = self._ledger.entry(restored.in_use.policy.version)
            known = entry is not None and entry.status == STATUS[Stage.GOOD]
            self._now = Standing(restored.in_use, good if known else Probation(Stage.CANARY))
        elif self._kept:
            self._now = self._kept.pop(0)
        self._ledger.use(self._now.version)


_NO_RNG = np.random.default_rng(0)
"""Never drawn from: `decide` is deterministic here."""


def _alike(a: PolicyOutput, b: PolicyOutput) -> bool:
    tools = [int(output.tool_logits[0].argmax()) for output in (a, b)]
    if tools[0] != tools[1]:
        return False
    return bool(np.abs(a.param_mean[0, tools[0]] - b.param_mean[0, tools[0]]).max() <= AGREES)
