"""What a person saw: an instruction, what the robot did about it, and how that went.

Motion is drawn at the magnitudes of simulated decisions. `MOTION` was measured on 3,599 decisions of
`sim.vector.VectorEnv` (look, nod and shake, 60 environments, seed 1) with uniformly drawn tools and
parameters, through `learner.reward.feedback.motion`; only these summaries are kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from learner.reward.data.corpus.tasks import ASKS, Ask
from learner.reward.model import Context, Outcome
from shared.spaces import TICK_S
from shared.tools import TOOL_INDEX, TOOLS, Tool
from sim.things import THINGS

Way = Literal["", "left", "right", "up", "down"]
OPPOSITE: dict[Way, Way] = {"left": "right", "right": "left", "up": "down", "down": "up", "": ""}
OBJECTS = tuple(thing.name for thing in THINGS)


@dataclass(frozen=True)
class Motion:
    """How a tool moves in simulation, over all its parameters."""

    low_deg: float
    """10th percentile of the greatest excursion of any joint."""
    high_deg: float
    """90th percentile of the same."""
    pace_1_s: float
    """Median of greatest speed over greatest excursion."""
    way_deg: float
    """Standard deviation of how far the head turned (or, for pitching tools, rose); 0 = it comes back."""


MOTION: dict[str, Motion] = {
    "wait": Motion(0.1, 1.0, 7.1, 0.0),
    "look": Motion(9.5, 24.0, 4.9, 30.6),
    "turn_head": Motion(0.3, 3.5, 9.3, 4.0),
    "pitch_head": Motion(0.4, 4.2, 9.4, 2.5),
    "roll_head": Motion(0.4, 3.9, 9.4, 0.0),
    "move_head": Motion(1.5, 9.2, 9.8, 0.0),
    "track": Motion(7.5, 24.9, 2.9, 25.0),
    "turn_body": Motion(1.9, 17.8, 5.0, 11.2),
    "nod": Motion(2.5, 15.8, 6.1, 0.0),
    "shake": Motion(2.1, 12.3, 6.2, 0.0),
    "wobble": Motion(3.2, 15.8, 6.1, 0.0),
    "bob": Motion(3.2, 14.8, 5.9, 0.0),
    "sway": Motion(5.6, 11.3, 5.2, 0.0),
    "wave_antennas": Motion(13.2, 42.0, 5.2, 0.0),
    "set_antennas": Motion(24.3, 81.8, 3.1, 0.0),
    "run_made": Motion(7.0, 43.9, 3.0, 0.0),
    "scan": Motion(1.5, 12.0, 4.3, 4.9),
    "take_photo": Motion(0.1, 1.0, 7.1, 0.0),
    "say": Motion(0.1, 1.0, 7.1, 0.0),
    "go_home": Motion(4.5, 26.6, 2.4, 16.5),
}

BODY = (0.5, 5.0)
"""Other bodies, other limits: excursions are drawn from half to five times the simulated ones, ..."""
PACE = (0.35, 2.8)
"""... and speeds from a third to almost three times as fast for the same excursion."""
_UPRIGHT = ("up", "down")
STEERING: dict[tuple[str, bool], tuple[int, float]] = {
    ("look", False): (0, -1.0),
    ("look", True): (1, -1.0),
    ("turn_head", False): (0, 1.0),
    ("turn_body", False): (0, 1.0),
    ("scan", False): (0, 1.0),
    ("pitch_head", True): (0, -1.0),
    ("track", False): (2, -1.0),
    ("track", True): (3, -1.0),
}
"""(tool, up or down?) -> which parameter decides, and its sign for left or up."""
SEEN_DEG = 5.0
"""A turn that is one goes at least this far."""
ROLL_DEG = 6.0
"""Standard deviation of how far the head rolled, of `roll_head`; the simulated one is 2.3."""
RIGHT_SHARE = 0.55
"""Of the scenes, in how many the robot does what it was asked."""
NOTHING_SHARE = 0.06
"""Asked for nothing: the robot moves by itself."""
OUTCOMES: dict[bool, tuple[tuple[Outcome, float], ...]] = {
    True: (("success", 0.65), ("running", 0.35)),
    False: (("failure", 0.6), ("running", 0.25), ("truncated", 0.15)),
}
"""How an episode stands after doing right and after doing wrong."""


@dataclass(frozen=True)
class Scene:
    """A context, and what was meant and done behind it."""

    context: Context
    ask: Ask | None
    """None = nothing was asked."""
    wanted: str
    """The object that was asked for; "" = none."""
    seen: str
    """The object that it looked at in the end; "" = none."""
    way_asked: Way
    way_gone: Way
    right: bool
    """It did what was asked (True also where nothing was)."""


def draw_scene(rng: np.random.Generator, task: str | None = None, tool: str | None = None) -> Scene:
    """A scene of any task, or of the one named; with a tool, one in which the robot used it."""
    asks = [a for a in ASKS if (task is None or a.task == task) and (tool is None or tool in a.tools)]
    if not asks:
        asks = [a for a in ASKS if task is None or a.task == task]
    ask = None if task is None and rng.random() < NOTHING_SHARE else asks[rng.integers(len(asks))]
    right = ask is None or bool(rng.random() < RIGHT_SHARE)
    wanted = str(rng.choice(OBJECTS)) if ask and "{object}" in ask.text else ""
    used = _tool(rng, ask, right, tool)
    way_asked: Way = ask.way if ask else ""
    misdirected = not right and ask is not None and used in ask.tools
    way_gone = _way(rng, used, way_asked, misdirected)
    seen = _seen(rng, ask, used, wanted, right)
    states = OUTCOMES[right]
    outcome = states[int(rng.choice(len(states), p=[share for _, share in states]))][0]
    instruction = ask.text.format(object=wanted) if ask else ""
    context = _moved(
        rng, TOOLS[TOOL_INDEX[used]], way_gone, instruction=instruction, outcome=outcome, seen=seen
    )
    return Scene(context, ask, wanted, seen, way_asked, way_gone, right)


def _tool(rng: np.random.Generator, ask: Ask | None, right: bool, tool: str | None) -> str:
    if tool is not None:
        return tool
    if ask is None:
        return str(rng.choice(list(TOOL_INDEX)))
    # Looking at the wrong thing or turning the wrong way is as common as the wrong motion altogether.
    if right or ((ask.way or "{object}" in ask.text) and rng.random() < 0.7):
        return str(rng.choice(ask.tools))
    return str(rng.choice([name for name in TOOL_INDEX if name not in ask.tools]))


def _way(rng: np.random.Generator, tool: str, asked: Way, misdirected: bool) -> Way:
    if MOTION[tool].way_deg == 0.0:
        return ""
    if asked:
        return OPPOSITE[asked] if misdirected else asked
    if tool == "pitch_head":
        return "up" if rng.random() < 0.5 else "down"
    return "left" if rng.random() < 0.5 else "right"


def _seen(rng: np.random.Generator, ask: Ask | None, tool: str, wanted: str, right: bool) -> str:
    if wanted:
        if right:
            return wanted
        if tool in ("look", "turn_head", "turn_body", "scan") and rng.random() < 0.8:
            return str(rng.choice([name for name in OBJECTS if name != wanted]))
        return ""
    return str(rng.choice(OBJECTS)) if rng.random() < 0.25 else ""


def _moved(
    rng: np.random.Generator, tool: Tool, way: Way, *, instruction: str, outcome: Outcome, seen: str
) -> Context:
    measured = MOTION[tool.name]
    span = measured.low_deg * (measured.high_deg / measured.low_deg) ** rng.random()
    if tool.name != "wait":
        span = min(span * _between(rng, *BODY), 120.0)
    swing = max(SEEN_DEG, abs(rng.normal(0.0, max(measured.way_deg, 4.0)))) if way else 0.0
    signed = swing if way in ("left", "up") else -swing
    sideways, upwards = (0.0, signed) if way in _UPRIGHT else (signed, 0.0)
    span = max(span, 0.5 * swing)  # the measured joints move about half as far as the head turns
    speed = span * measured.pace_1_s * _between(rng, *PACE)
    wobble = rng.normal(0.0, 0.8, 3)
    tilt = rng.normal(0.0, ROLL_DEG) if tool.name == "roll_head" else wobble[2]
    raw = rng.uniform(-1.0, 1.0, len(tool.params))
    if way and (tool.name, way in _UPRIGHT) in STEERING:
        at, sign = STEERING[tool.name, way in _UPRIGHT]
        raw[at] = math.copysign(raw[at], sign * signed)
    params = tuple(round(p.physical(float(value)), 2) for p, value in zip(tool.params, raw, strict=True))
    before = str(rng.choice(OBJECTS)) if rng.random() < 0.3 else ""
    longer = 1.0 if rng.random() < 0.7 else _between(rng, 1.0, 4.0)
    return Context(
        instruction=instruction,
        tool=tool.name,
        params=params,
        gaze_before=before,
        gaze_after=seen,
        turned_deg=round(float(sideways + wobble[0]), 1),
        raised_deg=round(float(upwards + wobble[1]), 1),
        rolled_deg=round(float(tilt), 1),
        range_deg=round(float(span), 1),
        speed_deg_s=round(float(speed), 1),
        duration_s=round(tool.ticks * TICK_S * longer, 2),
        outcome=outcome,
    )


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Log-uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))
