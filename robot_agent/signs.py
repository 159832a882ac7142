"""Signs that a policy is ill, from what it answers and from what became of its decisions.

Each sign has a threshold that a trained policy never comes near (docs/policies.md gives the figures).
"""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robot_agent.frames import GuardState, Mode, Record
from robot_agent.inference import MAX_LATENCY_MS, check_numbers
from shared.control.pilot import USED_PARAMS, PolicyOutput
from shared.errors import PolicyError
from shared.messages import END_REASONS
from shared.spaces import TICK_S
from shared.tools import TOOLS

F32 = NDArray[np.float32]

STATES = 50
"""Evaluations that are looked at together: a second."""
SATURATED = 0.5
"""Share of them whose most likely action lies outside its range."""
SLOW = 0.2
"""Share of them that took more processor time than half a tick."""
EARLY = 10
"""Evaluations after which saturation and slowness are judged."""
DECISIONS = 200
"""Decisions that are looked at together."""
VIOLATING = 0.01
"""Share of them whose proposal broke a limit; one alone is no share."""
VIOLATING_REDUCED = 0.05
"""The same at reduced limits, where the robot lags behind and a sound motion may begin from an odd pose."""
LIMITED = 0.5
"""Share of their ticks on which the limiter had to change what was asked for; judged at full limits only."""
LIMITED_TICKS = 50
"""Ticks after which that is judged."""
EXTREME = 0.9
"""Of a parameter's range; beyond it the robot is asked for nearly all that the tool can do."""
EXTREMES = 8
"""Decisions in a row that ask one and the same tool for an extreme..."""
REVERSALS = 3
"""... and so many times for the opposite one."""
SILENCES = 3
"""Times that the guard had to decelerate because no answer came..."""
SILENCE_S = 10.0
"""... within so long [s]..."""
HEAVY_MS = 5.0
"""... of a policy whose slowest of the last evaluations took more processor time than this [ms]; if all are
quick, it is the machine that is busy with something else."""
ANOMALIES = 3
"""Anomalies in the observations..."""
ANOMALY_S = 30.0
"""... within so long [s]."""


@dataclass(frozen=True)
class Played:
    """What a record says about its decision."""

    violating: bool
    limited_ticks: int
    n_ticks: int
    full: bool
    """At full limits."""


class Signs:
    """One policy's. Every method gives the reason why it must not be used any longer, or an empty text."""

    def __init__(self) -> None:
        self._saturated: deque[bool] = deque(maxlen=STATES)
        self._cpu_ms: deque[float] = deque(maxlen=STATES)
        self._played: deque[Played] = deque(maxlen=DECISIONS)
        self._silences: deque[int] = deque(maxlen=SILENCES)
        self._anomalies: deque[int] = deque(maxlen=ANOMALIES)
        self._sides: deque[NDArray[np.int8]] = deque(maxlen=EXTREMES)
        self._tool = -1
        self._mode, self._full = Mode.BOOT, False

    def answered(self, output: PolicyOutput, cpu_s: float) -> str:
        """It answered one state with `output`, in so much processor time."""
        try:
            check_numbers(output)
        except PolicyError as error:
            return str(error)
        tool = int(output.tool_logits[0].argmax())
        outside = np.abs(output.param_mean[0, tool]) > 1.0
        self._saturated.append(bool((outside & USED_PARAMS[tool]).any()))
        self._cpu_ms.append(cpu_s * 1e3)
        if len(self._saturated) < EARLY:
            return ""
        if (share := float(np.mean(self._saturated))) > SATURATED:
            return f"saturation: {share:.0%} of its answers lie outside the range of their tool"
        if (share := float(np.mean(np.array(self._cpu_ms) > MAX_LATENCY_MS))) > SLOW:
            return f"overrun: {share:.0%} of its answers took more than {MAX_LATENCY_MS:.0f} ms"
        return ""

    def decided(self, tool: int, mean: F32) -> str:
        """It chose this tool; `mean`, (4,), are the parameters before sampling."""
        side = np.where(USED_PARAMS[tool] & (np.abs(mean) > EXTREME), np.sign(mean), 0.0).astype(np.int8)
        if tool != self._tool or not side.any():
            self._sides.clear()
        self._tool = tool
        self._sides.append(side)
        reversals = sum(bool((a * b == -1).any()) for a, b in itertools.pairwise(self._sides))
        if len(self._sides) == EXTREMES and reversals >= REVERSALS:
            return (
                f"oscillation: {TOOLS[tool].name} from one extreme to the other, {reversals} times in a row"
            )
        return ""

    def played(self, record: Record) -> str:
        """A decision of its own came to its end."""
        self._played.append(Played(record.violations > 0, record.limited_ticks, record.n_ticks, self._full))
        for full, share in ((True, VIOLATING), (False, VIOLATING_REDUCED)):
            played = [one for one in self._played if one.full or not full]
            violating = sum(one.violating for one in played)
            if violating >= max(2.0, share * len(played)):
                return f"violations: {violating} of its last {len(played)} proposals broke a limit"
        at_full = [one for one in self._played if one.full]
        ticks = sum(one.n_ticks for one in at_full)
        limited = sum(one.limited_ticks for one in at_full)
        if ticks >= LIMITED_TICKS and limited > LIMITED * ticks:
            return f"limits: {limited / ticks:.0%} of its motion had to be limited"
        return ""

    def saw(self, state: GuardState) -> str:
        """The guard published a state while it was in use."""
        before, self._mode = self._mode, Mode(state.mode)
        self._full = state.limits_profile >= 1.0
        silent = self._mode is Mode.FALLBACK and before is Mode.ACTIVE
        if (
            silent
            and max(self._cpu_ms, default=0.0) > HEAVY_MS
            and _burst(self._silences, state.state_seq, SILENCE_S)
        ):
            return f"silence: the guard had to decelerate {SILENCES} times within {SILENCE_S:.0f} s"
        return ""

    def anomaly(self, state: GuardState, kind: str) -> str:
        """What it observed was unlike its training."""
        if _burst(self._anomalies, state.state_seq, ANOMALY_S):
            return f"anomalies: {ANOMALIES} within {ANOMALY_S:.0f} s, the last one {kind}"
        return ""


def _burst(times: deque[int], now: int, within_s: float) -> bool:
    """Note one more at this tick; whether the deque is full of ones not older than `within_s`."""
    times.append(now)
    return len(times) == times.maxlen and (now - times[0]) * TICK_S <= within_s


def counts(record: Record) -> bool:
    """Whether a record is of a decision that was played to its end."""
    return END_REASONS[record.end_reason] == "completed"
