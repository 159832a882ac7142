"""`reachy-coach bench hang`: from the instant at which a policy hangs to the guard that follows it no more.

Real processes on the MuJoCo body in real time, a policy that plays decisions, and one fault after the other:
the process is stopped, computes without letting go of the GIL, takes long for one inference, or repeats its
last answer for ever; and it is stopped just after the wall clock was set an hour on or back.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from robot_agent.bench_faults import GIL_SIGNAL, Fault, Orders
from robot_agent.bench_rig import ANSWER_S, LOOK_S, Rig, in_time, percentiles, rig
from robot_agent.frames import Mode
from shared.spaces import TICK_S

FAULTY = ("-m", "robot_agent.bench_faults")
LENGTH_S = 0.5
"""How long a fault lasts: well past the end of the decision in force."""
WATCHED_S = 0.36
"""So long the guard is watched at least, to see its setpoint come to rest."""
CALM_TICKS = 10
"""So long the guard is watched before and after a step of the clock."""
CLOCK_STEP_S = 3600.0
SILENT = (Mode.FALLBACK, Mode.SAFE_HOLD)


@dataclass(frozen=True)
class Reaction:
    """What the guard did, from the instant of the fault on."""

    decelerates_s: float
    """It shows that it follows no more: that tick's setpoint brakes."""
    holds_s: float
    """It shows that it has ended the decision."""
    rests_s: float
    """Its last setpoint that moved; 0 if none did."""
    nominal: bool
    """All of its ticks began in time: what machine and system did to it meanwhile is not in these figures."""


class _Unrelated(Exception):
    """The guard left ACTIVE before the fault began: the machine was busy."""


def bench_hang(trials: int = 1000) -> dict[str, Any]:
    """Let a policy hang again and again.

    Args:
        trials: in all; spread evenly over the faults.

    Returns:
        Percentiles [ms] by fault and of all, and what was missed.
    """
    rng = np.random.default_rng(0)
    each = -(-trials // len(FAULTS))
    found: dict[str, list[Reaction]] = {}
    missed: dict[str, int] = {}
    with in_time() as priority, rig(FAULTY) as agent:
        injected = _Injected(agent, rng)
        for name, fault in FAULTS.items():
            reactions = [injected.do(fault) for _ in range(each)]
            found[name] = [reaction for reaction in reactions if reaction is not None]
            missed[name] = each - len(found[name])
    every = [reaction for these in found.values() for reaction in these]
    nominal = [reaction for reaction in every if reaction.nominal]
    return {
        "trials": each * len(FAULTS),
        "missed": sum(missed.values()),
        "all": _figures(every),
        "where_no_tick_of_the_guard_was_late": {"trials": len(nominal)} | _figures(nominal),
        "by_fault": {name: {"missed": missed[name]} | _figures(found[name]) for name in FAULTS},
        "clock": {
            "step_s": CLOCK_STEP_S,
            "left_active_after_a_step": injected.confused,
            "left_active_in_as_long_before": injected.disturbed,
        },
        "repeated": injected.repeated,
        "bench_blind_max_ms": round(agent.blind_s * 1e3, 2),
        "bench_priority": priority,
        "load_average": round(os.getloadavg()[0], 2),
        "body": "mujoco, real time",
    }


class _Injected:
    """An agent with faults.

    Args:
        agent: runs with `FAULTY`.
        rng: of the instants.
    """

    def __init__(self, agent: Rig, rng: np.random.Generator) -> None:
        self._agent, self._rng = agent, rng
        self._orders = Orders(agent.config.runtime.folder)
        self._policy = agent.processes["policy"]
        self._clock_s = 0.0
        self.confused = self.disturbed = 0
        """Steps of the clock with, in the ticks after and before, a mode other than ACTIVE."""
        self.repeated = 0
        """Trials that were done again, because the guard had left ACTIVE for another reason."""

    def do(self, fault: Callable[[_Injected], Reaction | None]) -> Reaction | None:
        """The guard's reaction to this fault; None if there is none."""
        while True:
            try:
                return fault(self)
            except _Unrelated:
                self.repeated += 1
                time.sleep(2.0 * LENGTH_S)  # the fault goes by

    def stopped(self) -> Reaction | None:
        """The process does nothing any more."""
        self._begin()
        return self._stop()

    def gil(self) -> Reaction | None:
        """It computes, and lets no other thread of its own run."""
        self._begin()
        self._order(Fault.GIL)
        self._policy.send_signal(GIL_SIGNAL)
        return self._watch(lambda: self._orders.began_s("policy"))

    def slow(self) -> Reaction | None:
        """One inference takes long."""
        self._begin()
        self._order(Fault.SLOW)
        return self._watch(lambda: self._orders.began_s("policy"))

    def replayed(self) -> Reaction | None:
        """Every state is answered, with the same old frame."""
        self._begin()
        self._order(Fault.REPLAY)
        return self._watch(lambda: self._orders.began_s("policy"))

    def clock(self) -> Reaction | None:
        """The wall clock steps and nothing happens; then the process is stopped."""
        self._begin()
        self.disturbed += self._leaves_active()
        self._clock_s = CLOCK_STEP_S if self._clock_s <= 0.0 else -CLOCK_STEP_S
        self._order(Fault.CLOCK)
        self.confused += self._leaves_active()
        if self._orders.began_s("guard") is None:
            raise TimeoutError("the guard did not look at the clock that was set")
        return self._stop()

    def _begin(self) -> None:
        """Wait until the policy is followed, and then for any instant of the tick."""
        deadline = time.monotonic() + ANSWER_S
        while (state := self._agent.state()).mode != Mode.ACTIVE:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the policy is not followed: {Mode(state.mode).name} {state.fault}")
            time.sleep(0.002)
        time.sleep(self._rng.uniform(TICK_S, 3.0 * TICK_S))

    def _order(self, fault: Fault) -> None:
        self._orders.give(fault, LENGTH_S, self._clock_s)

    def _stop(self) -> Reaction | None:
        began_s = time.monotonic()
        self._policy.send_signal(signal.SIGSTOP)
        try:
            return self._watch(lambda: began_s)
        finally:
            self._policy.send_signal(signal.SIGCONT)

    def _leaves_active(self) -> bool:
        end_s, left = time.monotonic() + CALM_TICKS * TICK_S, False
        while time.monotonic() < end_s:
            left = left or self._agent.state().mode != Mode.ACTIVE
            time.sleep(0.25 * TICK_S)
        return left

    def _watch(self, instant: Callable[[], float | None]) -> Reaction | None:
        """The guard's reaction to a fault that is there, or will be in a moment; None if there is none.

        Raises:
            _Unrelated: it reacted before.
            TimeoutError: the fault does not begin.
        """
        states, asked_s, first = self._agent.states, time.monotonic(), self._agent.state()
        seq, target, late = states.seq(), first.target, first.late_ticks
        decelerates_s = holds_s = rests_s = 0.0
        began_s, looked_s = None, asked_s
        while (now := time.monotonic()) < asked_s + ANSWER_S:
            if holds_s and began_s is not None and now >= began_s + WATCHED_S:
                break
            self._agent.blind_s, looked_s = max(self._agent.blind_s, now - looked_s), now
            began_s = began_s or instant()
            if states.seq() != seq:
                seq, state = states.seq(), self._agent.state()
                if not np.array_equal(state.target, target):
                    rests_s, target = now, state.target
                if began_s is None and state.mode != Mode.ACTIVE:
                    raise _Unrelated
                late = state.late_ticks
                decelerates_s = decelerates_s or (now if state.mode in SILENT else 0.0)
                holds_s = holds_s or (now if state.mode == Mode.SAFE_HOLD else 0.0)
            time.sleep(LOOK_S)
        if began_s is None:
            raise TimeoutError("the fault did not begin")
        if not decelerates_s or not holds_s:
            return None
        nominal = late == first.late_ticks
        return Reaction(decelerates_s - began_s, holds_s - began_s, max(0.0, rests_s - began_s), nominal)


FAULTS: dict[str, Callable[[_Injected], Reaction | None]] = {
    "process stopped": _Injected.stopped,
    "GIL held": _Injected.gil,
    "slow inference": _Injected.slow,
    "stale action replayed": _Injected.replayed,
    "stopped after a clock step": _Injected.clock,
}


def _figures(found: Sequence[Reaction]) -> dict[str, float]:
    figures = percentiles([one.decelerates_s for one in found], "fault_to_deceleration")
    figures |= percentiles([one.holds_s for one in found], "fault_to_hold")
    return figures | percentiles([one.rests_s for one in found], "fault_to_setpoint_at_rest")
