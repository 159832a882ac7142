"""Draws the guard's state machine as a Mermaid diagram, by asking it: `python -m robot_agent.guard.draw`.

Every mode is put into every situation; what comes out are the arrows. docs/guard.md holds the drawing.
"""

from __future__ import annotations

from robot_agent.frames import Mode
from robot_agent.guard.machine import (
    ARMING_TICKS,
    DECELERATE_AGE,
    HOLD_AGE,
    Inputs,
    Latch,
    Memory,
    step,
)

_LATCHED = {
    "the tick fails": Inputs(failed=True),
    "a fault is latched": Inputs(Latch.FAULT),
    "a stop is latched": Inputs(Latch.STOPPED),
    "released, not resumed": Inputs(Latch.RELEASED),
}
_CLEAR = {
    "fresh action": Inputs(age=0),
    f"action older than {DECELERATE_AGE} ticks": Inputs(age=DECELERATE_AGE + 1),
    f"action older than {HOLD_AGE} ticks or none": Inputs(),
    "a person takes the motion": Inputs(teleop=True),
}


def mermaid() -> str:
    """The diagram's text."""
    lines = ["stateDiagram-v2", "    [*] --> BOOT", '    state "any mode" as any']
    for words, inputs in _LATCHED.items():
        (then,) = {_next(mode, inputs) for mode in Mode}
        lines.append(f"    any --> {then.name}: {words}")
    for mode in Mode:
        arrows: dict[Mode, list[str]] = {}
        for words, inputs in _CLEAR.items():
            then = _next(mode, inputs)
            if then is not mode:
                arrows.setdefault(then, []).append(words)
        for then, causes in arrows.items():
            words = "clear to move" if len(causes) == len(_CLEAR) else " or ".join(causes)
            held = f"held for {ARMING_TICKS} ticks, " if mode is Mode.ARMING else ""
            lines.append(f"    {mode.name} --> {then.name}: {held}{words}")
    return "\n".join(lines) + "\n"


def _next(mode: Mode, inputs: Inputs) -> Mode:
    return step(Memory(mode, ARMING_TICKS), inputs)[0].mode


if __name__ == "__main__":
    print(mermaid(), end="")
